/**
 * Sums of integers and decimals, exact at any size. A sum is three doubles of its group: how many values are in it,
 * and the sums of their lower and upper halves; what these cannot hold exactly goes to a bigint beside them.
 */
import { type Column, type DecColumn, type I64Column, WIDE_HI, isNullAt } from '../../../codec/column.js';
import { unscaledAt } from '../../kernels/decimal.js';
import { TWO_32, bigintAt } from '../../kernels/i64.js';
import { assert } from '../../../base/assert.js';
import type { GroupTable } from './group-table.js';
import { type Accumulator, type TouchedRows, onlyColumn, operandOf } from './accumulator.js';

/** A half-sum above this is moved to the bigint, so that two of them can be added without loss. */
const HALF_MAX = 2 ** 51;
/** A weight above this times a half may not be exact. */
const WEIGHT_MAX = 2 ** 18;

/** A column of integers or decimals. */
export interface SumOperand {
  readonly index: number;
  readonly isUnsigned: boolean;
}

/** The sums of one operand. */
export class ExactSum implements Accumulator {
  static readonly width = 3;
  readonly #groups: GroupTable;
  /** Its first double: the count; then the lower and the upper half. */
  readonly #at: number;
  readonly #operand: SumOperand;
  /** By serial number: what is beyond the halves. */
  readonly #wide = new Map<number, bigint>();
  /** By place: what the epoch adds to it. */
  readonly #wideChanges = new Map<number, bigint>();

  constructor(groups: GroupTable, at: number, operand: SumOperand) {
    this.#groups = groups;
    this.#at = at;
    this.#operand = operand;
  }

  columnsOf(input: readonly Column[]): readonly Column[] {
    return [operandOf(input, this.#operand.index)];
  }

  get size(): number {
    return this.#wide.size * 64;
  }

  readonly rows = 0;

  /** Adds a column's values. */
  take(columns: readonly Column[], { from, to, places, weights }: TouchedRows): void {
    const column = onlyColumn(columns);
    assert(column.kind === 'i64' || column.kind === 'dec', `an exact sum of ${column.kind}`);
    const { lo, hi, nulls } = column;
    const { changes, width } = this.#groups;
    const isUnsigned = column.kind === 'i64' && this.#operand.isUnsigned;
    const wide = column.kind === 'dec' ? column.wide : undefined;
    for (let row = from; row < to; row++) {
      if (nulls !== undefined && isNullAt(nulls, row)) continue;
      const weight = weights[row]!;
      const place = places[row - from]!;
      const at = place * width + this.#at;
      if ((wide !== undefined && hi[row] === WIDE_HI) || weight > WEIGHT_MAX || weight < -WEIGHT_MAX) {
        this.addWide(place, valueAt(column, row, isUnsigned), weight);
        continue;
      }
      changes[at]! += weight;
      const low = changes[at + 1]! + weight * (lo[row]! >>> 0);
      const high = changes[at + 2]! + weight * (isUnsigned ? hi[row]! >>> 0 : hi[row]!);
      changes[at + 1] = low;
      changes[at + 2] = high;
      if (low > HALF_MAX || low < -HALF_MAX || high > HALF_MAX || high < -HALF_MAX) this.#spill(place);
    }
  }

  /** Adds one value so many times. */
  addWide(place: number, value: bigint, weight: number): void {
    this.#groups.add(place, this.#at, weight);
    this.#wideChanges.set(place, (this.#wideChanges.get(place) ?? 0n) + value * BigInt(weight));
  }

  countBefore(place: number): number {
    return this.#groups.before(place, this.#at);
  }

  countAfter(place: number): number {
    return this.#groups.after(place, this.#at);
  }

  /** The sum if it is certain to be a safe integer, else undefined. */
  smallSum(place: number, isAfter: boolean): number | undefined {
    if (this.#wide.size > 0 && this.#wide.has(this.#groups.serialOf(place))) return undefined;
    if (isAfter && this.#wideChanges.size > 0 && this.#wideChanges.has(place)) return undefined;
    const sum = this.#half(place, 1, isAfter) + this.#half(place, 2, isAfter) * TWO_32;
    return Number.isSafeInteger(sum) ? sum : undefined;
  }

  /** The sum. */
  sum(place: number, isAfter: boolean): bigint {
    const low = BigInt(this.#half(place, 1, isAfter));
    const high = BigInt(this.#half(place, 2, isAfter));
    const wide = this.#wide.get(this.#groups.serialOf(place)) ?? 0n;
    const change = isAfter ? (this.#wideChanges.get(place) ?? 0n) : 0n;
    return low + (high << 32n) + wide + change;
  }

  /** Whether the epoch leaves the sum as it was; the count may have changed. */
  isSame(place: number): boolean {
    const { changes, width } = this.#groups;
    const at = place * width + this.#at;
    // The sum of two doubles is zero only if it is so exactly.
    if (this.#wideChanges.size === 0) return changes[at + 1]! + changes[at + 2]! * TWO_32 === 0;
    return this.sum(place, true) === this.sum(place, false);
  }

  settle(): void {
    // Sums are settled as the rows come.
  }

  absorb(): void {
    for (let place = 0; place < this.#groups.touched; place++) {
      const [low, high] = [this.#half(place, 1, true), this.#half(place, 2, true)];
      if (Math.abs(low) > TWO_32 || Math.abs(high) > HALF_MAX) this.#normalize(place, low, high);
    }
    for (const [place, change] of this.#wideChanges) this.#addToWide(this.#groups.serialOf(place), change);
    this.#wideChanges.clear();
  }

  drop(serial: number): void {
    this.#wide.delete(serial);
  }

  forget(): void {
    this.#wideChanges.clear();
  }

  #half(place: number, half: number, isAfter: boolean): number {
    return isAfter ? this.#groups.after(place, this.#at + half) : this.#groups.before(place, this.#at + half);
  }

  /** Moves a change that has grown too large to the bigint. */
  #spill(place: number): void {
    const { changes, width } = this.#groups;
    const at = place * width + this.#at;
    const value = BigInt(changes[at + 1]!) + (BigInt(changes[at + 2]!) << 32n);
    changes[at + 1] = changes[at + 2] = 0;
    this.#wideChanges.set(place, (this.#wideChanges.get(place) ?? 0n) + value);
  }

  /** Carries from the lower half to the upper, and from there to the bigint. */
  #normalize(place: number, low: number, high: number): void {
    const carry = Math.floor(low / TWO_32);
    const total = high + carry;
    const isHuge = Math.abs(total) > HALF_MAX;
    if (isHuge) this.#addToWide(this.#groups.serialOf(place), BigInt(total) << 32n);
    this.#groups.replace(place, this.#at + 1, low - carry * TWO_32);
    this.#groups.replace(place, this.#at + 2, isHuge ? 0 : total);
  }

  #addToWide(serial: number, change: bigint): void {
    const value = (this.#wide.get(serial) ?? 0n) + change;
    if (value === 0n) this.#wide.delete(serial);
    else this.#wide.set(serial, value);
  }
}

function valueAt(column: I64Column | DecColumn, row: number, isUnsigned: boolean): bigint {
  return column.kind === 'dec' ? unscaledAt(column, row) : bigintAt(column, row, isUnsigned);
}
