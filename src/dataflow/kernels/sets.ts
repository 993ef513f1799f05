/** Sets of constants that long IN lists ask. */
import type { Halves } from './i64.js';

/** 64-bit integers as halves, by open addressing. */
export class HalvesSet {
  readonly #lo: Int32Array;
  readonly #hi: Int32Array;
  readonly #used: Uint8Array;
  readonly #mask: number;

  constructor(values: readonly Halves[]) {
    let capacity = 16;
    while (capacity < values.length * 3) capacity *= 2;
    this.#mask = capacity - 1;
    this.#lo = new Int32Array(capacity);
    this.#hi = new Int32Array(capacity);
    this.#used = new Uint8Array(capacity);
    for (const { lo, hi } of values) {
      const slot = this.#slot(lo, hi);
      this.#lo[slot] = lo;
      this.#hi[slot] = hi;
      this.#used[slot] = 1;
    }
  }

  /** Whether the set has the integer. */
  has(lo: number, hi: number): boolean {
    return this.#used[this.#slot(lo, hi)] === 1;
  }

  /** Where the integer is, or the free slot where it would be. */
  #slot(lo: number, hi: number): number {
    const hash = Math.imul(lo, 0x9e3779b1) ^ Math.imul(hi, 0x85ebca77);
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    while (this.#used[slot] === 1 && (this.#lo[slot] !== lo || this.#hi[slot] !== hi))
      slot = (slot + 1) & this.#mask;
    return slot;
  }
}
