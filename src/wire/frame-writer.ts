/** Frames pieces of a stream, each piece's frames numbered on from where the caller says. */
import { printFrame } from './compressed-frame.js';
import { nextSequence } from './packet-header.js';

/** Contents of a frame: what is compressed in one go, and so for how long all other connections wait. */
const CONTENTS_BYTES_MAX = 64 * 1024;

/** Gathers the frames of one write. */
export class FrameWriter {
  #frames: Uint8Array[] = [];
  /** Sequence id of the frame printed last. */
  #sequence = 0;
  #next = 0;

  /** Sequence id of the frame printed last. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The next frame has this sequence id. */
  restart(sequence: number): void {
    this.#next = sequence;
  }

  /** Frames `bytes` from `start` to `end`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at += CONTENTS_BYTES_MAX) {
      this.#sequence = this.#next;
      this.#next = nextSequence(this.#next);
      this.#frames.push(
        printFrame(this.#sequence, bytes.subarray(at, Math.min(end, at + CONTENTS_BYTES_MAX))),
      );
    }
  }

  /** Takes out what was framed. */
  take(): readonly Uint8Array[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }
}
