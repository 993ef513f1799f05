/** How many values of an operand are not NULL: one double of a group. */
import type { Column } from '../../../codec/column.js';
import { isNullAt } from '../../../codec/column.js';
import { type Accumulator, type TouchedRows, onlyColumn, operandOf } from './accumulator.js';
import type { GroupTable } from './group-table.js';

/** Counts values. */
export class ValueCount implements Accumulator {
  readonly #groups: GroupTable;
  readonly #at: number;
  readonly #operand: number;

  /** @param operand - position of the column. */
  constructor(groups: GroupTable, at: number, operand: number) {
    this.#groups = groups;
    this.#at = at;
    this.#operand = operand;
  }

  readonly rows = 0;
  readonly size = 0;

  columnsOf(input: readonly Column[]): readonly Column[] {
    return [operandOf(input, this.#operand)];
  }

  take(columns: readonly Column[], { from, to, places, weights }: TouchedRows): void {
    const { nulls } = onlyColumn(columns);
    const { changes, width } = this.#groups;
    for (let row = from; row < to; row++) {
      if (nulls === undefined || !isNullAt(nulls, row))
        changes[places[row - from]! * width + this.#at]! += weights[row]!;
    }
  }

  settle(): void {
    // Counts are settled as the rows come.
  }

  absorb(): void {
    // The group table has the counts.
  }

  drop(): void {
    // The group table has the counts.
  }

  forget(): void {
    // The group table has the counts.
  }
}
