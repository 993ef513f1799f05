/**
 * Cuts a compressed stream into frames and unpacks them, one when it is asked for one: a few kilobytes may hold many
 * megabytes. It holds what has arrived of one frame (16 MiB at most) beside the chunk that is being read.
 */
import { inflateSync } from 'node:zlib';
import { NO_BYTES, concatBytes, copyBytes } from '../base/bytes.js';
import { messageOf } from '../base/errors.js';
import { FRAME_HEADER_BYTES } from './compressed-frame.js';
import { ProtocolError, type Sender } from './protocol-error.js';

/** zlib's output is gathered in pieces of this length, however long a frame claims to be. */
const INFLATE_CHUNK_BYTES = 64 * 1024;

/** One frame. */
export interface Frame {
  readonly sequence: number;
  /** Unpacked; the reader's to change and to keep. */
  readonly contents: Uint8Array;
}

/** Reads frames. */
export class FrameReader {
  readonly #sender: Sender;
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  /** Bytes after `#at` without which there cannot be a next frame. */
  #needed = FRAME_HEADER_BYTES;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Adds what arrived. @param chunk - lent. */
  feed(chunk: Uint8Array): void {
    this.#arrived.push(copyBytes(chunk));
    this.#arrivedBytes += chunk.length;
  }

  /** The next whole frame, or undefined when there is none yet. @throws ProtocolError — it cannot be unpacked. */
  next(): Frame | undefined {
    if (this.#bytes.length - this.#at + this.#arrivedBytes < this.#needed) return undefined;
    this.#join();
    const bytes = this.#bytes;
    const at = this.#at;
    const length = uint24(bytes, at);
    this.#needed = FRAME_HEADER_BYTES + length;
    if (bytes.length - at < this.#needed) return undefined;
    const body = bytes.subarray(at + FRAME_HEADER_BYTES, at + this.#needed);
    this.#at += this.#needed;
    this.#needed = FRAME_HEADER_BYTES;
    const unpackedLength = uint24(bytes, at + 4);
    const contents = unpackedLength === 0 ? body : this.#unpack(body, unpackedLength);
    return { sequence: bytes[at + 3] ?? 0, contents };
  }

  #unpack(body: Uint8Array, length: number): Uint8Array {
    let unpacked: Uint8Array;
    try {
      unpacked = inflateSync(body, { maxOutputLength: length, chunkSize: INFLATE_CHUNK_BYTES });
    } catch (error) {
      throw new ProtocolError(
        this.#sender,
        `a frame of ${length} bytes cannot be unpacked: ${messageOf(error)}`,
      );
    }
    if (unpacked.length === length) return unpacked;
    throw new ProtocolError(this.#sender, `a frame of ${length} bytes has ${unpacked.length}`);
  }

  #join(): void {
    if (this.#arrived.length === 0) return;
    this.#bytes = concatBytes(this.#bytes.subarray(this.#at), ...this.#arrived);
    this.#at = 0;
    this.#arrived = [];
    this.#arrivedBytes = 0;
  }
}

function uint24(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
}
