/**
 * Hidden row ids of a view without a key. Which row of the table a delta's row is must follow from its content alone:
 * the id is a 63-bit hash of the row's bytes, probed where it is taken; equal rows are numbered, each with an id of
 * its own. The map from the *full* row bytes to its ids is the truth (a hash alone would one day delete another row);
 * it is rebuilt from the table after a restart.
 */
import { assert } from '../base/assert.js';
import { type KeyString, asBuffer } from '../base/bytes.js';

/** What happens to one row of the table. */
export interface RowOperation {
  readonly kind: 'add' | 'remove';
  /** Row of the delta that holds the values. */
  readonly row: number;
  readonly rowId: bigint;
}

/** A row whose multiplicity changes. */
export interface RowChange {
  /** The row's bytes: equal for equal rows, and only for them. */
  readonly key: KeyString;
  readonly row: number;
  /** Positive: so many more; negative: so many fewer. */
  readonly weight: number;
}

/** Operations that are planned, and become fact once they are committed. */
export interface RowIdPlan {
  readonly operations: readonly RowOperation[];
  readonly changes: readonly {
    readonly key: KeyString;
    /** Rows that stay of those that were there. */
    readonly kept: number;
    readonly added: readonly bigint[];
  }[];
}

/** Of a bigint in a set, an array and an entry of a map. */
const BYTES_PER_ROW = 120;

/** Row ids are signed; ours are never negative. */
const ROW_ID_MASK = (1n << 63n) - 1n;

/** Ids of all rows of one table. */
export class RowIds {
  readonly #mask: bigint;
  readonly #idsOf = new Map<KeyString, bigint[]>();
  readonly #taken = new Set<bigint>();
  #keyBytes = 0;

  /** @param hashBits - 63; tests cut it down so that rows collide. */
  constructor(hashBits = 63) {
    assert(hashBits > 0 && hashBits <= 63, `${hashBits} bits of a hash`);
    this.#mask = (1n << BigInt(hashBits)) - 1n;
  }

  /** Rows in the table. */
  get size(): number {
    return this.#taken.size;
  }

  /** Memory in use, about: keys, ids and what the maps take for each. */
  get bytes(): number {
    return this.#keyBytes + this.#taken.size * BYTES_PER_ROW;
  }

  /** Takes note of a row that is in the table. */
  load(key: KeyString, rowId: bigint): void {
    assert(!this.#taken.has(rowId), `row id ${rowId} is there twice`);
    this.#taken.add(rowId);
    const ids = this.#idsOf.get(key);
    // In place: a view of one value and a million rows is read back in one go too.
    if (ids !== undefined) {
      ids.push(rowId);
      return;
    }
    this.#keyBytes += key.length;
    this.#idsOf.set(key, [rowId]);
  }

  /** Plans changes, each of another row. Nothing is changed yet. */
  plan(changes: Iterable<RowChange>): RowIdPlan {
    const operations: RowOperation[] = [];
    const planned: { key: KeyString; kept: number; added: readonly bigint[] }[] = [];
    const taken = new Set<bigint>();
    for (const { key, row, weight } of changes) {
      const before = this.#idsOf.get(key) ?? [];
      const count = before.length + weight;
      assert(count >= 0, `${before.length} rows, ${-weight} of them to be removed`);
      for (const rowId of before.slice(count)) operations.push({ kind: 'remove', row, rowId });
      const added: bigint[] = [];
      for (let ordinal = before.length; ordinal < count; ordinal++) {
        const rowId = this.#freeId(key, ordinal, taken);
        taken.add(rowId);
        added.push(rowId);
        operations.push({ kind: 'add', row, rowId });
      }
      planned.push({ key, kept: Math.min(before.length, count), added });
    }
    return { operations, changes: planned };
  }

  /** Makes a plan fact. Plans are absorbed in the order in which they were made, each before the next is made. */
  absorb(plan: RowIdPlan): void {
    for (const { kind, rowId } of plan.operations) if (kind === 'remove') this.#taken.delete(rowId);
    for (const { kind, rowId } of plan.operations) if (kind === 'add') this.#taken.add(rowId);
    for (const { key, kept, added } of plan.changes) {
      const ids = this.#idsOf.get(key);
      const isThere = kept + added.length > 0;
      if (!isThere) this.#idsOf.delete(key);
      else if (ids === undefined) this.#idsOf.set(key, [...added]);
      else {
        ids.length = kept;
        for (const rowId of added) ids.push(rowId);
      }
      if ((ids !== undefined) !== isThere) this.#keyBytes += isThere ? key.length : -key.length;
    }
  }

  /**
   * The n-th of equal rows probes from its own place on. An id that this plan removes counts as taken still: a table
   * without it would be written by two operations of one transaction.
   */
  #freeId(key: KeyString, ordinal: number, planned: ReadonlySet<bigint>): bigint {
    let id = (hash63(key) & this.#mask) + BigInt(ordinal) * 0x9e37_79b9n;
    while (this.#taken.has(id & ROW_ID_MASK) || planned.has(id & ROW_ID_MASK)) id++;
    return id & ROW_ID_MASK;
  }
}

/** Two rounds of murmur3's 32-bit hash with different seeds, side by side. */
function hash63(key: KeyString): bigint {
  const bytes = asBuffer(Buffer.from(key, 'latin1'));
  const high = murmur32(bytes, 0x9747_b28c) & 0x7fff_ffff;
  return (BigInt(high) << 32n) | BigInt(murmur32(bytes, 0x1b87_3593) >>> 0);
}

/** @see https://github.com/aappleby/smhasher MurmurHash3_x86_32 */
function murmur32(bytes: Uint8Array, seed: number): number {
  let h = seed;
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    const k =
      (bytes[i] ?? 0) |
      ((bytes[i + 1] ?? 0) << 8) |
      ((bytes[i + 2] ?? 0) << 16) |
      ((bytes[i + 3] ?? 0) << 24);
    h ^= scramble(k);
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe654_6b64;
  }
  let tail = 0;
  for (let i = bytes.length - 1; i >= whole; i--) tail = (tail << 8) | (bytes[i] ?? 0);
  if (bytes.length > whole) h ^= scramble(tail);
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) | 0;
}

function scramble(k: number): number {
  const mixed = Math.imul(k, 0xcc9e_2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b87_3593);
}
