/**
 * The first bytes of a message, wherever they lie: in the chunk that holds the whole message, or gathered from the
 * chunks that it was cut into. Enough of them for an OK packet's status and for TiDB's longest refusal of long data.
 */
import { NO_BYTES, asBuffer } from '../base/bytes.js';
import { Lenenc } from './length-encoding.js';

const GATHERED_BYTES = 128;

/** A message's first bytes. One object is used for message after message. */
export class MessageHead {
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #length = 0;
  /** Made when a message is first cut. */
  #gathered: Uint8Array = NO_BYTES;

  /** Bytes known. */
  get length(): number {
    return this.#length;
  }

  /** The message lies in `bytes`, as a whole. They are looked at until the next message, not kept beyond. */
  lie(bytes: Uint8Array, at: number, length: number): void {
    this.#bytes = bytes;
    this.#at = at;
    this.#length = length;
  }

  /** A message begins that will be gathered, or forgets the last one. */
  clear(): void {
    this.#bytes = NO_BYTES;
    this.#at = 0;
    this.#length = 0;
  }

  /** Gathers a piece of the message, as far as it is wanted. */
  gather(chunk: Uint8Array, from: number, to: number): void {
    if (this.#gathered.length === 0) this.#gathered = new Uint8Array(GATHERED_BYTES);
    const gathered = this.#gathered;
    let count = this.#length;
    for (let at = from; at < to && count < GATHERED_BYTES; at++) gathered[count++] = chunk[at]!;
    this.#bytes = gathered;
    this.#length = count;
  }

  /** Only for positions below `length`. */
  u8(at: number): number {
    return this.#bytes[this.#at + at]!;
  }

  /** @see u8 */
  u16(at: number): number {
    return this.u8(at) | (this.u8(at + 1) << 8);
  }

  /** Bytes of the length-encoded integer at a position. */
  lenencBytes(at: number): number {
    switch (this.#bytes[this.#at + at]) {
      case Lenenc.u16:
        return 3;
      case Lenenc.u24:
        return 4;
      case Lenenc.u64:
        return 9;
      default:
        return 1;
    }
  }

  /** The status flags of an OK packet; undefined if it is cut short. */
  okStatus(): number | undefined {
    const status = this.okStatusAt();
    return status + 2 > this.#length ? undefined : this.u16(status);
  }

  /** Where the status flags of an OK packet are, or would be if it were not cut short. */
  okStatusAt(): number {
    const insertId = 1 + this.lenencBytes(1);
    return insertId + this.lenencBytes(insertId);
  }

  /** The status flags of an EOF packet; undefined if it is cut short. */
  eofStatus(): number | undefined {
    return this.#length < 5 ? undefined : this.u16(3);
  }

  /** An ERR packet's number. */
  errno(): number {
    return this.#length < 3 ? 0xffff : this.u16(1);
  }

  /** Its first bytes, at most GATHERED_BYTES; to be looked at at once. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#at + Math.min(this.#length, GATHERED_BYTES));
  }

  /** In latin1. */
  text(): string {
    return asBuffer(this.bytes()).toString('latin1');
  }
}
