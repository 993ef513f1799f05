/**
 * Holds a relation by key (state/arrangement.ts) for the joins that read it. Its output is its input, consolidated: an
 * update that changes none of the columns held ends here, however many rows match on the other side.
 *
 * Joins with the same input and key share one (node.ts); so do views.
 */
import { assert } from '../../base/assert.js';
import { LimitError } from '../../base/errors.js';
import type { Column } from '../../codec/column.js';
import type { FieldType } from '../../codec/field-type.js';
import type { ArrangedDelta } from '../arranged-delta.js';
import { Consolidation } from '../consolidate.js';
import type { Delta } from '../delta.js';
import type { Operator, OperatorCounters, RunResult } from '../operator.js';
import { Arrangement } from '../state/arrangement.js';
import { KeyBatch } from '../state/key-batch.js';
import type { KeyColumnCodec } from '../state/key-columns.js';
import { WordBatch, WordCodec, shapeOf } from '../state/word-codec.js';

/** A column of the key. */
export interface ArrangedColumn {
  readonly index: number;
  readonly codec: KeyColumnCodec;
  /** Whether a row whose cell is NULL has no key; such rows are not held. */
  readonly isRequired: boolean;
}

/** A relation by key. */
export class ArrangeOperator implements Operator {
  readonly name = 'arrangement';
  readonly #keyColumns: readonly ArrangedColumn[];
  readonly #keyCodec: WordCodec;
  readonly #arrangement: Arrangement;
  readonly #keys = new KeyBatch();
  readonly #rows = new WordBatch();
  #input: Delta | undefined;
  /** undefined: there is nothing to consolidate. */
  #consolidation: Consolidation | undefined;
  #output: ArrangedDelta | undefined;
  #rowsIn = 0;
  #rowsOut = 0;

  /** @param types - of the columns held. */
  constructor(types: readonly FieldType[], keyColumns: readonly ArrangedColumn[]) {
    this.#keyColumns = keyColumns;
    const hasNulls = keyColumns.some(({ isRequired }) => !isRequired);
    this.#keyCodec = new WordCodec(
      keyColumns.map(({ codec }) => codec.shape),
      hasNulls,
    );
    this.#arrangement = new Arrangement(new WordCodec(types.map(shapeOf), true));
  }

  get counters(): OperatorCounters {
    const { rows, size } = this.#arrangement;
    const rowsTouched = this.#arrangement.rowsTouched;
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut, rowsTouched, stateRows: rows, stateBytes: size };
  }

  get output(): ArrangedDelta {
    assert(this.#output !== undefined, 'the arrangement has not run');
    return this.#output;
  }

  begin(inputs: readonly Delta[]): void {
    const [input] = inputs;
    assert(input !== undefined && inputs.length === 1, `an arrangement with ${inputs.length} inputs`);
    this.#input = input;
    const isClean = input.isConsolidated || !hasNegative(input);
    this.#consolidation = isClean ? undefined : new Consolidation(input);
    this.#output = undefined;
    this.#rowsIn += input.rows;
  }

  /** @throws LimitError — when the relation is larger than an arrangement can be. */
  run(budget: number): RunResult {
    assert(this.#input !== undefined, 'run before begin');
    const result = this.#consolidation?.run(budget) ?? { rows: 0, isDone: true };
    if (!result.isDone) return result;
    const delta = this.#consolidation?.finish() ?? this.#input;
    this.#input = undefined;
    this.#consolidation = undefined;
    this.#load(delta);
    this.#output = { ...delta, arrangement: this.#arrangement, keys: this.#keys, packed: this.#rows };
    this.#rowsOut += delta.rows;
    return { rows: result.rows + delta.rows, isDone: true };
  }

  absorb(): void {
    const { weights } = this.output;
    this.#arrangement.absorb(this.#keys, this.#rows, weights);
    this.#keys.trim();
    this.#rows.trim();
    this.#output = undefined;
  }

  #load({ rows, weights, columns }: Delta): void {
    const keyColumns = this.#keyColumns.map(({ index, codec }): Column => {
      const column = columns[index];
      assert(column !== undefined, `no key column ${index} among ${columns.length}`);
      return codec.convert(column, rows);
    });
    const isRequired = this.#keyColumns.map((column) => column.isRequired);
    this.#keys.load(this.#keyCodec, keyColumns, rows, isRequired);
    this.#arrangement.rowCodec.pack(columns, 0, rows, this.#rows);
    const words = this.#keys.packed.offsets[rows]! + this.#rows.offsets[rows]!;
    let weight = 0;
    for (let row = 0; row < rows; row++) weight += Math.max(0, weights[row]!);
    if (!this.#arrangement.hasRoomFor(rows, weight, words))
      throw new LimitError(`an arrangement of ${this.#arrangement.rows} rows cannot take ${rows} more`);
  }
}

/** Whether some row is taken away: without one nothing cancels out. */
function hasNegative({ rows, weights }: Delta): boolean {
  for (let row = 0; row < rows; row++) if (weights[row]! < 0) return true;
  return false;
}
