/** The keys of a delta's rows, packed, and the rows in groups by key. */
import { type Column, isNullAt } from '../../codec/column.js';
import { hashBatch, sameWords } from './hash-words.js';
import { WordBatch, type WordCodec } from './word-codec.js';

/** Hashes kept from one epoch to the next, at most. */
const HASHES_KEPT = 1 << 18;

/** Keys of some rows. Reused: `load` writes over it. */
export class KeyBatch {
  readonly packed = new WordBatch();
  hashes = new Int32Array(0);
  rows = 0;
  /** A bit a row: it has no key. undefined: all have one. */
  #keyless: Uint32Array | undefined;
  #groups: KeyGroups | undefined;

  /**
   * Packs the keys of rows 0 … rows.
   *
   * @param columns - the key's columns, made comparable byte by byte (key-columns.ts).
   * @param isRequired - for each column, whether a row has no key if the cell is NULL.
   */
  load(codec: WordCodec, columns: readonly Column[], rows: number, isRequired: readonly boolean[]): void {
    this.rows = rows;
    this.#groups = undefined;
    this.#keyless = undefined;
    if (this.hashes.length < rows) this.hashes = new Int32Array(Math.max(64, rows, this.hashes.length * 2));
    codec.pack(columns, 0, rows, this.packed);
    hashBatch(this.packed, rows, this.hashes);
    columns.forEach((column, k) => {
      if (isRequired[k] === true && column.nulls !== undefined) this.#leaveOut(column, rows);
    });
  }

  /** Gives back memory that only a large epoch needs; the keys are lost. */
  trim(): void {
    this.#groups = undefined;
    this.#keyless = undefined;
    this.packed.trim();
    if (this.hashes.length > HASHES_KEPT) this.hashes = new Int32Array(0);
  }

  /** Whether a row has a key, or one of its key columns is NULL where NULL equals nothing. */
  hasKey(row: number): boolean {
    return !isNullAt(this.#keyless, row);
  }

  /** Whether two rows that have keys have the same. */
  hasSameKey(a: number, b: number): boolean {
    if (this.hashes[a] !== this.hashes[b]) return false;
    const { words, offsets } = this.packed;
    const at = offsets[b]!;
    return sameWords(words, offsets[a]!, words, at, offsets[b + 1]! - at);
  }

  /** The rows by key. */
  groups(): KeyGroups {
    this.#groups ??= new KeyGroups(this);
    return this.#groups;
  }

  #leaveOut({ nulls }: Column, rows: number): void {
    this.#keyless ??= new Uint32Array((rows + 31) >>> 5);
    for (let word = 0; word < this.#keyless.length; word++) this.#keyless[word]! |= nulls?.[word] ?? 0;
  }
}

/** Rows of a batch by key. Groups are numbered as their first rows come. */
export class KeyGroups {
  readonly #keys: KeyBatch;
  /** By hash: the number of a group, plus 1; 0 if free. Open addressing, at most half full. */
  readonly #slots: Int32Array;
  /** For each group: its last row; rows of a group are chained from the last to the first. */
  readonly lastRow: Int32Array;
  /** For each row: the row before it in its group, or −1. */
  readonly previous: Int32Array;
  count = 0;

  constructor(keys: KeyBatch) {
    this.#keys = keys;
    let capacity = 16;
    while (capacity < keys.rows * 2) capacity *= 2;
    this.#slots = new Int32Array(capacity);
    this.lastRow = new Int32Array(keys.rows);
    this.previous = new Int32Array(keys.rows).fill(-1);
    for (let row = 0; row < keys.rows; row++) if (keys.hasKey(row)) this.#add(row);
  }

  /** The number of the group that has the key of a row of a batch, or −1. */
  find(keys: KeyBatch, row: number): number {
    return this.#slots[this.#slotOf(keys, row)]! - 1;
  }

  #add(row: number): void {
    const slot = this.#slotOf(this.#keys, row);
    const group = this.#slots[slot]! - 1;
    if (group < 0) {
      this.#slots[slot] = this.count + 1;
      this.lastRow[this.count++] = row;
      return;
    }
    this.previous[row] = this.lastRow[group]!;
    this.lastRow[group] = row;
  }

  /** The slot of a key, or the free one where it would be. */
  #slotOf(keys: KeyBatch, row: number): number {
    const own = this.#keys;
    const { words, offsets } = keys.packed;
    const at = offsets[row]!;
    const length = offsets[row + 1]! - at;
    const hash = keys.hashes[row]!;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; ; slot = (slot + 1) & mask) {
      const group = this.#slots[slot]! - 1;
      if (group < 0) return slot;
      const other = this.lastRow[group]!;
      if (own.hashes[other] !== hash) continue;
      if (sameWords(words, at, own.packed.words, own.packed.offsets[other]!, length)) return slot;
    }
  }
}
