/**
 * What an operator is and what a circuit may rely on.
 *
 * In one epoch an operator sees, once each and in this order:
 *
 *     begin(inputs)      its inputs' deltas for the epoch, complete; they are lent until `absorb`
 *     run(budget) …      as often as it takes: emits from the state of before the epoch and the inputs
 *     output             the epoch's result, complete; there until `absorb`, and never written to after it
 *     absorb()           its state becomes that of after the epoch
 *
 * Laws:
 * - out = f(state, inputs) is exact: with S the accumulation of all inputs so far, the accumulation of all outputs is
 *   F(S) for the operator's relational meaning F. A join, say, emits ΔA⋈B + A⋈ΔB + ΔA⋈ΔB, with A and B of before.
 * - Until `absorb` the state is that of before the epoch: an epoch that fails (LimitError) has changed nothing, and
 *   whoever shares an arrangement reads the same in any order of operators.
 * - Deterministic and synchronous: no clock, no promise, no randomness, no iteration over objects' keys.
 * - `run` looks at about `budget` rows (of input or of state) and returns how many it did look at; it may be called
 *   again only after it said that it is not done. The thread breathes between calls.
 * - Deltas are never written to, and may be passed on as they are.
 */
import type { Delta } from './delta.js';

/** What an operator has done and holds, for EXPLAIN ANALYZE and metrics. Rows of deltas, over all epochs. */
export interface OperatorCounters {
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Rows of its state that it has looked at: bounded for each row that comes in and each that goes out. */
  readonly rowsTouched: number;
  /** Rows held between epochs. */
  readonly stateRows: number;
  readonly stateBytes: number;
}

/** A node of a circuit. */
export interface Operator {
  /** What it is called in EXPLAIN. */
  readonly name: string;
  readonly counters: OperatorCounters;
  begin(inputs: readonly Delta[]): void;
  /**
   * @param budget - rows to look at, at least 1.
   * @returns the rows looked at, and whether the output is complete.
   * @throws LimitError — when a bound is reached; the operator must then not be used in this epoch any more.
   */
  run(budget: number): RunResult;
  readonly output: Delta;
  absorb(): void;
}

/** How far a `run` has come. */
export interface RunResult {
  readonly rows: number;
  readonly isDone: boolean;
}
