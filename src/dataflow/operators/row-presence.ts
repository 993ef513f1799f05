/**
 * Left rows that have a match, or none, where a residual condition takes part: for semi, anti and left joins. Holds
 * for each left row l its weight L(l) and M(l), the summed weight of the pairs that l is in and that passed: l has a
 * match if M(l) > 0, and the epoch's pairs say how M changes.
 */
import { assert } from '../../base/assert.js';
import type { ArrangedDelta } from '../arranged-delta.js';
import { ROW_WORDS } from '../state/arrangement.js';
import { HashSlots } from '../state/hash-slots.js';
import { hashWords, sameWords } from '../state/hash-words.js';
import { PAGE_MASK, PAGE_SHIFT, WordArena } from '../state/word-arena.js';
import type { Pairs } from './join-pairs.js';
import type { PresentRows } from './key-presence.js';

// A record: [arena's word, hash, weight, place among the touched + 1, matches (a double), row words …]
const HASH = 1;
const WEIGHT = 2;
const PLACE = 3;
const MATCHES = 4;
/** Where the packed row begins in a record. */
export const RECORD_WORDS = 6;
const ROWS_AT_ONCE = 8192;

/** Matches of left rows. */
export class RowPresence {
  readonly #wantsMatch: boolean;
  readonly #slots = new HashSlots();
  readonly #arena = new WordArena();
  /** Records that the epoch changes, and by how much. */
  #touched = new Int32Array(64);
  #weightChanges = new Float64Array(64);
  #matchChanges = new Float64Array(64);
  #touchedCount = 0;
  #at = 0;
  readonly #references = new Int32Array(2 * ROWS_AT_ONCE);
  readonly #weights = new Int32Array(2 * ROWS_AT_ONCE);
  #rows = 0;

  /** @param wantsMatch - whether rows with a match are wanted, or those without. */
  constructor(wantsMatch: boolean) {
    this.#wantsMatch = wantsMatch;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes of memory. */
  get size(): number {
    return this.#arena.size + this.#slots.size;
  }

  /** Where the rows lie that {@link next} gives. */
  get arena(): WordArena {
    return this.#arena;
  }

  /** Begins an epoch; forgets one that was given up. */
  begin(left: ArrangedDelta): void {
    this.#forget();
    const { keys, packed, weights } = left;
    for (let row = 0; row < left.rows; row++) {
      // A row without a key has no match ever.
      if (!keys.hasKey(row)) continue;
      this.#weightChanges[this.#touch(packed.words, packed.offsets[row]!, packed.offsets[row + 1]!)]! +=
        weights[row]!;
    }
  }

  /** Counts pairs that passed the residual condition. */
  count(left: ArrangedDelta, pairs: Pairs): void {
    const { arena } = left.arrangement;
    const { words, offsets } = left.packed;
    for (let i = 0; i < pairs.count; i++) {
      assert(pairs.left.kind !== 'nulls', 'a pair without a left row');
      const reference = pairs.left.references[i]!;
      let place: number;
      if (pairs.left.kind === 'delta')
        place = this.#touch(words, offsets[reference]!, offsets[reference + 1]!);
      else {
        const at = reference & PAGE_MASK;
        const end = at + arena.lengthOf(reference);
        place = this.#touch(arena.pages[reference >>> PAGE_SHIFT]!, at + ROW_WORDS, end);
      }
      this.#matchChanges[place]! += pairs.weights[i]!;
    }
  }

  get isDone(): boolean {
    return this.#at === this.#touchedCount;
  }

  /** Some of the rows that come or go, as addresses of records, and how many were looked at. */
  next(budget: number): { readonly present: PresentRows; readonly rows: number } {
    let count = 0;
    const from = this.#at;
    const to = Math.min(this.#touchedCount, from + Math.min(budget, ROWS_AT_ONCE));
    for (let place = from; place < to; place++) {
      const record = this.#touched[place]!;
      const [weight, matches] = [this.#word(record, WEIGHT), this.#matches(record)];
      const weightAfter = weight + this.#weightChanges[place]!;
      const before = matches > 0 === this.#wantsMatch ? weight : 0;
      const after = matches + this.#matchChanges[place]! > 0 === this.#wantsMatch ? weightAfter : 0;
      if (before === after) continue;
      this.#references[count] = record;
      this.#weights[count++] = after - before;
    }
    this.#at = to;
    const rows: PresentRows['rows'] = { kind: 'state', references: this.#references };
    return { present: { rows, weights: this.#weights, count }, rows: to - from };
  }

  /** Takes the epoch's changes into the state. */
  absorb(): void {
    for (let place = 0; place < this.#touchedCount; place++) {
      const record = this.#touched[place]!;
      const weight = this.#word(record, WEIGHT) + this.#weightChanges[place]!;
      const matches = this.#matches(record) + this.#matchChanges[place]!;
      assert(weight >= 0 && matches >= 0, `a left row of weight ${weight} with ${matches} matches`);
      this.#set(record, WEIGHT, weight);
      this.#arena.doubles[record >>> PAGE_SHIFT]![((record & PAGE_MASK) + MATCHES) / 2] = matches;
    }
    this.#forget();
    this.#compact();
  }

  /** Ends an epoch: drops records of rows that are not there. */
  #forget(): void {
    for (let place = 0; place < this.#touchedCount; place++) {
      const record = this.#touched[place]!;
      this.#set(record, PLACE, 0);
      if (this.#word(record, WEIGHT) !== 0) continue;
      this.#slots.remove(this.#word(record, HASH), record);
      this.#arena.release(record);
      this.#rows--;
    }
    this.#weightChanges.fill(0, 0, this.#touchedCount);
    this.#matchChanges.fill(0, 0, this.#touchedCount);
    this.#touchedCount = 0;
    this.#at = 0;
  }

  /** The place of a row among the touched; a record of weight zero is added if there is none. */
  #touch(words: Int32Array, at: number, end: number): number {
    const hash = hashWords(words, at, end);
    const record = this.#find(hash, words, at, end) || this.#add(hash, words, at, end);
    const known = this.#word(record, PLACE);
    if (known > 0) return known - 1;
    if (this.#touchedCount === this.#touched.length) this.#grow();
    this.#touched[this.#touchedCount] = record;
    this.#set(record, PLACE, ++this.#touchedCount);
    return this.#touchedCount - 1;
  }

  #find(hash: number, words: Int32Array, at: number, end: number): number {
    const slots = this.#slots.segments[hash >>> 24]!;
    const mask = slots.length - 1;
    for (let slot = (hash * 2) & mask; ; slot = (slot + 2) & mask) {
      const record = slots[slot + 1]!;
      if (record === 0) return 0;
      if (slots[slot] !== hash) continue;
      const page = this.#arena.pages[record >>> PAGE_SHIFT]!;
      if (sameWords(words, at, page, (record & PAGE_MASK) + RECORD_WORDS, end - at)) return record;
    }
  }

  #add(hash: number, words: Int32Array, at: number, end: number): number {
    const record = this.#arena.allocate(RECORD_WORDS + end - at, 0);
    const from = record & PAGE_MASK;
    const page = this.#arena.pages[record >>> PAGE_SHIFT]!;
    page[from + HASH] = hash;
    page.set(words.subarray(at, end), from + RECORD_WORDS);
    this.#slots.add(hash, record);
    this.#rows++;
    return record;
  }

  #grow(): void {
    const capacity = this.#touched.length * 2;
    const grown = <A extends Int32Array | Float64Array>(old: A, array: A): A => {
      array.set(old);
      return array;
    };
    this.#touched = grown(this.#touched, new Int32Array(capacity));
    this.#weightChanges = grown(this.#weightChanges, new Float64Array(capacity));
    this.#matchChanges = grown(this.#matchChanges, new Float64Array(capacity));
  }

  #compact(): void {
    for (let page = this.#arena.takeSparsePage(); page !== undefined; page = this.#arena.takeSparsePage()) {
      for (const record of this.#arena.blocksOf(page))
        this.#slots.move(this.#word(record, HASH), record, this.#arena.copy(record));
      this.#arena.dropPage(page);
    }
  }

  #word(record: number, place: number): number {
    return this.#arena.pages[record >>> PAGE_SHIFT]![(record & PAGE_MASK) + place]!;
  }

  #set(record: number, place: number, word: number): void {
    this.#arena.pages[record >>> PAGE_SHIFT]![(record & PAGE_MASK) + place] = word;
  }

  #matches(record: number): number {
    return this.#arena.doubles[record >>> PAGE_SHIFT]![((record & PAGE_MASK) + MATCHES) / 2]!;
  }
}
