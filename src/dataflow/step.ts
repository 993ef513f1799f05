/** One epoch of a circuit, in pieces. */
import { assert } from '../base/assert.js';
import { TiviewError } from '../base/errors.js';
import type { TableId } from '../codec/table-keys.js';
import type { Delta } from './delta.js';
import { type Edge, type Node, needs } from './node.js';
import type { Operator, RunResult } from './operator.js';
import { OperatorError } from './operator-error.js';
import type { SourceOperator } from './operators/source-operator.js';
import type { ViewId } from './view-spec.js';

/** How far a step has come. */
export type StepResult =
  | { readonly kind: 'more' }
  /** The delta of every view, consolidated; also of those in which nothing changed. */
  | { readonly kind: 'done'; readonly views: ReadonlyMap<ViewId, Delta> };

/** The parts of a circuit that a step works on. */
export interface StepParts {
  readonly sources: ReadonlyMap<TableId, SourceOperator>;
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<ViewId, Node>;
  /** How long operators have worked, over all steps that had a clock. Added to. */
  readonly spentMs: WeakMap<Operator, number>;
}

/** Milliseconds from some moment on: this layer has no clock of its own. */
export type Clock = () => number;

/** An epoch under way. */
export class Step {
  readonly #parts: StepParts;
  readonly #clock: Clock | undefined;
  readonly #onDone: () => void;
  #at = 0;
  #hasBegun = false;
  #isOver = false;

  /** Use Circuit.begin. */
  constructor(
    parts: StepParts,
    inputs: ReadonlyMap<TableId, Delta>,
    clock: Clock | undefined,
    onDone: () => void,
  ) {
    this.#parts = parts;
    this.#clock = clock;
    this.#onDone = onDone;
    for (const [table, source] of parts.sources) {
      const input = inputs.get(table);
      source.begin(input === undefined ? [] : [input]);
    }
  }

  /**
   * Works on.
   *
   * @param budgetRows - about how many rows to look at before coming back: ≥ 1.
   * @throws OperatorError — when an operator reaches a bound, or a row has no value: the step is over, the circuit as
   *   before it.
   */
  run(budgetRows: number): StepResult {
    assert(!this.#isOver, 'the step is over');
    assert(budgetRows >= 1, `a budget of ${budgetRows} rows`);
    const { nodes } = this.#parts;
    for (let left = budgetRows; this.#at < nodes.length;) {
      if (left <= 0) return { kind: 'more' };
      left -= this.#runNode(nodes[this.#at]!, left);
    }
    return { kind: 'done', views: this.#finish() };
  }

  /** Lets one node work on, and goes on to the next when it is done; the rows looked at. */
  #runNode(node: Node, budget: number): number {
    const { operator, inputs } = node;
    if (!this.#hasBegun) {
      operator.begin(inputs.map((edge) => this.#deltaOf(edge)));
      this.#hasBegun = true;
    }
    const { rows, isDone } = this.#timed(operator, () => this.#runOperator(node, budget));
    if (isDone) {
      this.#at++;
      this.#hasBegun = false;
    }
    return rows;
  }

  /** @throws OperatorError — with the views that cannot go on. */
  #runOperator(node: Node, budget: number): RunResult {
    try {
      return node.operator.run(budget);
    } catch (error) {
      if (!(error instanceof TiviewError)) throw error;
      const views = [...this.#parts.outputs].filter(([, end]) => needs(end, node)).map(([view]) => view);
      throw new OperatorError(node.operator.name, new Set(views), error);
    }
  }

  #finish(): ReadonlyMap<ViewId, Delta> {
    const { sources, nodes, outputs } = this.#parts;
    const views = new Map([...outputs].map(([view, { operator }]) => [view, operator.output]));
    for (const { operator } of nodes) this.#timed(operator, () => operator.absorb());
    for (const source of sources.values()) source.absorb();
    this.#isOver = true;
    this.#onDone();
    return views;
  }

  #timed<T>(operator: Operator, work: () => T): T {
    if (this.#clock === undefined) return work();
    const { spentMs } = this.#parts;
    const startMs = this.#clock();
    const result = work();
    spentMs.set(operator, (spentMs.get(operator) ?? 0) + this.#clock() - startMs);
    return result;
  }

  #deltaOf(edge: Edge): Delta {
    if (edge.kind === 'node') return edge.node.operator.output;
    const source = this.#parts.sources.get(edge.table);
    assert(source !== undefined, `no source of table ${edge.table}`);
    return source.outputOf(edge.columns.map(({ id }) => id));
  }
}
