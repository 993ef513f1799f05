/**
 * The groups of an aggregation, by key: for each a record with its number of rows and some sums, all doubles. Within
 * an epoch a group that a row touches gets a *place*, and what the epoch adds to its doubles is kept there; the
 * record itself changes only in `absorb`. So the group's values of before and after the epoch are both at hand.
 *
 *     record   [arena's word, hash, place + 1 | 0, serial number, doubles …, key words …, kept words …]
 *
 * Other state of a group (sums that are too wide, ordered values) is held elsewhere under its serial number, a small
 * integer that is used again when the group is gone.
 */
import { assert } from '../../../base/assert.js';
import { HashSlots } from '../../state/hash-slots.js';
import { hashWords, sameWords } from '../../state/hash-words.js';
import { PAGE_MASK, PAGE_SHIFT, WordArena } from '../../state/word-arena.js';
import type { WordBatch } from '../../state/word-codec.js';

const HASH = 1;
const PLACE = 2;
const SERIAL = 3;
/** Where a record's doubles begin; the first is the number of rows. */
const DOUBLES = 4;

const PLACES_AT_FIRST = 64;
/** Places kept from one epoch to the next, at most: a load should not hold its memory for ever. */
const PLACES_KEPT = 1 << 15;

/** Groups, with doubles. */
export class GroupTable {
  /** Doubles of a group; the first is its number of rows. */
  readonly width: number;
  /** Where in a record the key begins. */
  readonly keySkip: number;
  readonly #slots = new HashSlots();
  readonly #arena = new WordArena();
  /** By place: records that the epoch touches. */
  records = new Int32Array(0);
  /** By place times {@link width}: what the epoch adds. */
  changes = new Float64Array(0);
  /** The same of before the epoch: read over and over, so it is brought together once. */
  #befores = new Float64Array(0);
  #touched = 0;
  #groups = 0;
  #serials = 0;
  readonly #freeSerials: number[] = [];
  /** Groups looked up, in all epochs. */
  rowsTouched = 0;

  /** The double that says where a record's kept words begin; −1: nothing is kept. */
  readonly #keptDouble: number;

  /**
   * @param doubles - of a group, the number of rows included.
   * @param isKeeping - whether groups keep words of their first rows.
   */
  constructor(doubles: number, isKeeping: boolean) {
    this.width = doubles + (isKeeping ? 1 : 0);
    this.#keptDouble = isKeeping ? doubles : -1;
    this.keySkip = DOUBLES + this.width * 2;
    this.#makePlaces();
  }

  /** Groups held. */
  get rows(): number {
    return this.#groups;
  }

  /** Bytes of memory. */
  get size(): number {
    return this.#arena.size + this.#slots.size;
  }

  /** Where the records lie. */
  get arena(): WordArena {
    return this.#arena;
  }

  /** Groups that the epoch touches: places 0 … touched. */
  get touched(): number {
    return this.#touched;
  }

  /**
   * The places of the groups of a batch's rows, made if they are not there.
   *
   * @param kept - further words of a new group, of the row that makes it.
   */
  touchAll(keys: WordBatch, kept: WordBatch | undefined, rows: number, places: Int32Array): void {
    const { words, offsets } = keys;
    for (let row = 0; row < rows; row++) {
      const [at, end] = [offsets[row]!, offsets[row + 1]!];
      const hash = hashWords(words, at, end);
      const record = this.#find(hash, words, at, end) || this.#add(hash, keys, kept, row);
      const known = this.#arena.pages[record >>> PAGE_SHIFT]![(record & PAGE_MASK) + PLACE]!;
      places[row] = known > 0 ? known - 1 : this.#remember(record);
    }
    this.rowsTouched += rows;
  }

  /** The double of a place as it was before the epoch. */
  before(place: number, double: number): number {
    return this.#befores[place * this.width + double]!;
  }

  /** The double of a place as it is after the epoch. */
  after(place: number, double: number): number {
    const at = place * this.width + double;
    return this.#befores[at]! + this.changes[at]!;
  }

  serialOf(place: number): number {
    return this.#word(this.records[place]!, SERIAL);
  }

  /** Adds to a double of a place. */
  add(place: number, double: number, by: number): void {
    this.changes[place * this.width + double]! += by;
  }

  /** Where on its page a group's kept words begin. */
  keptAt(place: number): number {
    assert(this.#keptDouble >= 0, 'the groups keep nothing');
    return (this.records[place]! & PAGE_MASK) + this.before(place, this.#keptDouble);
  }

  /**
   * Takes the epoch's changes into the records, and drops groups without rows.
   *
   * @param drop - is told the serial numbers of those.
   */
  absorb(drop: (serial: number) => void): void {
    const { width, changes } = this;
    const befores = this.#befores;
    for (let place = 0; place < this.#touched; place++) {
      const record = this.records[place]!;
      const doubles = this.#arena.doubles[record >>> PAGE_SHIFT]!;
      const at = ((record & PAGE_MASK) + DOUBLES) / 2;
      for (let i = 0; i < width; i++)
        doubles[at + i] = befores[place * width + i]! + changes[place * width + i]!;
      assert(doubles[at]! >= 0, `a group of ${doubles[at]!} rows`);
    }
    this.forget(drop);
    this.#compact();
  }

  /** Sets a double of a group for good, in place of what `absorb` would make of it; only just before `absorb`. */
  replace(place: number, double: number, value: number): void {
    this.changes[place * this.width + double] = value - this.before(place, double);
  }

  /** Ends an epoch, taken in or given up: drops groups that have no rows. */
  forget(drop: (serial: number) => void): void {
    for (let place = 0; place < this.#touched; place++) {
      const record = this.records[place]!;
      this.#set(record, PLACE, 0);
      if (this.#arena.doubles[record >>> PAGE_SHIFT]![((record & PAGE_MASK) + DOUBLES) / 2] === 0)
        this.#remove(record, drop);
    }
    if (this.records.length > PLACES_KEPT) this.#makePlaces();
    else this.changes.fill(0, 0, this.#touched * this.width);
    this.#touched = 0;
  }

  #makePlaces(): void {
    this.records = new Int32Array(PLACES_AT_FIRST);
    this.changes = new Float64Array(PLACES_AT_FIRST * this.width);
    this.#befores = new Float64Array(PLACES_AT_FIRST * this.width);
  }

  #word(record: number, place: number): number {
    return this.#arena.pages[record >>> PAGE_SHIFT]![(record & PAGE_MASK) + place]!;
  }

  #set(record: number, place: number, word: number): void {
    this.#arena.pages[record >>> PAGE_SHIFT]![(record & PAGE_MASK) + place] = word;
  }

  #remember(record: number): number {
    const place = this.#touched++;
    if (place === this.records.length) {
      const records = new Int32Array(place * 2);
      records.set(this.records);
      this.records = records;
      const changes = new Float64Array(place * 2 * this.width);
      changes.set(this.changes);
      this.changes = changes;
      const befores = new Float64Array(place * 2 * this.width);
      befores.set(this.#befores);
      this.#befores = befores;
    }
    const doubles = this.#arena.doubles[record >>> PAGE_SHIFT]!;
    const from = ((record & PAGE_MASK) + DOUBLES) / 2;
    const { width } = this;
    for (let i = 0; i < width; i++) this.#befores[place * width + i] = doubles[from + i]!;
    this.records[place] = record;
    this.#set(record, PLACE, place + 1);
    return place;
  }

  #find(hash: number, words: Int32Array, at: number, end: number): number {
    const slots = this.#slots.segments[hash >>> 24]!;
    const mask = slots.length - 1;
    const { pages } = this.#arena;
    for (let slot = (hash * 2) & mask; ; slot = (slot + 2) & mask) {
      const record = slots[slot + 1]!;
      if (record === 0) return 0;
      if (slots[slot] !== hash) continue;
      const page = pages[record >>> PAGE_SHIFT]!;
      if (sameWords(words, at, page, (record & PAGE_MASK) + this.keySkip, end - at)) return record;
    }
  }

  #add(hash: number, keys: WordBatch, kept: WordBatch | undefined, row: number): number {
    const [at, end] = [keys.offsets[row]!, keys.offsets[row + 1]!];
    const [keptAt, keptEnd] = kept === undefined ? [0, 0] : [kept.offsets[row]!, kept.offsets[row + 1]!];
    const record = this.#arena.allocate(this.keySkip + end - at + keptEnd - keptAt, 0);
    const page = this.#arena.pages[record >>> PAGE_SHIFT]!;
    const from = record & PAGE_MASK;
    page[from + HASH] = hash;
    page[from + SERIAL] = this.#freeSerials.pop() ?? this.#serials++;
    const target = from + this.keySkip - at;
    for (let i = at; i < end; i++) page[target + i] = keys.words[i]!;
    if (kept !== undefined) {
      page.set(kept.words.subarray(keptAt, keptEnd), target + end);
      this.#arena.doubles[record >>> PAGE_SHIFT]![(from + DOUBLES) / 2 + this.#keptDouble] =
        this.keySkip + end - at;
    }
    this.#slots.add(hash, record);
    this.#groups++;
    return record;
  }

  #remove(record: number, drop: (serial: number) => void): void {
    const serial = this.#word(record, SERIAL);
    drop(serial);
    this.#freeSerials.push(serial);
    this.#slots.remove(this.#word(record, HASH), record);
    this.#arena.release(record);
    this.#groups--;
  }

  #compact(): void {
    for (let page = this.#arena.takeSparsePage(); page !== undefined; page = this.#arena.takeSparsePage()) {
      for (const record of this.#arena.blocksOf(page))
        this.#slots.move(this.#word(record, HASH), record, this.#arena.copy(record));
      this.#arena.dropPage(page);
    }
  }
}
