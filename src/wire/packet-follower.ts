/**
 * Walks packet headers through a stream that is cut into chunks anywhere, with two integers of state: how much of
 * the current payload is still to come, and what was seen of a header that a chunk's end cut in two. It keeps no
 * bytes, so a packet of 16 MiB costs it no more than one of 16 bytes.
 *
 * The caller alternates `enter` (between packets) and `pass` (inside one).
 */
import { FULL_PAYLOAD, HEADER_BYTES } from './packet-header.js';

/** Position in a stream of packets. */
export class PacketFollower {
  /** Payload bytes of the current packet still to come. */
  #left = 0;
  /** Bytes of a cut header, the first in the lowest byte; their count in the top byte. */
  #cut = 0;
  /** Payload length of the packet entered last. */
  length = 0;
  /** Sequence id of the packet entered last. */
  sequence = 0;

  /** Payload bytes of the current packet still to come. */
  get left(): number {
    return this.#left;
  }

  /** Whether a header has begun and not ended. */
  get isInHeader(): boolean {
    return this.#cut !== 0;
  }

  /** Whether the packet entered last is continued by the next one. */
  get isContinued(): boolean {
    return this.length === FULL_PAYLOAD;
  }

  /**
   * Reads a header beginning (or going on) at `at`.
   *
   * @returns the position of the payload's first byte, or −1 when the chunk ended before the header did.
   */
  enter(chunk: Uint8Array, at: number, end: number): number {
    if (this.#cut === 0 && end - at >= HEADER_BYTES) {
      this.length = chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16);
      this.sequence = chunk[at + 3]!;
      this.#left = this.length;
      return at + HEADER_BYTES;
    }
    return this.#enterCut(chunk, at, end);
  }

  /** Passes over payload. @returns the position after it, `end` at most. */
  pass(at: number, end: number): number {
    const count = Math.min(this.#left, end - at);
    this.#left -= count;
    return at + count;
  }

  #enterCut(chunk: Uint8Array, start: number, end: number): number {
    let count = this.#cut >>> 24;
    let value = this.#cut & 0xff_ff_ff;
    let at = start;
    while (at < end && count < 3) {
      value |= chunk[at++]! << (8 * count++);
    }
    if (at === end) {
      this.#cut = (count << 24) | value;
      return -1;
    }
    this.#cut = 0;
    this.length = value;
    this.#left = value;
    this.sequence = chunk[at]!;
    return at + 1;
  }
}
