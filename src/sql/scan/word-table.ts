/**
 * A set of names that is asked in bytes, without making a string: open addressing over the lower-cased bytes, full
 * bytes compared on a hit. ASCII letters are folded here; the words themselves are given in lower case.
 */
import { utf8 } from '../../base/bytes.js';
import { LOWER } from './byte-class.js';

/** Maps words to their position in the list it was made from. */
export class WordTable {
  readonly #words: readonly Uint8Array[];
  /** Word number + 1 in each slot; 0: empty. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** @param words - distinct, in lower case. */
  constructor(words: readonly string[]) {
    let capacity = 16;
    while (capacity < words.length * 3) capacity *= 2;
    this.#mask = capacity - 1;
    this.#slots = new Int32Array(capacity);
    this.#words = words.map((word) => utf8(word));
    this.#words.forEach((word, index) => {
      let slot = hashOf(word, 0, word.length) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = index + 1;
    });
  }

  /** Number of the word bytes[start, end), compared without regard to ASCII case; −1 if it is not in the table. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = hashOf(bytes, start, end) & this.#mask;
    for (;;) {
      const index = (this.#slots[slot] ?? 0) - 1;
      if (index < 0) return -1;
      const word = this.#words[index];
      if (word !== undefined && isSameWord(word, bytes, start, end)) return index;
      slot = (slot + 1) & this.#mask;
    }
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (LOWER[bytes[i] ?? 0] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

function isSameWord(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let i = 0; i < word.length; i++) {
    if (word[i] !== LOWER[bytes[start + i] ?? 0]) return false;
  }
  return true;
}
