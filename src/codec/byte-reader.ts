/**
 * Reads fixed-width values from bytes and refuses to read beyond their end. For decoders that are not hot; those that
 * are check bounds once and index the array themselves.
 */
import { malformed } from './codec-error.js';

/** A position in bytes that somebody else owns. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.end - this.at;
  }

  /**
   * Moves over `count` bytes and tells where they began.
   *
   * @throws CodecError — when there are fewer.
   */
  skip(count: number): number {
    const from = this.at;
    if (count > this.end - from) malformed(`${count} bytes wanted at ${from}, the end is at ${this.end}`);
    this.at = from + count;
    return from;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }

  /** The next byte without moving over it. @throws CodecError — at the end. */
  peek(): number {
    if (this.at >= this.end) malformed(`a byte wanted at ${this.at}, the end is at ${this.end}`);
    return this.bytes[this.at]!;
  }

  u16le(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  u16be(): number {
    return this.#view.getUint16(this.skip(2), false);
  }

  u32le(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  u64le(): bigint {
    return this.#view.getBigUint64(this.skip(8), true);
  }

  u64be(): bigint {
    return this.#view.getBigUint64(this.skip(8), false);
  }

  f64le(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  /** The next `count` bytes, sharing memory. */
  take(count: number): Uint8Array {
    const from = this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  /** @throws CodecError — when bytes are left over. */
  expectEnd(what: string): void {
    if (this.at !== this.end) malformed(`${this.remaining} bytes after ${what}`);
  }
}
