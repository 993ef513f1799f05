/** Where a view's delta leaves a circuit: consolidated, so that a row that went and came back costs nothing. */
import { assert } from '../../base/assert.js';
import { Consolidation } from '../consolidate.js';
import type { Delta } from '../delta.js';
import type { Operator, RunResult } from '../operator.js';
import { RowCounter } from './counter.js';

/** The end of a view's operators. */
export class OutputOperator implements Operator {
  readonly name = 'view';
  readonly counters = new RowCounter();
  readonly #hasKey: boolean;
  #input: Delta | undefined;
  /** undefined: there is nothing to consolidate. */
  #consolidation: Consolidation | undefined;
  #output: Delta | undefined;

  /** @param hasKey - whether no two rows of the view are equal. */
  constructor(hasKey: boolean) {
    this.#hasKey = hasKey;
  }

  get output(): Delta {
    assert(this.#output !== undefined, 'the output has not run');
    return this.#output;
  }

  begin(inputs: readonly Delta[]): void {
    const [input] = inputs;
    assert(input !== undefined && inputs.length === 1, `an output with ${inputs.length} inputs`);
    this.#input = input;
    const isClean = this.#hasKey && isInsertionOnly(input);
    this.#consolidation = isClean ? undefined : new Consolidation(input);
    this.#output = undefined;
    this.counters.rowsIn += input.rows;
  }

  /** @throws LimitError — when the delta has more rows than an epoch may have. */
  run(budget: number): RunResult {
    const input = this.#input;
    assert(input !== undefined, 'run before begin');
    const result = this.#consolidation?.run(budget) ?? { rows: 0, isDone: true };
    if (!result.isDone) return result;
    this.#output = this.#consolidation?.finish() ?? { ...input, isConsolidated: true };
    this.#input = undefined;
    this.#consolidation = undefined;
    this.counters.rowsOut += this.#output.rows;
    return result;
  }

  absorb(): void {
    this.#output = undefined;
  }
}

/** Whether each row is added once: as from a scan, where of a view with a key no two are equal. */
function isInsertionOnly({ rows, weights }: Delta): boolean {
  for (let row = 0; row < rows; row++) {
    if (weights[row] !== 1) return false;
  }
  return true;
}
