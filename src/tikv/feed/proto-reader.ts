/**
 * Reading protobuf by hand where speed does not matter (region errors), and skipping what is unknown everywhere.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import { fromUtf8 } from '../../base/bytes.js';
import { MalformedEventError } from './feed-errors.js';

/**
 * Position after the field (tag and content) at `at`.
 *
 * @throws MalformedEventError — for groups, field number 0, and what does not end within `end`.
 */
export function skipField(bytes: Uint8Array, at: number, end: number): number {
  const reader = new ProtoReader(bytes, at, end);
  reader.next();
  reader.skip();
  return reader.at;
}

/** Pulls fields out of one message. After {@link next} exactly one of the readers (or `skip`) has to be called. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #wireType = 0;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  /** The number of the next field; undefined at the end. */
  next(): number | undefined {
    if (this.#at === this.#end) return undefined;
    const tag = Number(this.#varint());
    this.#wireType = tag & 7;
    const field = Math.floor(tag / 8);
    if (field === 0 || field > 0x1fff_ffff) throw new MalformedEventError(`field number ${field}`);
    return field;
  }

  uint64(): bigint {
    this.#expect(0);
    return this.#varint();
  }

  /** Lent: a part of what is read. */
  bytes(): Uint8Array {
    this.#expect(2);
    const length = Number(this.#varint());
    if (length > this.#end - this.#at)
      throw new MalformedEventError(`a length of ${length} runs over the end`);
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  string(): string {
    return fromUtf8(this.bytes());
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType)
      throw new MalformedEventError(`wire type ${this.#wireType}, not ${wireType}`);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#at < this.#end ? this.#bytes[this.#at++] : undefined;
      if (byte === undefined) throw new MalformedEventError('a varint runs over the end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedEventError('a varint of more than ten bytes');
  }

  skip(): void {
    switch (this.#wireType) {
      case 0:
        this.uint64();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.bytes();
        return;
      case 5:
        this.#advance(4);
        return;
      default:
        throw new MalformedEventError(`wire type ${this.#wireType}`);
    }
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) throw new MalformedEventError('a field runs over the end');
    this.#at += count;
  }
}
