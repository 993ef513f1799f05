/**
 * Prewritten rows that wait for their COMMIT, by (start ts, key): a hash table over bytes, without an object or a
 * string a row (a `Map` of strings takes three times the time, PERFORMANCE §2).
 *
 * Three parts: `slots` (open addressing, linear probing, backward-shift deletion, so no tombstones), `fields` (sixteen
 * int32 an entry: one cache line), and an arena with each row's message as it came. The arena is
 * only appended to; it is reset when the table empties, which ordinary traffic does all the time, and compacted when
 * it is full and half of it is dead. Nothing is allocated until the first row comes: most regions never see one.
 */
import { assert } from '../../base/assert.js';
import { ByteArena } from './byte-arena.js';
import type { MatchedRow } from './batch-builder.js';
import type { ByteBudget } from './byte-budget.js';
import type { EventDecoder } from './event-decoder.js';

const STRIDE = 16;
const HASH = 0;
const START_LO = 1;
const START_HI = 2;
const ROW_AT = 3;
const ROW_LENGTH = 4;
/** Offsets of the parts count from the row's beginning. */
const KEY_AT = 5;
const KEY_LENGTH = 6;
const VALUE_AT = 7;
const VALUE_LENGTH = 8;
const OLD_AT = 9;
const OLD_LENGTH = 10;
const OP = 11;
const TXN_SOURCE = 12;
const GENERATION = 13;
const NEXT_FREE = 14;

const MIN_SLOTS = 16;
const MIN_ARENA = 1024;
/** An empty table above this size gives its memory back at once; any other when it has rested for so many ticks. */
const KEPT_BYTES = 1024 * 1024;
const TICKS_KEPT = 100;

/** Nothing found. */
export const NO_ENTRY = -1;

/** Entries are numbers, valid until the next `put` or `remove`. */
export class PrewriteTable {
  readonly #budget: ByteBudget;
  #count = 0;
  #slots = new Int32Array(0);
  #mask = 0;
  #fields = new Int32Array(0);
  /** Entries 0 … #entries − 1 are in use or in the free list, which begins at #free. */
  #entries = 0;
  #free = NO_ENTRY;
  #arena = new ByteArena();
  #live = 0;
  #rests = 0;

  /** @param budget - told of all memory that the table takes and gives back. */
  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get count(): number {
    return this.#count;
  }

  valueLength(entry: number): number {
    return this.#fields[entry * STRIDE + VALUE_LENGTH]!;
  }

  op(entry: number): number {
    return this.#fields[entry * STRIDE + OP]!;
  }

  generation(entry: number): number {
    return this.#fields[entry * STRIDE + GENERATION]!;
  }

  /** The entry of the row at the decoder's cursor. */
  find(decoder: EventDecoder): number {
    if (this.#count === 0) return NO_ENTRY;
    const { row, view } = decoder;
    return this.#lookUp(hashOf(view, row.keyAt, row.keyLength, row.startLo, row.startHi), decoder);
  }

  /** Puts where an entry's parts lie, and its source, into a cursor; lent until the next `put` or `remove`. */
  read(entry: number, into: MatchedRow): void {
    const fields = this.#fields;
    const at = entry * STRIDE;
    const rowAt = fields[at + ROW_AT]!;
    into.source = this.#arena;
    into.at = rowAt;
    into.end = rowAt + fields[at + ROW_LENGTH]!;
    into.keyAt = rowAt + fields[at + KEY_AT]!;
    into.keyLength = fields[at + KEY_LENGTH]!;
    into.valueAt = rowAt + fields[at + VALUE_AT]!;
    into.valueLength = fields[at + VALUE_LENGTH]!;
    into.oldAt = rowAt + fields[at + OLD_AT]!;
    into.oldLength = fields[at + OLD_LENGTH]!;
    into.txnSource = fields[at + TXN_SOURCE]!;
  }

  /** Takes the row at the decoder's cursor, in place of the entry it may have. */
  put(decoder: EventDecoder): void {
    const { row } = decoder;
    this.#rests = 0;
    const hash = hashOf(decoder.view, row.keyAt, row.keyLength, row.startLo, row.startHi);
    let entry = this.#count === 0 ? NO_ENTRY : this.#lookUp(hash, decoder);
    const length = row.end - row.at;
    if (entry !== NO_ENTRY) this.#live -= this.#fields[entry * STRIDE + ROW_LENGTH]!;
    if (!this.#arena.hasRoom(length)) this.#compact(length, entry);
    if (entry === NO_ENTRY) entry = this.#newEntry(hash);
    const fields = this.#fields;
    const at = entry * STRIDE;
    fields[at + START_LO] = row.startLo;
    fields[at + START_HI] = row.startHi;
    fields[at + ROW_AT] = this.#arena.used;
    fields[at + ROW_LENGTH] = length;
    fields[at + KEY_AT] = row.keyAt - row.at;
    fields[at + KEY_LENGTH] = row.keyLength;
    fields[at + VALUE_AT] = row.valueAt - row.at;
    fields[at + VALUE_LENGTH] = row.valueLength;
    fields[at + OLD_AT] = row.oldAt - row.at;
    fields[at + OLD_LENGTH] = row.oldLength;
    fields[at + OP] = row.op;
    fields[at + TXN_SOURCE] = row.txnSource;
    fields[at + GENERATION] = row.generation;
    this.#arena.append(decoder, row.at, length);
    this.#live += length;
  }

  /** Drops an entry. */
  remove(entry: number): void {
    this.#live -= this.#fields[entry * STRIDE + ROW_LENGTH]!;
    this.#unlink(entry);
    this.#fields[entry * STRIDE + NEXT_FREE] = this.#free;
    this.#free = entry;
    this.#count--;
    if (this.#count > 0) return;
    assert(this.#live === 0, `an empty table holds ${this.#live} bytes`);
    this.#entries = 0;
    this.#free = NO_ENTRY;
    this.#arena.used = 0;
    if (this.#memory() > KEPT_BYTES) this.clear();
  }

  /** A moment has passed (a resolved ts came): gives back the memory of what has been empty for long. */
  rest(): void {
    if (this.#count === 0 && this.#slots.length > 0 && ++this.#rests > TICKS_KEPT) this.clear();
  }

  /** Drops everything, memory included. */
  clear(): void {
    this.#budget.change(-this.#memory());
    this.#count = this.#entries = this.#live = this.#mask = 0;
    this.#free = NO_ENTRY;
    this.#slots = this.#fields = new Int32Array(0);
    this.#arena = new ByteArena();
  }

  #memory(): number {
    return this.#slots.byteLength + this.#fields.byteLength + this.#arena.bytes.length;
  }

  #lookUp(hash: number, decoder: EventDecoder): number {
    const slots = this.#slots;
    const fields = this.#fields;
    const { row } = decoder;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot]! - 1;
      if (entry === NO_ENTRY) return NO_ENTRY;
      const at = entry * STRIDE;
      if (
        fields[at + HASH] === hash &&
        fields[at + START_LO] === row.startLo &&
        fields[at + START_HI] === row.startHi &&
        fields[at + KEY_LENGTH] === row.keyLength &&
        equalAt(
          this.#arena.view,
          fields[at + ROW_AT]! + fields[at + KEY_AT]!,
          decoder.view,
          row.keyAt,
          row.keyLength,
        )
      ) {
        return entry;
      }
    }
  }

  #newEntry(hash: number): number {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#growSlots();
    let entry = this.#free;
    if (entry !== NO_ENTRY) this.#free = this.#fields[entry * STRIDE + NEXT_FREE]!;
    else {
      entry = this.#entries++;
      if (entry * STRIDE === this.#fields.length) this.#growFields();
    }
    this.#fields[entry * STRIDE + HASH] = hash;
    this.#link(entry, hash);
    this.#count++;
    return entry;
  }

  #link(entry: number, hash: number): void {
    let slot = hash & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = entry + 1;
  }

  /** Empties an entry's slot and moves those behind it forward, as far as they may go. */
  #unlink(entry: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = this.#fields[entry * STRIDE + HASH]! & mask;
    while (slots[hole] !== entry + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#fields[(slots[slot]! - 1) * STRIDE + HASH]! & mask;
      // The entry may move into the hole if its home lies at or before the hole, seen from where it is.
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot]!;
      hole = slot;
    }
    slots[hole] = 0;
  }

  #growSlots(): void {
    const before = this.#memory();
    const old = this.#slots;
    this.#slots = new Int32Array(Math.max(MIN_SLOTS, old.length * 2));
    this.#mask = this.#slots.length - 1;
    for (const link of old) if (link !== 0) this.#link(link - 1, this.#fields[(link - 1) * STRIDE + HASH]!);
    this.#budget.change(this.#memory() - before);
  }

  #growFields(): void {
    const before = this.#memory();
    const fields = new Int32Array(Math.max(MIN_SLOTS * STRIDE, this.#fields.length * 2));
    fields.set(this.#fields);
    this.#fields = fields;
    this.#budget.change(this.#memory() - before);
  }

  /** Moves what is alive to a new arena with room for `length` more. @param dying - an entry not to be kept. */
  #compact(length: number, dying: number): void {
    const before = this.#memory();
    const needed = this.#live + length;
    let capacity = Math.max(MIN_ARENA, this.#arena.bytes.length);
    // Twice the room that is needed, so that compacting costs a constant a byte.
    while (capacity < needed * 2) capacity *= 2;
    const arena = new ByteArena(capacity);
    for (const link of this.#slots) {
      const entry = link - 1;
      if (link === 0 || entry === dying) continue;
      const at = entry * STRIDE;
      const from = this.#fields[at + ROW_AT]!;
      this.#fields[at + ROW_AT] = arena.used;
      arena.append(this.#arena, from, this.#fields[at + ROW_LENGTH]!);
    }
    assert(arena.used === this.#live, `compaction found ${arena.used} of ${this.#live} bytes`);
    this.#arena = arena;
    this.#budget.change(this.#memory() - before);
  }
}

/** A hash of the start ts and every byte of the key (a composite key may differ anywhere). */
function hashOf(view: DataView, at: number, length: number, startLo: number, startHi: number): number {
  let hash = Math.imul(startLo ^ Math.imul(startHi, 0x85ebca6b), 0x9e3779b1) ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(at + i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < length; i++) hash = Math.imul(hash ^ view.getUint8(at + i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function equalAt(a: DataView, aAt: number, b: DataView, bAt: number, length: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) if (a.getInt32(aAt + i, true) !== b.getInt32(bAt + i, true)) return false;
  for (; i < length; i++) if (a.getUint8(aAt + i) !== b.getUint8(bAt + i)) return false;
  return true;
}
