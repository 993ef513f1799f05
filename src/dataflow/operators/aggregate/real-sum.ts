/** Sums of doubles, exact until the result is rounded once (exact-double-sum.ts). */
import { assert } from '../../../base/assert.js';
import { type Column, isNullAt } from '../../../codec/column.js';
import { type Accumulator, type TouchedRows, onlyColumn, operandOf } from './accumulator.js';
import { addToExpansion, roundExpansion } from './exact-double-sum.js';
import type { GroupTable } from './group-table.js';

const NO_PARTS: readonly number[] = [];

/** The sums of one operand; its one double in the group table is how many values are in it. */
export class RealSum implements Accumulator {
  static readonly width = 1;
  readonly #groups: GroupTable;
  readonly #at: number;
  readonly #operand: number;
  /** By serial number. */
  readonly #sums = new Map<number, readonly number[]>();
  /** By place: the sum of after the epoch. */
  readonly #after = new Map<number, number[]>();

  /** @param operand - position of the column. */
  constructor(groups: GroupTable, at: number, operand: number) {
    this.#groups = groups;
    this.#at = at;
    this.#operand = operand;
  }

  columnsOf(input: readonly Column[]): readonly Column[] {
    return [operandOf(input, this.#operand)];
  }

  readonly rows = 0;

  get size(): number {
    return this.#sums.size * 96;
  }

  take(columns: readonly Column[], { from, to, places, weights }: TouchedRows): void {
    const column = onlyColumn(columns);
    assert(column.kind === 'f64', `a sum of doubles of ${column.kind}`);
    for (let row = from; row < to; row++) {
      if (isNullAt(column.nulls, row)) continue;
      this.addValue(places[row - from]!, column.values[row]!, weights[row]!);
    }
  }

  /** Adds one value so many times. */
  addValue(place: number, value: number, weight: number): void {
    this.#groups.add(place, this.#at, weight);
    let parts = this.#after.get(place);
    if (parts === undefined) {
      parts = [...this.#before(place)];
      this.#after.set(place, parts);
    }
    addToExpansion(parts, value, weight);
  }

  countBefore(place: number): number {
    return this.#groups.before(place, this.#at);
  }

  countAfter(place: number): number {
    return this.#groups.after(place, this.#at);
  }

  sum(place: number, isAfter: boolean): number {
    const after = isAfter ? this.#after.get(place) : undefined;
    return roundExpansion(after ?? this.#before(place));
  }

  isSame(place: number): boolean {
    return this.sum(place, true) === this.sum(place, false);
  }

  settle(): void {
    // Sums are settled as the rows come.
  }

  absorb(): void {
    for (const [place, parts] of this.#after) this.#sums.set(this.#groups.serialOf(place), parts);
    this.#after.clear();
  }

  drop(serial: number): void {
    this.#sums.delete(serial);
  }

  forget(): void {
    this.#after.clear();
  }

  #before(place: number): readonly number[] {
    return this.#sums.get(this.#groups.serialOf(place)) ?? NO_PARTS;
  }
}
