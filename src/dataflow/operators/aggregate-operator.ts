/**
 * Groups rows and aggregates each group. What an epoch adds to a group is gathered under the group's place
 * (aggregate/group-table.ts); a group whose row is another afterwards gives −old and +new, any other nothing. So the
 * output is consolidated, and costs what the touched groups are, not what they hold.
 *
 * A scalar aggregation has one group that is always there: its first epoch gives its row, also without input.
 */
import { assert } from '../../base/assert.js';
import type { Column } from '../../codec/column.js';
import type { FieldType } from '../../codec/field-type.js';
import type { Delta } from '../delta.js';
import { DeltaBuilder } from '../delta-builder.js';
import { emptyColumn } from '../empty-column.js';
import type { Operator, OperatorCounters, RunResult } from '../operator.js';
import { WordBatch } from '../state/word-codec.js';
import { unpackColumn } from '../state/word-reader.js';
import type { AggregateNodeSpec } from '../view-spec.js';
import { operandOf } from './aggregate/accumulator.js';
import type { OutputRows } from './aggregate/aggregate-output.js';
import { type AggregateState, aggregateState } from './aggregate/aggregate-plan.js';
import { typeAt } from './aggregate/distinct-values.js';

/** Rows taken at a time, at most. */
const ROWS_AT_ONCE = 16_384;

/** An aggregation. */
export class AggregateOperator implements Operator {
  readonly name = 'aggregate';
  readonly #state: AggregateState;
  readonly #isScalar: boolean;
  readonly #empty: readonly Column[];
  readonly #keys = new WordBatch();
  readonly #kept = new WordBatch();
  #places = new Int32Array(0);
  /** Whether the row of a scalar aggregation has been given. */
  #hasRow = false;
  #input: Delta | undefined;
  /** Of the input: columns of the key, of what new groups keep, and of each accumulator. */
  #columns:
    { key: readonly Column[]; kept: readonly Column[]; operands: readonly (readonly Column[])[] } | undefined;
  #at = 0;
  /** The next place whose rows are to come out; −1: the input has not been taken yet. */
  #place = -1;
  #builder = new DeltaBuilder();
  #output: Delta | undefined;
  #rowsIn = 0;
  #rowsOut = 0;

  /** @param input - types of the input's columns. */
  constructor(spec: Omit<AggregateNodeSpec, 'input'>, input: readonly FieldType[]) {
    assert(!spec.isScalar || spec.groups.length === 0, 'a scalar aggregation with groups');
    this.#state = aggregateState(spec, input);
    this.#isScalar = spec.isScalar;
    const types = [
      ...spec.groups.map(({ index }) => typeAt(input, index)),
      ...spec.aggregates.map(({ type }) => type),
    ];
    this.#empty = types.map(emptyColumn);
  }

  get counters(): OperatorCounters {
    const { groups, accumulators } = this.#state;
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      rowsTouched: groups.rowsTouched,
      stateRows: accumulators.reduce((sum, { rows }) => sum + rows, groups.rows),
      stateBytes: accumulators.reduce((sum, { size }) => sum + size, groups.size),
    };
  }

  get output(): Delta {
    assert(this.#output !== undefined, 'the aggregation has not run to its end');
    return this.#output;
  }

  begin(inputs: readonly Delta[]): void {
    const [input] = inputs;
    assert(input !== undefined && inputs.length === 1, `an aggregation with ${inputs.length} inputs`);
    // An epoch that was given up may have left changes behind.
    this.#forget();
    this.#input = input;
    const { groupColumns, accumulators } = this.#state;
    this.#columns = {
      key: groupColumns.map(({ index, codec }) => codec.convert(operandOf(input.columns, index), input.rows)),
      kept: groupColumns
        .filter(({ representatives }) => representatives !== undefined)
        .map(({ index }) => operandOf(input.columns, index)),
      operands: accumulators.map((accumulator) => accumulator.columnsOf(input.columns, input.rows)),
    };
    this.#at = 0;
    this.#place = -1;
    this.#builder = new DeltaBuilder();
    this.#output = undefined;
    this.#rowsIn += input.rows;
    if (this.#isScalar && !this.#hasRow) this.#touchScalar();
  }

  run(budget: number): RunResult {
    const input = this.#input;
    assert(input !== undefined, 'run before begin');
    let rows = 0;
    while (rows < budget && this.#at < input.rows) {
      const to = Math.min(input.rows, this.#at + Math.min(budget - rows, ROWS_AT_ONCE));
      this.#take(input, this.#at, to);
      rows += to - this.#at;
      this.#at = to;
    }
    if (this.#at < input.rows) return { rows, isDone: false };
    if (this.#place < 0) {
      for (const accumulator of this.#state.accumulators) accumulator.settle();
      this.#place = 0;
    }
    const { groups } = this.#state;
    while (rows < budget && this.#place < groups.touched) {
      const to = Math.min(groups.touched, this.#place + Math.min(budget - rows, ROWS_AT_ONCE));
      this.#give(this.#place, to);
      rows += to - this.#place;
      this.#place = to;
    }
    if (this.#place < groups.touched) return { rows, isDone: false };
    this.#output = { ...this.#builder.finish(this.#empty), isConsolidated: true };
    this.#rowsOut += this.#output.rows;
    this.#input = undefined;
    this.#columns = undefined;
    return { rows, isDone: true };
  }

  absorb(): void {
    const { groups, accumulators } = this.#state;
    assert(this.#output !== undefined, 'absorb before the end of run');
    for (const accumulator of accumulators) accumulator.absorb();
    groups.absorb((serial) => this.#drop(serial));
    this.#hasRow = true;
    this.#keys.trim();
    this.#kept.trim();
    this.#output = undefined;
  }

  #drop(serial: number): void {
    for (const accumulator of this.#state.accumulators) accumulator.drop(serial);
  }

  #forget(): void {
    for (const accumulator of this.#state.accumulators) accumulator.forget();
    this.#state.groups.forget((serial) => this.#drop(serial));
  }

  /** Touches the one group of a scalar aggregation, whose key has no columns. */
  #touchScalar(): void {
    const { keyCodec, groups } = this.#state;
    keyCodec.pack([], 0, 1, this.#keys);
    groups.touchAll(this.#keys, undefined, 1, new Int32Array(1));
  }

  #take(input: Delta, from: number, to: number): void {
    const columns = this.#columns;
    assert(columns !== undefined, 'rows of no input');
    const { keyCodec, keptCodec, groups, accumulators } = this.#state;
    const rows = to - from;
    if (this.#places.length < rows)
      this.#places = new Int32Array(Math.max(64, rows, this.#places.length * 2));
    keyCodec.pack(columns.key, from, to, this.#keys);
    keptCodec?.pack(columns.kept, from, to, this.#kept);
    const places = this.#places;
    groups.touchAll(this.#keys, keptCodec === undefined ? undefined : this.#kept, rows, places);
    const { width } = groups;
    const { changes } = groups;
    const { weights } = input;
    for (let row = 0; row < rows; row++) changes[places[row]! * width]! += weights[from + row]!;
    accumulators.forEach((accumulator, i) =>
      accumulator.take(columns.operands[i] ?? [], { from, to, places, weights }),
    );
  }

  /** Gives the rows of the groups of some places. */
  #give(from: number, to: number): void {
    const { groups } = this.#state;
    const most = (to - from) * 2;
    const places = new Int32Array(most);
    const isAfter = new Uint8Array(most);
    const weights = new Int32Array(most);
    let count = 0;
    for (let place = from; place < to; place++) {
      const wasThere = this.#isScalar ? this.#hasRow : groups.before(place, 0) > 0;
      const isThere = this.#isScalar || groups.after(place, 0) > 0;
      if (wasThere && isThere && this.#isSame(place)) continue;
      if (wasThere) {
        places[count] = place;
        weights[count++] = -1;
      }
      if (isThere) {
        places[count] = place;
        isAfter[count] = 1;
        weights[count++] = 1;
      }
    }
    if (count > 0)
      this.#builder.add(count, weights.slice(0, count), this.#columnsOf({ count, places, isAfter }));
  }

  #isSame(place: number): boolean {
    const { outputs, groupColumns } = this.#state;
    for (const output of outputs) if (!output.isSame(place)) return false;
    for (const { representatives } of groupColumns) {
      if (representatives !== undefined && !representatives.isSame(place)) return false;
    }
    return true;
  }

  #columnsOf(rows: OutputRows): readonly Column[] {
    const { groups, groupColumns, keyCodec, outputs } = this.#state;
    const addresses = new Int32Array(rows.count);
    for (let row = 0; row < rows.count; row++) addresses[row] = groups.records[rows.places[row]!]!;
    const packed = { arena: groups.arena, addresses, count: rows.count, skip: groups.keySkip };
    const keys = groupColumns.map(
      ({ representatives }, k) => representatives?.columnOf(rows) ?? unpackColumn(keyCodec, k, packed),
    );
    return [...keys, ...outputs.map((output) => output.columnOf(rows))];
  }
}
