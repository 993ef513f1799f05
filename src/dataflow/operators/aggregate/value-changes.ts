/** The values that an epoch adds to groups and takes from them, sorted by group and value, each once. */
import { type BigValue, type OrderedValue, compareBig } from './ordered-value.js';

/** Words of a change: place, high, low, weight. */
const STRIDE = 4;
const WORDS_KEPT = 1 << 18;
/** Up to so many changes of one group are sorted by insertion. */
const INSERTION_MAX = 24;

/** Changes of values. Written until `settle`, read until `reset`. */
export class ValueChanges {
  #words = new Int32Array(64 * STRIDE);
  #bigs: BigValue[] = [];
  #hasBigs = false;
  #count = 0;
  /** After `settle`: changes in order, and where each place's begin. */
  #order = new Int32Array(0);
  #starts = new Int32Array(1);

  /** Adds a change. */
  add(place: number, { high, low, big }: OrderedValue, weight: number): void {
    const at = this.#count * STRIDE;
    if (at === this.#words.length) {
      const grown = new Int32Array(at * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    const words = this.#words;
    words[at] = place;
    words[at + 1] = high;
    words[at + 2] = low;
    words[at + 3] = weight;
    if (big !== undefined) {
      this.#hasBigs = true;
      this.#bigs[this.#count] = big;
    }
    this.#count++;
  }

  /** Sorts the changes and adds up those of one value; values that come out as they were are left out. */
  settle(places: number): void {
    const count = this.#count;
    if (this.#starts.length <= places) this.#starts = new Int32Array(places + 1 + (places >> 1));
    if (this.#order.length < count) this.#order = new Int32Array(count + (count >> 1));
    const starts = this.#starts.fill(0, 0, places + 1);
    const words = this.#words;
    for (let i = 0; i < count; i++) starts[words[i * STRIDE]! + 1]!++;
    for (let place = 1; place <= places; place++) starts[place]! += starts[place - 1]!;
    for (let i = count - 1; i >= 0; i--) {
      // Counting down from the place's end leaves `starts` shifted by one place; it is shifted back below.
      this.#order[--starts[words[i * STRIDE]! + 1]!] = i;
    }
    let kept = 0;
    for (let place = 0; place < places; place++) {
      const from = starts[place + 1]!;
      const to = place + 1 < places ? starts[place + 2]! : count;
      this.#sort(from, to);
      const keptTo = this.#merge(from, to, kept);
      starts[place] = kept;
      kept = keptTo;
    }
    starts[places] = kept;
  }

  /** Where the changes of a place begin in the order; of the number of places: where they end. */
  start(place: number): number {
    return this.#starts[place]!;
  }

  /** Writes the value of a change to `out`. */
  read(at: number, out: OrderedValue): void {
    const i = this.#order[at]!;
    out.high = this.#words[i * STRIDE + 1]!;
    out.low = this.#words[i * STRIDE + 2]!;
    out.big = this.#hasBigs ? this.#bigs[i] : undefined;
  }

  /** How the value of a change compares with another. */
  compareWith(at: number, { high, low, big }: OrderedValue): number {
    const i = this.#order[at]!;
    const own = this.#words[i * STRIDE + 1]!;
    if (own !== high) return own < high ? -1 : 1;
    const ownLow = this.#words[i * STRIDE + 2]!;
    if (ownLow !== low) return ownLow < low ? -1 : 1;
    return this.#hasBigs ? compareBig(this.#bigs[i], big) : 0;
  }

  /** By how much a change changes its value's count: not zero. */
  weight(at: number): number {
    return this.#words[this.#order[at]! * STRIDE + 3]!;
  }

  reset(): void {
    this.#count = 0;
    this.#bigs = [];
    this.#hasBigs = false;
    // A load should not hold its memory for ever.
    if (this.#words.length > WORDS_KEPT) {
      this.#words = new Int32Array(64 * STRIDE);
      this.#order = new Int32Array(0);
    }
    if (this.#starts.length > WORDS_KEPT) this.#starts = new Int32Array(1);
  }

  #compare(i: number, j: number): number {
    const words = this.#words;
    const [a, b] = [i * STRIDE, j * STRIDE];
    if (words[a + 1] !== words[b + 1]) return words[a + 1]! < words[b + 1]! ? -1 : 1;
    if (words[a + 2] !== words[b + 2]) return words[a + 2]! < words[b + 2]! ? -1 : 1;
    return this.#hasBigs ? compareBig(this.#bigs[i], this.#bigs[j]) : 0;
  }

  #sort(from: number, to: number): void {
    const order = this.#order;
    if (to - from > INSERTION_MAX) {
      order.subarray(from, to).sort((i, j) => this.#compare(i, j));
      return;
    }
    for (let at = from + 1; at < to; at++) {
      const i = order[at]!;
      let hole = at;
      while (hole > from && this.#compare(order[hole - 1]!, i) > 0) {
        order[hole] = order[hole - 1]!;
        hole--;
      }
      order[hole] = i;
    }
  }

  /** Adds up equal values in order[from … to), which go to `target` on; where they end. */
  #merge(from: number, to: number, target: number): number {
    const order = this.#order;
    const words = this.#words;
    let out = target;
    for (let at = from; at < to;) {
      const i = order[at++]!;
      let weight = words[i * STRIDE + 3]!;
      while (at < to && this.#compare(i, order[at]!) === 0) weight += words[order[at++]! * STRIDE + 3]!;
      if (weight === 0) continue;
      words[i * STRIDE + 3] = weight;
      order[out++] = i;
    }
    return out;
  }
}
