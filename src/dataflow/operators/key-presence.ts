/**
 * Left rows that have a match, or none, where the key alone decides: for semi, anti and left joins. With m(k) saying
 * whether the right side has rows of key k, and a prime for "after the epoch",
 *
 *     Δ(L where m) = ΔL where m′ + L where (m′ − m)
 *
 * so only keys whose m changes look at L, and each other change costs a lookup.
 */
import type { ArrangedDelta } from '../arranged-delta.js';
import type { KeyGroups } from '../state/key-batch.js';
import type { RowReferences } from './join-rows.js';

const ROWS_AT_ONCE = 8192;

/** Left rows that come or go, lent until the next are asked for. */
export interface PresentRows {
  readonly rows: RowReferences;
  readonly weights: Int32Array;
  readonly count: number;
}

/** Finds the left rows that come and go. */
export class KeyPresence {
  /** Whether rows with a match are wanted, or those without. */
  readonly #wantsMatch: boolean;
  readonly #references = new Int32Array(ROWS_AT_ONCE);
  readonly #weights = new Int32Array(ROWS_AT_ONCE);
  #left: ArrangedDelta | undefined;
  #right: ArrangedDelta | undefined;
  /** Sums of the right delta's weights by group. */
  #sums: Float64Array = new Float64Array(0);
  /** The next group of the right delta; then the next row of the left one. */
  #group = 0;
  #row = 0;
  /** The next row of the group's key on the left side, or 0. */
  #partner = 0;
  #sign = 0;
  /** Rows looked at in all epochs. */
  rowsTouched = 0;

  constructor(wantsMatch: boolean) {
    this.#wantsMatch = wantsMatch;
  }

  begin(left: ArrangedDelta, right: ArrangedDelta): void {
    this.#left = left;
    this.#right = right;
    this.#group = 0;
    this.#row = 0;
    this.#partner = 0;
    if (right.rows > 0) this.#sums = weightsByGroup(right, right.keys.groups());
  }

  get isDone(): boolean {
    return this.#left === undefined;
  }

  /** Some of the rows, and how many were looked at. */
  next(budget: number): { readonly present: PresentRows; readonly rows: number } {
    const [left, right] = [this.#left, this.#right];
    const most = Math.min(budget, ROWS_AT_ONCE);
    if (left === undefined || right === undefined) return { present: this.#present('delta', 0), rows: 0 };
    const groups = right.rows > 0 ? right.keys.groups() : undefined;
    if (groups !== undefined && (this.#group < groups.count || this.#partner !== 0))
      return this.#turned(left, right, groups, most);
    let count = 0;
    const from = this.#row;
    const to = Math.min(left.rows, from + most);
    for (let row = from; row < to; row++) {
      if (this.#hasMatch(left, right, groups, row) !== this.#wantsMatch) continue;
      this.#references[count] = row;
      this.#weights[count++] = left.weights[row]!;
    }
    this.#row = to;
    this.rowsTouched += to - from;
    if (to === left.rows) {
      this.#left = this.#right = undefined;
      this.#sums = new Float64Array(0);
    }
    return { present: this.#present('delta', count), rows: to - from };
  }

  #present(kind: 'delta' | 'state', count: number): PresentRows {
    return { rows: { kind, references: this.#references }, weights: this.#weights, count };
  }

  /** Whether a row of the left delta has a match after the epoch. */
  #hasMatch(
    { keys }: ArrangedDelta,
    { arrangement }: ArrangedDelta,
    groups: KeyGroups | undefined,
    row: number,
  ): boolean {
    if (!keys.hasKey(row)) return false;
    const { words, offsets } = keys.packed;
    const before = arrangement.weightOf(
      arrangement.find(keys.hashes[row]!, words, offsets[row]!, offsets[row + 1]!),
    );
    const group = groups?.find(keys, row) ?? -1;
    return before + (group < 0 ? 0 : this.#sums[group]!) > 0;
  }

  /** Left rows of before whose keys have got a first match or lost the last. */
  #turned(
    left: ArrangedDelta,
    right: ArrangedDelta,
    groups: KeyGroups,
    most: number,
  ): { readonly present: PresentRows; readonly rows: number } {
    const { arrangement } = left;
    let count = 0;
    let looked = 0;
    while (looked < most && (this.#group < groups.count || this.#partner !== 0)) {
      if (this.#partner === 0) {
        this.#enterGroup(left, right, groups.lastRow[this.#group]!);
        looked++;
        continue;
      }
      this.#references[count] = this.#partner;
      this.#weights[count++] = this.#sign * arrangement.rowWeight(this.#partner);
      this.#partner = arrangement.nextRow(this.#partner);
      looked++;
    }
    this.rowsTouched += looked;
    return { present: this.#present('state', count), rows: looked };
  }

  #enterGroup(left: ArrangedDelta, right: ArrangedDelta, row: number): void {
    // Rows that go and come, as of a group that changes, leave the key as it is.
    if (this.#sums[this.#group] === 0) {
      this.#group++;
      return;
    }
    const { keys, arrangement } = right;
    const { words, offsets } = keys.packed;
    const [hash, at, end] = [keys.hashes[row]!, offsets[row]!, offsets[row + 1]!];
    const before = arrangement.weightOf(arrangement.find(hash, words, at, end));
    const after = before + this.#sums[this.#group++]!;
    if (before > 0 === after > 0) return;
    this.#sign = after > 0 === this.#wantsMatch ? 1 : -1;
    this.#partner = left.arrangement.firstRow(left.arrangement.find(hash, words, at, end));
  }
}

function weightsByGroup({ weights }: ArrangedDelta, groups: KeyGroups): Float64Array {
  const sums = new Float64Array(groups.count);
  for (let group = 0; group < groups.count; group++) {
    for (let row = groups.lastRow[group]!; row >= 0; row = groups.previous[row]!)
      sums[group]! += weights[row]!;
  }
  return sums;
}
