/**
 * A growing byte buffer with the fixed-width writes that TiDB's and MySQL's formats need. Keep one per loop and
 * `reset` it: `take` copies out what was written, `view` lends it.
 */
import { asBuffer } from './bytes.js';

/** Growing byte buffer; grows by doubling, so keep an eye on what you keep. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets everything written; keeps the memory. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  /** Cuts back to the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
  }

  u8(value: number): this {
    this.reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  u16le(value: number): this {
    this.reserve(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
    return this;
  }

  u16be(value: number): this {
    this.reserve(2);
    this.#view.setUint16(this.#length, value, false);
    this.#length += 2;
    return this;
  }

  u32le(value: number): this {
    this.reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  u32be(value: number): this {
    this.reserve(4);
    this.#view.setUint32(this.#length, value, false);
    this.#length += 4;
    return this;
  }

  /** Takes the low 64 bits, so signed and unsigned alike. */
  u64le(value: bigint): this {
    this.reserve(8);
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value), true);
    this.#length += 8;
    return this;
  }

  /** Takes the low 64 bits, so signed and unsigned alike. */
  u64be(value: bigint): this {
    this.reserve(8);
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value), false);
    this.#length += 8;
    return this;
  }

  f64be(value: number): this {
    this.reserve(8);
    this.#view.setFloat64(this.#length, value, false);
    this.#length += 8;
    return this;
  }

  f64le(value: number): this {
    this.reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** Text as UTF-8, without a length. */
  utf8(text: string): this {
    const length = Buffer.byteLength(text, 'utf8');
    this.reserve(length);
    asBuffer(this.#bytes).write(text, this.#length, length, 'utf8');
    this.#length += length;
    return this;
  }

  /** `count` times the byte `value`. */
  fill(value: number, count: number): this {
    this.reserve(count);
    this.#bytes.fill(value, this.#length, this.#length + count);
    this.#length += count;
    return this;
  }

  /** Overwrites a byte already written. */
  setU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Overwrites four bytes already written. */
  setU32le(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** What was written, lent until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
