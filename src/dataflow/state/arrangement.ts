/**
 * An arrangement: the accumulation of a delta stream, indexed by key. For each key a record with the sum of its rows'
 * weights and a chain of its rows; keys and rows are packed words (word-codec.ts) and are compared in full.
 *
 *     key record   [arena's word, hash, first row, rows, weight, is hot, key words …]
 *     row          [arena's word, next, previous or −key record, weight, row words …]
 *
 * Adding a row just prepends it to its chain, so that rows that are the same may lie there more than once; taking one
 * away searches the chain. A key with more than {@link HOT_ROWS} rows becomes *hot*: its rows are found by their own
 * hash and are each there once, so what a change touches is bounded, however many rows have its key.
 *
 * Nothing changes but in `absorb`: whoever shares the arrangement reads the same throughout an epoch.
 *
 * @see McSherry et al., "Shared Arrangements", VLDB 2020
 */
import { assert } from '../../base/assert.js';
import type { KeyBatch } from './key-batch.js';
import { HashSlots } from './hash-slots.js';
import { hashWords, sameWords } from './hash-words.js';
import { PAGE_MASK, PAGE_SHIFT, WordArena } from './word-arena.js';
import type { WordBatch, WordCodec } from './word-codec.js';

const KEY_HASH = 1;
const KEY_FIRST = 2;
const KEY_ROWS = 3;
const KEY_WEIGHT = 4;
const KEY_IS_HOT = 5;
const KEY_WORDS = 6;
const ROW_NEXT = 1;
const ROW_PREVIOUS = 2;
const ROW_WEIGHT = 3;
/** Where the packed row begins in a row's block. */
export const ROW_WORDS = 4;
/** Rows of a key that are searched one by one; half of them make a hot key an ordinary one again. */
export const HOT_ROWS = 32;
/** Tags of blocks. */
const KEY = 0;
const ROW = 1;
const HOT_ROW = 2;
/** The sum of the weights of all rows: it must fit in a word. */
const WEIGHT_MAX = 0x7fff_ffff;
/** Pages moved at the end of an epoch, at most. */
const PAGES_PER_EPOCH = 64;

/** An indexed multiset of rows. */
export class Arrangement {
  readonly rowCodec: WordCodec;
  readonly #arena = new WordArena();
  readonly #keys = new HashSlots();
  /** Rows of hot keys, by their hash: rows that are the same have the same key. */
  readonly #hotRows = new HashSlots();
  #rows = 0;
  #weight = 0;
  #keyCount = 0;
  #rowsTouched = 0;

  /** @param rowCodec - packs the rows that are held. */
  constructor(rowCodec: WordCodec) {
    this.rowCodec = rowCodec;
  }

  /** Rows held; the same row perhaps more than once. */
  get rows(): number {
    return this.#rows;
  }

  /** Keys with rows. */
  get keyCount(): number {
    return this.#keyCount;
  }

  /** Rows looked at so far by changes, for the counters. */
  get rowsTouched(): number {
    return this.#rowsTouched;
  }

  /** Bytes of memory. */
  get size(): number {
    return this.#arena.size + this.#keys.size + this.#hotRows.size;
  }

  /** Where the rows lie. */
  get arena(): WordArena {
    return this.#arena;
  }

  /** Whether an epoch's rows will fit: so many, with the sum of their weights, and their words with those of the keys. */
  hasRoomFor(rows: number, weight: number, words: number): boolean {
    if (this.#weight + weight > WEIGHT_MAX) return false;
    return this.#arena.hasRoomFor(words + rows * (ROW_WORDS + KEY_WORDS));
  }

  /** The record of a key given as packed words, or 0. */
  find(hash: number, words: Int32Array, at: number, end: number): number {
    const slots = this.#keys.segments[hash >>> 24]!;
    const mask = slots.length - 1;
    const { pages } = this.#arena;
    const length = end - at;
    for (let slot = (hash * 2) & mask; ; slot = (slot + 2) & mask) {
      const address = slots[slot + 1]!;
      if (address === 0) return 0;
      if (slots[slot] !== hash) continue;
      const page = pages[address >>> PAGE_SHIFT]!;
      const key = (address & PAGE_MASK) + KEY_WORDS;
      if (sameWords(words, at, page, key, length)) return address;
    }
  }

  /** The sum of the weights of a key's rows. @param key - a record, or 0. */
  weightOf(key: number): number {
    return key === 0 ? 0 : this.#word(key, KEY_WEIGHT);
  }

  /** The first row of a key, or 0. @param key - a record, or 0. */
  firstRow(key: number): number {
    return key === 0 ? 0 : this.#word(key, KEY_FIRST);
  }

  /** The row after a row of the same key, or 0. */
  nextRow(row: number): number {
    return this.#arena.pages[row >>> PAGE_SHIFT]![(row & PAGE_MASK) + ROW_NEXT]!;
  }

  /** A row's weight: not zero. */
  rowWeight(row: number): number {
    return this.#arena.pages[row >>> PAGE_SHIFT]![(row & PAGE_MASK) + ROW_WEIGHT]!;
  }

  /**
   * Adds a delta.
   *
   * @param keys - keys of the rows; rows without one are passed over.
   * @param rows - the rows, packed by {@link rowCodec}.
   */
  absorb(keys: KeyBatch, rows: WordBatch, weights: Int32Array): void {
    for (let row = 0; row < keys.rows; row++) {
      if (!keys.hasKey(row)) continue;
      this.#change(keys, row, rows, weights[row]!);
    }
    this.#compact();
  }

  #change(keys: KeyBatch, row: number, rows: WordBatch, weight: number): void {
    const { words, offsets } = keys.packed;
    const hash = keys.hashes[row]!;
    const [at, end] = [offsets[row]!, offsets[row + 1]!];
    let key = this.find(hash, words, at, end);
    if (key === 0) key = this.#addKey(hash, words, at, end);
    const [rowAt, rowEnd] = [rows.offsets[row]!, rows.offsets[row + 1]!];
    if (this.#word(key, KEY_IS_HOT) === 1) this.#changeHot(key, rows.words, rowAt, rowEnd, weight);
    else if (weight > 0) {
      this.#prepend(key, rows.words, rowAt, rowEnd, weight);
      if (this.#word(key, KEY_ROWS) > HOT_ROWS) this.#heat(key);
    } else this.#takeAway(key, rows.words, rowAt, rowEnd, weight);
    this.#add(key, KEY_WEIGHT, weight);
    this.#weight += weight;
    if (this.#word(key, KEY_ROWS) === 0) this.#removeKey(key);
  }

  #word(address: number, place: number): number {
    return this.#arena.pages[address >>> PAGE_SHIFT]![(address & PAGE_MASK) + place]!;
  }

  #set(address: number, place: number, word: number): void {
    this.#arena.pages[address >>> PAGE_SHIFT]![(address & PAGE_MASK) + place] = word;
  }

  #add(address: number, place: number, by: number): void {
    this.#arena.pages[address >>> PAGE_SHIFT]![(address & PAGE_MASK) + place]! += by;
  }

  #addKey(hash: number, words: Int32Array, at: number, end: number): number {
    const key = this.#arena.allocate(KEY_WORDS + end - at, KEY);
    this.#set(key, KEY_HASH, hash);
    const page = this.#arena.pages[key >>> PAGE_SHIFT]!;
    const target = (key & PAGE_MASK) + KEY_WORDS - at;
    for (let i = at; i < end; i++) page[target + i] = words[i]!;
    this.#keys.add(hash, key);
    this.#keyCount++;
    return key;
  }

  #removeKey(key: number): void {
    assert(this.#word(key, KEY_WEIGHT) === 0, `weight ${this.#word(key, KEY_WEIGHT)} of a key without rows`);
    this.#keys.remove(this.#word(key, KEY_HASH), key);
    this.#arena.release(key);
    this.#keyCount--;
  }

  #prepend(key: number, words: Int32Array, at: number, end: number, weight: number): number {
    const row = this.#arena.allocate(ROW_WORDS + end - at, ROW);
    const page = this.#arena.pages[row >>> PAGE_SHIFT]!;
    const from = row & PAGE_MASK;
    const next = this.#word(key, KEY_FIRST);
    page[from + ROW_NEXT] = next;
    page[from + ROW_PREVIOUS] = -key;
    page[from + ROW_WEIGHT] = weight;
    const target = from + ROW_WORDS - at;
    for (let i = at; i < end; i++) page[target + i] = words[i]!;
    if (next !== 0) this.#set(next, ROW_PREVIOUS, row);
    this.#set(key, KEY_FIRST, row);
    this.#add(key, KEY_ROWS, 1);
    this.#rows++;
    return row;
  }

  /** Takes weight from the rows that are the same, one after another until it is used up. */
  #takeAway(key: number, words: Int32Array, at: number, end: number, weight: number): void {
    const { pages } = this.#arena;
    let left = weight;
    for (let row = this.#word(key, KEY_FIRST); left < 0;) {
      assert(row !== 0, 'a row that is taken away is not there');
      this.#rowsTouched++;
      const page = pages[row >>> PAGE_SHIFT]!;
      const from = row & PAGE_MASK;
      const next = page[from + ROW_NEXT]!;
      if (sameWords(words, at, page, from + ROW_WORDS, end - at)) {
        const rest = page[from + ROW_WEIGHT]! + left;
        left = Math.min(0, rest);
        if (rest > 0) page[from + ROW_WEIGHT] = rest;
        else this.#unlink(key, row);
      }
      row = next;
    }
  }

  #unlink(key: number, row: number): void {
    const next = this.#word(row, ROW_NEXT);
    const previous = this.#word(row, ROW_PREVIOUS);
    if (previous > 0) this.#set(previous, ROW_NEXT, next);
    else this.#set(key, KEY_FIRST, next);
    if (next !== 0) this.#set(next, ROW_PREVIOUS, previous);
    this.#add(key, KEY_ROWS, -1);
    this.#arena.release(row);
    this.#rows--;
  }

  #changeHot(key: number, words: Int32Array, at: number, end: number, weight: number): void {
    this.#rowsTouched++;
    const hash = hashWords(words, at, end);
    const row = this.#findHot(hash, words, at, end);
    if (row === 0) {
      assert(weight > 0, 'a row that is taken away is not there');
      this.#index(this.#prepend(key, words, at, end, weight), hash);
      return;
    }
    const sum = this.rowWeight(row) + weight;
    assert(sum >= 0, 'more of a row is taken away than is there');
    if (sum > 0) this.#set(row, ROW_WEIGHT, sum);
    else {
      this.#hotRows.remove(hash, row);
      this.#unlink(key, row);
      if (this.#word(key, KEY_ROWS) <= HOT_ROWS / 2) this.#cool(key);
    }
  }

  #findHot(hash: number, words: Int32Array, at: number, end: number): number {
    const slots = this.#hotRows.segments[hash >>> 24]!;
    const mask = slots.length - 1;
    for (let slot = (hash * 2) & mask; ; slot = (slot + 2) & mask) {
      const row = slots[slot + 1]!;
      if (row === 0) return 0;
      if (slots[slot] !== hash) continue;
      const page = this.#arena.pages[row >>> PAGE_SHIFT]!;
      if (sameWords(words, at, page, (row & PAGE_MASK) + ROW_WORDS, end - at)) return row;
    }
  }

  #index(row: number, hash: number): void {
    this.#arena.setTag(row, HOT_ROW);
    this.#hotRows.add(hash, row);
  }

  /** Makes a key hot: rows that are the same become one. */
  #heat(key: number): void {
    this.#set(key, KEY_IS_HOT, 1);
    for (let row = this.#word(key, KEY_FIRST); row !== 0;) {
      const next = this.nextRow(row);
      const words = this.#arena.pages[row >>> PAGE_SHIFT]!;
      const at = (row & PAGE_MASK) + ROW_WORDS;
      const end = at + this.#arena.lengthOf(row) - ROW_WORDS;
      const hash = hashWords(words, at, end);
      const same = this.#findHot(hash, words, at, end);
      if (same === 0) this.#index(row, hash);
      else {
        this.#add(same, ROW_WEIGHT, this.rowWeight(row));
        this.#unlink(key, row);
      }
      row = next;
    }
    if (this.#word(key, KEY_ROWS) <= HOT_ROWS / 2) this.#cool(key);
  }

  #cool(key: number): void {
    this.#set(key, KEY_IS_HOT, 0);
    for (let row = this.#word(key, KEY_FIRST); row !== 0; row = this.nextRow(row)) {
      this.#hotRows.remove(this.#hashOfRow(row), row);
      this.#arena.setTag(row, ROW);
    }
  }

  #hashOfRow(row: number): number {
    const at = (row & PAGE_MASK) + ROW_WORDS;
    return hashWords(this.#arena.pages[row >>> PAGE_SHIFT]!, at, at + this.#arena.lengthOf(row) - ROW_WORDS);
  }

  /** Moves what is left on pages that are mostly free, some pages an epoch. */
  #compact(): void {
    for (let moved = 0; moved < PAGES_PER_EPOCH; moved++) {
      const page = this.#arena.takeSparsePage();
      if (page === undefined) return;
      for (const block of this.#arena.blocksOf(page)) {
        if (this.#arena.tagOf(block) === KEY) this.#moveKey(block);
        else this.#moveRow(block);
      }
      this.#arena.dropPage(page);
    }
  }

  #moveKey(key: number): void {
    const copy = this.#arena.copy(key);
    this.#keys.move(this.#word(key, KEY_HASH), key, copy);
    const first = this.#word(key, KEY_FIRST);
    if (first !== 0) this.#set(first, ROW_PREVIOUS, -copy);
  }

  #moveRow(row: number): void {
    const copy = this.#arena.copy(row);
    const next = this.nextRow(row);
    const previous = this.#word(row, ROW_PREVIOUS);
    if (next !== 0) this.#set(next, ROW_PREVIOUS, copy);
    if (previous > 0) this.#set(previous, ROW_NEXT, copy);
    else this.#set(-previous, KEY_FIRST, copy);
    if (this.#arena.tagOf(row) === HOT_ROW) this.#hotRows.move(this.#hashOfRow(row), row, copy);
  }
}
