/**
 * Where a base table's delta enters a circuit. The delta has the columns that all views of the circuit use together;
 * each of its consumers takes those it wants, in its own order.
 */
import { assert } from '../../base/assert.js';
import type { Column } from '../../codec/column.js';
import type { FieldType } from '../../codec/field-type.js';
import type { Delta } from '../delta.js';
import { emptyColumn } from '../empty-column.js';
import type { Operator, RunResult } from '../operator.js';
import { RowCounter } from './counter.js';

/** A column of a base table. */
export interface SourceColumn {
  readonly id: number;
  readonly type: FieldType;
}

/** A base table. */
export class SourceOperator implements Operator {
  readonly name = 'source';
  readonly counters = new RowCounter();
  /** The columns of its deltas. */
  readonly columns: readonly SourceColumn[];
  readonly #empty: Delta;
  readonly #places: ReadonlyMap<number, number>;
  #output: Delta;

  constructor(columns: readonly SourceColumn[]) {
    this.columns = columns;
    this.#places = new Map(columns.map(({ id }, place) => [id, place]));
    assert(this.#places.size === columns.length, 'a column of a source repeats');
    const empty = columns.map(({ type }) => emptyColumn(type));
    this.#empty = { rows: 0, weights: new Int32Array(0), columns: empty, isConsolidated: true };
    this.#output = this.#empty;
  }

  get output(): Delta {
    return this.#output;
  }

  /** The delta with only these columns, in this order. */
  outputOf(columnIds: readonly number[]): Delta {
    const columns = columnIds.map((id): Column => {
      const column = this.#output.columns[this.#places.get(id) ?? -1];
      assert(column !== undefined, `the source has no column ${id}`);
      return column;
    });
    return { ...this.#output, columns, isConsolidated: false };
  }

  /** @param inputs - the epoch's delta; none if nothing changed. */
  begin(inputs: readonly Delta[]): void {
    const [input] = inputs;
    assert(inputs.length <= 1, `${inputs.length} deltas of one source`);
    this.#output = input ?? this.#empty;
    const { rows, weights, columns } = this.#output;
    assert(
      columns.length === this.columns.length,
      `${columns.length} columns; the source has ${this.columns.length}`,
    );
    assert(weights.length >= rows, `${weights.length} weights for ${rows} rows`);
    this.counters.rowsIn += rows;
    this.counters.rowsOut += rows;
  }

  run(): RunResult {
    return { rows: 0, isDone: true };
  }

  absorb(): void {
    // The delta is lent for the epoch; holding it would keep its buffers alive.
    this.#output = this.#empty;
  }
}
