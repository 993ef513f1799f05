/**
 * Filters and projects: a row program (row-program.ts), compiled. Linear, so it needs no state: f(A + ΔA) = f(A) +
 * f(ΔA), and an old row that failed the filter simply does not come out when it is taken away.
 */
import { assert } from '../../base/assert.js';
import type { Column } from '../../codec/column.js';
import { type CompiledProgram, compileProgram } from '../compile/compile-program.js';
import type { Delta } from '../delta.js';
import { DeltaBuilder } from '../delta-builder.js';
import { emptyColumn } from '../empty-column.js';
import { gatherColumn, pickInt32 } from '../gather.js';
import type { Operator, RunResult } from '../operator.js';
import { type RowProgram, outputTypes } from '../row-program.js';
import { RowCounter } from './counter.js';

const NO_ROWS = new Int32Array(0);

/** A chain of filters and projections. */
export class ChainOperator implements Operator {
  readonly name = 'rows';
  readonly counters = new RowCounter();
  readonly program: RowProgram;
  readonly #compiled: CompiledProgram;
  readonly #empty: readonly Column[];
  #builder = new DeltaBuilder();
  #input: Delta | undefined;
  #at = 0;
  #selected = NO_ROWS;
  #output: Delta | undefined;

  constructor(program: RowProgram) {
    this.program = program;
    this.#compiled = compileProgram(program);
    this.#empty = outputTypes(program).map(emptyColumn);
  }

  get output(): Delta {
    assert(this.#output !== undefined, 'the chain has not run to its end');
    return this.#output;
  }

  begin(inputs: readonly Delta[]): void {
    const [input] = inputs;
    assert(input !== undefined && inputs.length === 1, `a chain with ${inputs.length} inputs`);
    assert(input.columns.length === this.program.input.length, `${input.columns.length} columns for a chain`);
    this.#input = input;
    this.#at = 0;
    // An epoch that failed may have left pieces behind.
    this.#builder = new DeltaBuilder();
    this.#output = undefined;
    this.counters.rowsIn += input.rows;
  }

  run(budget: number): RunResult {
    const input = this.#input;
    assert(input !== undefined, 'run before begin');
    const from = this.#at;
    const to = Math.min(input.rows, from + budget);
    this.#at = to;
    if (to > from) this.#take(input, from, to);
    const isDone = to === input.rows;
    if (isDone) {
      this.#output = this.#builder.finish(this.#empty);
      this.counters.rowsOut += this.#output.rows;
      this.#input = undefined;
    }
    return { rows: to - from, isDone };
  }

  absorb(): void {
    assert(this.#output !== undefined, 'absorb before the end of run');
    // The output may be made of the epoch's input; holding it would keep that alive.
    this.#output = undefined;
  }

  #take(input: Delta, from: number, to: number): void {
    const { select, outputs } = this.#compiled;
    const selected = this.#room(to - from);
    const count =
      select === undefined ? everyRow(from, to, selected) : select(input.columns, from, to, selected);
    if (count === 0) return;
    // All rows of the whole delta: what comes out are the very arrays that came in.
    const isWhole = count === input.rows;
    const columns = outputs.map((output): Column => {
      switch (output.kind) {
        case 'column': {
          const column = input.columns[output.index];
          assert(column !== undefined, `no column ${output.index} among ${input.columns.length}`);
          return isWhole ? column : gatherColumn(column, selected, count);
        }
        case 'constant':
          return output.make(count);
        case 'computed':
          return output.make(input.columns, selected, count);
      }
    });
    this.#builder.add(count, isWhole ? input.weights : pickInt32(input.weights, selected, count), columns);
  }

  /** Room for the numbers of so many rows. */
  #room(rows: number): Int32Array {
    if (this.#selected.length < rows)
      this.#selected = new Int32Array(Math.max(rows, this.#selected.length * 2));
    return this.#selected;
  }
}

function everyRow(from: number, to: number, selected: Int32Array): number {
  for (let row = from; row < to; row++) selected[row - from] = row;
  return to - from;
}
