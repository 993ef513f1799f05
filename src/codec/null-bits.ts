/** The growing bitmap of NULLs that every column builder has. */
import type { NullBits } from './column.js';

/** One bit a row; see {@link NullBits}. */
export class NullBitsBuilder {
  #bits = new Uint32Array(0);
  #hasNulls = false;

  /** Marks a row. */
  set(row: number): void {
    const word = row >>> 5;
    if (word >= this.#bits.length) this.#grow(word + 1);
    this.#bits[word]! |= 1 << (row & 31);
    this.#hasNulls = true;
  }

  /** Unmarks rows `from … to`. */
  clear(from: number, to: number): void {
    if (!this.#hasNulls) return;
    for (let row = from; row < to && row >>> 5 < this.#bits.length; row++) {
      this.#bits[row >>> 5]! &= ~(1 << (row & 31));
    }
  }

  /** The bits of the first `rows` rows, lent until the next change. */
  view(rows: number): NullBits {
    if (!this.#hasNulls) return undefined;
    const words = (rows + 31) >>> 5;
    if (words > this.#bits.length) this.#grow(words);
    return this.#bits;
  }

  /** Gives the bits away and starts anew. */
  take(rows: number): NullBits {
    const bits = this.view(rows);
    if (bits !== undefined) {
      this.#bits = new Uint32Array(0);
      this.#hasNulls = false;
    }
    return bits;
  }

  /** Forgets all marks; keeps the memory. */
  reset(): void {
    if (this.#hasNulls) this.#bits.fill(0);
    this.#hasNulls = false;
  }

  #grow(words: number): void {
    const grown = new Uint32Array(Math.max(words, this.#bits.length * 2, 4));
    grown.set(this.#bits);
    this.#bits = grown;
  }
}
