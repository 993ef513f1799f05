/**
 * The operators of all views of a group, as one directed graph, and the epochs they go through together.
 *
 * An epoch is a step: `begin` takes the deltas of the base tables, `run` works in pieces until every operator has
 * emitted, then all absorb (operator.ts) and the circuit stands at the epoch's upper end. A step that throws has
 * changed no state: the next `begin` starts from where the circuit stood.
 *
 * Views come and go between epochs: a build has a circuit of its own until it has caught up, then joins.
 */
import { assert } from '../base/assert.js';
import type { TableId } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import type { Delta } from './delta.js';
import { type Edge, type Node, reads, sharedGraph } from './node.js';
import type { Operator, OperatorCounters } from './operator.js';
import { type SourceColumn, SourceOperator } from './operators/source-operator.js';
import { type Clock, Step } from './step.js';
import type { ViewId } from './view-spec.js';

/** What an operator has done. */
export interface OperatorReport {
  /** Views that it works for. */
  readonly views: readonly ViewId[];
  readonly name: string;
  readonly counters: OperatorCounters;
}

/** An operator as one view sees it, for EXPLAIN ANALYZE. */
export interface OperatorWork {
  /** 0: the view itself; inputs follow, one deeper. What is an input twice is there twice. */
  readonly depth: number;
  readonly name: string;
  /** The base table, of an operator that brings in its changes. */
  readonly table: TableId | undefined;
  readonly counters: OperatorCounters;
  /** In steps that had a clock. */
  readonly spentMs: number;
  /** How many views it works for. */
  readonly views: number;
}

/** Incremental maintenance of some views. */
export class Circuit {
  #upper: Ts;
  #sources: ReadonlyMap<TableId, SourceOperator>;
  #outputs: ReadonlyMap<ViewId, Node>;
  /** Every node after its inputs. */
  #nodes: readonly Node[];
  #step: Step | undefined;
  #isSpent = false;
  readonly #spentMs = new WeakMap<Operator, number>();

  /**
   * @param upper - all commits up to it are in the operators' state.
   * @param outputs - the last node of each view.
   */
  constructor(upper: Ts, outputs: ReadonlyMap<ViewId, Node>) {
    this.#upper = upper;
    this.#outputs = outputs;
    this.#nodes = nodesOf(outputs.values());
    this.#sources = sourcesOf(this.#nodes);
  }

  /** The epoch that the circuit stands at. */
  get upper(): Ts {
    return this.#upper;
  }

  /** The columns that the delta of each base table must have, by id in ascending order. */
  get sources(): ReadonlyMap<TableId, readonly SourceColumn[]> {
    return new Map([...this.#sources].map(([table, { columns }]) => [table, columns]));
  }

  get views(): readonly ViewId[] {
    return [...this.#outputs.keys()];
  }

  /**
   * Begins an epoch.
   *
   * @param upper - its end: not before that of the last one.
   * @param inputs - what changed in (this.upper, upper], with the columns that {@link sources} says; tables in which
   *   nothing changed may be left out. Lent until the step is done.
   * @param clock - given if what the operators take is to be known.
   */
  begin(upper: Ts, inputs: ReadonlyMap<TableId, Delta>, clock?: Clock): Step {
    this.#assertIdle();
    assert(upper >= this.#upper, `an epoch up to ${upper} after ${this.#upper}`);
    for (const table of inputs.keys()) assert(this.#sources.has(table), `no view reads table ${table}`);
    const step = new Step(
      { sources: this.#sources, nodes: this.#nodes, outputs: this.#outputs, spentMs: this.#spentMs },
      inputs,
      clock,
      () => {
        this.#upper = upper;
        this.#step = undefined;
      },
    );
    this.#step = step;
    return step;
  }

  /** Gives up the step under way, if any: the circuit stays where it was. */
  abandon(): void {
    this.#step = undefined;
  }

  /**
   * Takes in the views of another circuit that stands at the same epoch; the other must not be used any more. Of what
   * both compute only this circuit's operators stay.
   */
  attach(other: Circuit): void {
    this.#assertIdle();
    other.#assertIdle();
    assert(other !== this, 'a circuit attached to itself');
    assert(other.#upper === this.#upper, `a circuit at ${other.#upper} attached to one at ${this.#upper}`);
    for (const view of other.#outputs.keys())
      assert(!this.#outputs.has(view), `view ${view} is there already`);
    other.#isSpent = true;
    for (const { operator } of other.#nodes) this.#spentMs.set(operator, other.#spentMs.get(operator) ?? 0);
    const known = new Map<string, Node>();
    for (const node of this.#nodes) if (node.signature !== undefined) known.set(node.signature, node);
    const joining = [...other.#outputs].map(([view, node]) => [view, sharedGraph(node, known)] as const);
    this.#rewire(new Map([...this.#outputs, ...joining]));
  }

  /** Lets a view go, with the operators that work for no other. */
  detach(view: ViewId): void {
    this.#assertIdle();
    assert(this.#outputs.has(view), `no view ${view}`);
    this.#rewire(new Map([...this.#outputs].filter(([id]) => id !== view)));
  }

  /** State of the operators that work for a view; what several views share counts for each. */
  stateBytes(view: ViewId): number {
    const end = this.#outputs.get(view);
    assert(end !== undefined, `no view ${view}`);
    return nodesOf([end]).reduce((bytes, { operator }) => bytes + operator.counters.stateBytes, 0);
  }

  /** What the operators have done and hold, in the order in which they run. */
  report(): readonly OperatorReport[] {
    const reach = new Map([...this.#outputs].map(([view, node]) => [view, new Set(nodesOf([node]))]));
    return this.#nodes.map((node) => ({
      views: [...reach].filter(([, nodes]) => nodes.has(node)).map(([view]) => view),
      name: node.operator.name,
      counters: node.operator.counters,
    }));
  }

  /** What the operators of one view have done and hold, from the view down to its tables. */
  work(view: ViewId): readonly OperatorWork[] {
    const end = this.#outputs.get(view);
    assert(end !== undefined, `no view ${view}`);
    const ends = [...this.#outputs.values()];
    const lines: OperatorWork[] = [];
    const visit = (edge: Edge, depth: number): void => {
      const operator = edge.kind === 'node' ? edge.node.operator : this.#sources.get(edge.table);
      assert(operator !== undefined, `view ${view} reads what is no source`);
      lines.push({
        depth,
        name: operator.name,
        table: edge.kind === 'source' ? edge.table : undefined,
        counters: operator.counters,
        spentMs: this.#spentMs.get(operator) ?? 0,
        views: ends.filter((other) => reads(other, edge)).length,
      });
      if (edge.kind === 'node') for (const input of edge.node.inputs) visit(input, depth + 1);
    };
    visit({ kind: 'node', node: end }, 0);
    return lines;
  }

  #rewire(outputs: ReadonlyMap<ViewId, Node>): void {
    this.#outputs = outputs;
    this.#nodes = nodesOf(outputs.values());
    this.#sources = sourcesOf(this.#nodes);
  }

  #assertIdle(): void {
    assert(!this.#isSpent, 'the circuit has been attached to another');
    assert(this.#step === undefined, 'an epoch is under way');
  }
}

/** All nodes that some nodes need, each after its inputs. */
function nodesOf(ends: Iterable<Node>): readonly Node[] {
  const done = new Set<Node>();
  const visit = (node: Node): void => {
    if (done.has(node)) return;
    for (const edge of node.inputs) if (edge.kind === 'node') visit(edge.node);
    done.add(node);
  };
  for (const end of ends) visit(end);
  return [...done];
}

/** One source a table, with the columns that any node reads. */
function sourcesOf(nodes: readonly Node[]): ReadonlyMap<TableId, SourceOperator> {
  const columnsOf = new Map<TableId, Map<number, SourceColumn>>();
  for (const { inputs } of nodes) {
    for (const edge of inputs) {
      if (edge.kind !== 'source') continue;
      const known = columnsOf.get(edge.table) ?? new Map<number, SourceColumn>();
      for (const column of edge.columns) known.set(column.id, column);
      columnsOf.set(edge.table, known);
    }
  }
  const sorted = (columns: Map<number, SourceColumn>): SourceColumn[] =>
    [...columns.values()].sort((a, b) => a.id - b.id);
  return new Map([...columnsOf].map(([table, columns]) => [table, new SourceOperator(sorted(columns))]));
}
