/**
 * Reads a packet's payload field by field. Whatever is shorter than it claims is refused with a
 * {@link ProtocolError}; nothing is copied, so what it gives out lives as long as the payload does.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html
 */
import { assert } from '../base/assert.js';
import { fromUtf8 } from '../base/bytes.js';
import { Lenenc } from './length-encoding.js';
import { ProtocolError, type Sender } from './protocol-error.js';

/** A cursor over one payload. */
export class PayloadReader {
  readonly #bytes: Uint8Array;
  readonly #sender: Sender;
  readonly #what: string;
  #at = 0;

  /**
   * @param sender - whose fault malformed bytes are.
   * @param what - the message's name, for the error.
   */
  constructor(payload: Uint8Array, sender: Sender, what: string) {
    this.#bytes = payload;
    this.#sender = sender;
    this.#what = what;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Position of the next byte. */
  get at(): number {
    return this.#at;
  }

  u8(): number {
    this.#need(1);
    return this.#bytes[this.#at++]!;
  }

  u16(): number {
    this.#need(2);
    const at = this.#at;
    this.#at += 2;
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  u24(): number {
    const low = this.u16();
    return low | (this.u8() << 16);
  }

  u32(): number {
    this.#need(4);
    const low = this.u16();
    return (low | (this.u16() << 16)) >>> 0;
  }

  u64(): bigint {
    this.#need(8);
    const low = this.u32();
    return BigInt(low) | (BigInt(this.u32()) << 32n);
  }

  f32(): number {
    return this.#view(4).getFloat32(0, true);
  }

  f64(): number {
    return this.#view(8).getFloat64(0, true);
  }

  /** Reads a byte that must have a certain value. */
  expect(value: number): void {
    const got = this.u8();
    if (got !== value) throw this.malformed(`byte ${this.#at - 1} is ${got}, not ${value}`);
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  /** Goes back over `count` bytes already read. */
  back(count: number): void {
    assert(count <= this.#at, `cannot go back ${count} bytes from ${this.#at}`);
    this.#at -= count;
  }

  /** The next `count` bytes, lent. */
  bytes(count: number): Uint8Array {
    this.#need(count);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Everything that is left, lent. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  /** A length-encoded integer; NULL and the undefined first byte 0xFF are refused. */
  lenencInt(): bigint {
    const first = this.u8();
    if (first < Lenenc.null) return BigInt(first);
    switch (first) {
      case Lenenc.u16:
        return BigInt(this.u16());
      case Lenenc.u24:
        return BigInt(this.u24());
      case Lenenc.u64:
        return this.u64();
      default:
        throw this.malformed(`byte ${this.#at - 1} is ${first} and begins no length-encoded integer`);
    }
  }

  /** A length-encoded string's bytes, lent. */
  lenencBytes(): Uint8Array {
    const length = this.lenencInt();
    if (length > BigInt(this.left)) throw this.malformed(`a string of ${String(length)} bytes exceeds it`);
    return this.bytes(Number(length));
  }

  /** A cell of a text row: a length-encoded string, or null. */
  lenencBytesOrNull(): Uint8Array | null {
    if (this.left > 0 && this.#bytes[this.#at] === Lenenc.null) {
      this.#at++;
      return null;
    }
    return this.lenencBytes();
  }

  lenencText(): string {
    return fromUtf8(this.lenencBytes());
  }

  /** Bytes up to a zero byte, which is passed over; lent. */
  nulBytes(): Uint8Array {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw this.malformed(`the string at byte ${this.#at} does not end`);
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return bytes;
  }

  nulText(): string {
    return fromUtf8(this.nulBytes());
  }

  restText(): string {
    return fromUtf8(this.rest());
  }

  /** Checks that everything was read. */
  end(): void {
    if (this.left > 0) throw this.malformed(`${this.left} bytes too many`);
  }

  /** The error to throw for this payload. */
  malformed(why: string): ProtocolError {
    return new ProtocolError(this.#sender, `malformed ${this.#what}: ${why}`);
  }

  #view(count: number): DataView {
    const bytes = this.bytes(count);
    return new DataView(bytes.buffer, bytes.byteOffset, count);
  }

  #need(count: number): void {
    if (this.left < count) {
      throw this.malformed(`${this.#bytes.length} bytes, ${this.#at + count} needed`);
    }
  }
}
