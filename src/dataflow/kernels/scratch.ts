/**
 * Memory for strings that are made while a row is computed. They are put one behind the other, and forgotten all at
 * once before the next row.
 */
import { LimitError } from '../../base/errors.js';

/** TiDB's `max_allowed_packet` at its default, beyond which its string functions give up. */
const STRING_BYTES_MAX = 64 * 1024 * 1024;

/** Growing memory; who holds a string in it must take `data` after the string is complete. */
export class Scratch {
  data = new Uint8Array(4096);
  /** Where the next byte goes. */
  at = 0;
  readonly #bytesMax: number;

  constructor(bytesMax = STRING_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Adds bytes `start … end` of `data`, which may be this memory itself. */
  put(data: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.at + length > this.data.length) this.#grow(this.at + length);
    const target = this.data;
    const at = this.at;
    if (length <= 32) for (let i = 0; i < length; i++) target[at + i] = data[start + i]!;
    else target.set(data.subarray(start, end), at);
    this.at = at + length;
  }

  /** Adds one byte. */
  putByte(byte: number): void {
    if (this.at === this.data.length) this.#grow(this.at + 1);
    this.data[this.at++] = byte;
  }

  /** Adds a text of ASCII characters. */
  putAscii(text: string): void {
    for (let i = 0; i < text.length; i++) this.putByte(text.charCodeAt(i));
  }

  #grow(needed: number): void {
    if (needed > this.#bytesMax) throw new LimitError(`strings of more than ${this.#bytesMax} bytes`);
    // What has been given out stays in the old memory.
    const grown = new Uint8Array(Math.max(needed, this.data.length * 2));
    grown.set(this.data);
    this.data = grown;
  }
}
