/** Puts the rows of several inputs together, duplicates and all. Linear, so it needs no state. */
import { assert } from '../../base/assert.js';
import { LimitError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Column } from '../../codec/column.js';
import type { FieldType } from '../../codec/field-type.js';
import type { Delta } from '../delta.js';
import { DeltaBuilder } from '../delta-builder.js';
import { emptyColumn } from '../empty-column.js';
import type { Operator, RunResult } from '../operator.js';
import { RowCounter } from './counter.js';

/** UNION ALL. */
export class UnionOperator implements Operator {
  readonly name = 'union all';
  readonly counters = new RowCounter();
  readonly #empty: readonly Column[];
  #inputs: readonly Delta[] = [];
  #output: Delta | undefined;

  /** @param types - of the columns of every input. */
  constructor(types: readonly FieldType[]) {
    this.#empty = types.map(emptyColumn);
  }

  get output(): Delta {
    assert(this.#output !== undefined, 'the union has not run');
    return this.#output;
  }

  begin(inputs: readonly Delta[]): void {
    for (const { columns, rows } of inputs) {
      assert(
        columns.length === this.#empty.length,
        `${columns.length} columns in a union of ${this.#empty.length}`,
      );
      columns.forEach((column, k) => {
        const shape = this.#empty[k];
        assert(column.kind === shape?.kind, `${column.kind} in a union of ${String(shape?.kind)}`);
      });
      this.counters.rowsIn += rows;
    }
    this.#inputs = inputs;
    this.#output = undefined;
  }

  /** @throws LimitError — when the inputs have more rows than a delta may have. */
  run(): RunResult {
    const builder = new DeltaBuilder();
    for (const { rows, weights, columns } of this.#inputs) builder.add(rows, weights, columns);
    if (builder.rows > limits.operatorRows)
      throw new LimitError(`a union gives more than ${limits.operatorRows} rows in one epoch`);
    const rows = builder.rows;
    this.#output = builder.finish(this.#empty);
    this.counters.rowsOut += rows;
    this.#inputs = [];
    return { rows, isDone: true };
  }

  absorb(): void {
    this.#output = undefined;
  }
}
