import { expect } from 'chai';
import { limits } from '../../../src/base/limits.js';
import { ts } from '../../../src/codec/tso.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import type { Circuit } from '../../../src/dataflow/circuit.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import type { Step } from '../../../src/dataflow/step.js';
import type { NodeSpec, ViewSpec } from '../../../src/dataflow/view-spec.js';
import { BIGINT, TEXT, type WeightedRow, column, compare, deltaOf, rowsOf } from './rows.js';

const ID = { id: 1, type: BIGINT };
const NAME = { id: 2, type: TEXT };
const PRICE = { id: 3, type: BIGINT };

/** id, name where price > 10 */
function expensive(viewId: bigint, table = 7): ViewSpec {
  const source: NodeSpec = { kind: 'source', table, columns: [PRICE, ID, NAME] };
  const filter: NodeSpec = { kind: 'filter', input: source, predicate: compare(0, '>', 10n) };
  return {
    viewId,
    hasKey: true,
    root: { kind: 'project', input: filter, items: [column(1), column(2, TEXT)] },
  };
}

/** name of all */
function names(viewId: bigint, table = 7): ViewSpec {
  return { viewId, hasKey: false, root: { kind: 'source', table, columns: [NAME] } };
}

function finish(step: Step, budget = 1000): ReadonlyMap<bigint, Delta> {
  for (;;) {
    const result = step.run(budget);
    if (result.kind === 'done') return result.views;
  }
}

/** Rows of table 7: id, name, price. */
function changes(...rows: readonly WeightedRow[]): ReadonlyMap<number, Delta> {
  return new Map([[7, deltaOf([BIGINT, TEXT, BIGINT], rows)]]);
}

function contents(views: ReadonlyMap<bigint, Delta>, viewId: bigint, types = [BIGINT, TEXT]): unknown {
  return rowsOf(types, views.get(viewId)!);
}

describe('dataflow/circuit', () => {
  it('asks for the columns that its views use, by id, once a table', () => {
    const circuit = buildCircuit([expensive(1n), names(2n), names(3n, 8)], ts(5n));
    expect(circuit.views).deep.equal([1n, 2n, 3n]);
    expect([...circuit.sources]).deep.equal([
      [7, [ID, NAME, PRICE]],
      [8, [NAME]],
    ]);
    expect(circuit.upper).equal(5n);
  });

  it('turns each change into what it changes in the view', () => {
    const circuit = buildCircuit([expensive(1n)], ts(1n));
    const views = finish(
      circuit.begin(
        ts(2n),
        changes(
          [1, 1n, 'in', 11n],
          [1, 2n, 'out', 10n],
          [-1, 3n, 'was out', 5n],
          [1, 3n, 'comes in', 50n],
          [-1, 4n, 'goes out', 50n],
          [1, 4n, 'goes out', 5n],
          [-1, 5n, 'changes', 50n],
          [1, 5n, 'changed', 60n],
          [-1, 6n, 'changes elsewhere', 50n],
          [1, 6n, 'changes elsewhere', 60n],
        ),
      ),
    );
    expect(contents(views, 1n)).deep.equal([
      [1, 1n, 'in'],
      [1, 3n, 'comes in'],
      [-1, 4n, 'goes out'],
      [-1, 5n, 'changes'],
      [1, 5n, 'changed'],
    ]);
    expect(circuit.upper).equal(2n);
  });

  it('has an empty delta for a view in which nothing changed', () => {
    const circuit = buildCircuit([expensive(1n), names(2n, 8)], ts(1n));
    const views = finish(circuit.begin(ts(2n), new Map()));
    expect([views.get(1n)?.rows, views.get(2n)?.rows]).deep.equal([0, 0]);
    expect(views.get(1n)?.columns.map(({ kind }) => kind)).deep.equal(['i64', 'bytes']);
    expect(views.get(1n)?.isConsolidated).equal(true);
  });

  it('works in pieces of about the budget', () => {
    const circuit = buildCircuit([expensive(1n)], ts(1n));
    const rows = Array.from({ length: 100 }, (_, i): WeightedRow => [
      i % 2 === 0 ? 1 : -1,
      BigInt(i >> 1),
      'x',
      BigInt(i),
    ]);
    const step = circuit.begin(ts(2n), changes(...rows));
    let pieces = 1;
    let result = step.run(10);
    while (result.kind === 'more') {
      pieces++;
      result = step.run(10);
    }
    // 100 rows through the chain, 89 through the view.
    expect(pieces).within(18, 20);
    const whole = finish(buildCircuit([expensive(1n)], ts(1n)).begin(ts(2n), changes(...rows)));
    expect(contents(result.views, 1n)).deep.equal(contents(whole, 1n));
    expect(() => step.run(10)).throw('over');
  });

  it('leaves its inputs as they are', () => {
    const circuit = buildCircuit([expensive(1n), names(2n)], ts(1n));
    const input = changes([1, 1n, 'a', 11n], [1, 1n, 'a', 11n], [-1, 2n, 'b', 1n]);
    const before = structuredClone(input);
    finish(circuit.begin(ts(2n), input));
    expect(input).deep.equal(before);
  });

  it('makes one operator of a chain of filters and projections', () => {
    const source: NodeSpec = { kind: 'source', table: 7, columns: [ID, PRICE] };
    const lower: NodeSpec = { kind: 'project', input: source, items: [column(1), column(0)] };
    const middle: NodeSpec = { kind: 'filter', input: lower, predicate: compare(0, '>', 10n) };
    const upper: NodeSpec = { kind: 'project', input: middle, items: [column(1)] };
    const root: NodeSpec = { kind: 'filter', input: upper, predicate: compare(0, '<', 3n) };
    const circuit = buildCircuit([{ viewId: 1n, hasKey: true, root }], ts(1n));
    expect(circuit.report().map(({ name }) => name)).deep.equal(['rows', 'view']);
    const input = new Map([
      [
        7,
        deltaOf(
          [BIGINT, BIGINT],
          [
            [1, 1n, 20n],
            [1, 2n, 5n],
            [1, 4n, 20n],
          ],
        ),
      ],
    ]);
    expect(contents(finish(circuit.begin(ts(2n), input)), 1n, [BIGINT])).deep.equal([[1, 1n]]);
  });

  it('counts rows by operator and holds none', () => {
    const circuit = buildCircuit([expensive(1n)], ts(1n));
    finish(circuit.begin(ts(2n), changes([1, 1n, 'a', 11n], [1, 2n, 'b', 1n])), 1);
    finish(circuit.begin(ts(3n), changes([-1, 1n, 'a', 11n], [1, 1n, 'a', 12n])));
    expect(circuit.report().map(({ views, name, counters }) => ({ views, name, ...counters }))).deep.equal([
      { views: [1n], name: 'rows', rowsIn: 4, rowsOut: 3, rowsTouched: 0, stateRows: 0, stateBytes: 0 },
      { views: [1n], name: 'view', rowsIn: 3, rowsOut: 1, rowsTouched: 0, stateRows: 0, stateBytes: 0 },
    ]);
  });

  it('tells what the operators of one view have done, and how long it took them', () => {
    const circuit = buildCircuit([expensive(1n), { ...expensive(1n), viewId: 2n }], ts(1n));
    let nowMs = 0;
    finish(circuit.begin(ts(2n), changes([1, 1n, 'a', 11n], [1, 2n, 'b', 1n]), () => nowMs++));
    const work = circuit.work(1n);
    expect(work.map(({ depth, name, table, views }) => [depth, name, table, views])).deep.equal([
      [0, 'view', undefined, 1],
      [1, 'rows', undefined, 2],
      [2, 'source', 7, 2],
    ]);
    expect(work.map(({ counters }) => [counters.rowsIn, counters.rowsOut])).deep.equal([
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
    // A run and an absorption, of one tick each.
    expect(work.map(({ spentMs }) => spentMs)).deep.equal([2, 2, 0]);
    const other = buildCircuit([names(3n)], ts(2n));
    other.attach(circuit);
    expect(other.work(1n).map(({ spentMs }) => spentMs)).deep.equal([2, 2, 0]);
    expect(() => circuit.work(9n)).throw('no view 9');
  });

  describe('views come and go', () => {
    it('attach takes the views of a circuit at the same epoch', () => {
      const circuit = buildCircuit([expensive(1n)], ts(2n));
      const build = buildCircuit([names(2n), names(3n, 8)], ts(1n));
      finish(build.begin(ts(2n), new Map()));
      circuit.attach(build);
      expect(circuit.views).deep.equal([1n, 2n, 3n]);
      expect([...circuit.sources.keys()]).deep.equal([7, 8]);
      const views = finish(circuit.begin(ts(3n), changes([1, 1n, 'a', 11n])));
      expect(contents(views, 1n)).deep.equal([[1, 1n, 'a']]);
      expect(contents(views, 2n, [TEXT])).deep.equal([[1, 'a']]);
      expect(() => build.begin(ts(3n), new Map())).throw('attached');
    });

    it('attach refuses another epoch, the same view, itself', () => {
      const circuit = buildCircuit([expensive(1n)], ts(2n));
      expect(() => circuit.attach(buildCircuit([names(2n)], ts(1n)))).throw('at 1');
      expect(() => circuit.attach(buildCircuit([names(1n)], ts(2n)))).throw('there already');
      expect(() => circuit.attach(circuit)).throw('itself');
      expect(circuit.views).deep.equal([1n]);
    });

    it('detach lets go of the columns and tables that no other view uses', () => {
      const circuit = buildCircuit([expensive(1n), names(2n), names(3n, 8)], ts(1n));
      circuit.detach(1n);
      circuit.detach(3n);
      expect([...circuit.sources]).deep.equal([[7, [NAME]]]);
      expect(circuit.report().length).equal(1);
      const views = finish(circuit.begin(ts(2n), new Map([[7, deltaOf([TEXT], [[1, 'a']])]])));
      expect([...views.keys()]).deep.equal([2n]);
      expect(() => circuit.detach(1n)).throw('no view 1');
    });

    it('neither while an epoch is under way', () => {
      const circuit = buildCircuit([expensive(1n)], ts(1n));
      circuit.begin(ts(2n), changes([1, 1n, 'a', 11n]));
      expect(() => circuit.detach(1n)).throw('under way');
      expect(() => circuit.attach(buildCircuit([names(2n)], ts(1n)))).throw('under way');
      expect(() => circuit.begin(ts(2n), new Map())).throw('under way');
    });
  });

  describe('an epoch that is given up', () => {
    const rows = [
      [1, 1n, 'a', 11n],
      [1, 2n, 'b', 12n],
    ] as const satisfies readonly WeightedRow[];

    it('has changed nothing', () => {
      const circuit: Circuit = buildCircuit([expensive(1n)], ts(1n));
      const step = circuit.begin(ts(2n), changes(...rows));
      expect(step.run(1).kind).equal('more');
      circuit.abandon();
      expect(circuit.upper).equal(1n);
      const views = finish(circuit.begin(ts(3n), changes([1, 3n, 'c', 13n])));
      expect(contents(views, 1n)).deep.equal([[1, 3n, 'c']]);
    });

    it('so has one that reached a limit', () => {
      const circuit = buildCircuit(
        [{ ...names(1n), root: { kind: 'source', table: 7, columns: [ID] } }],
        ts(1n),
      );
      const size = limits.epochRows + 1;
      const ids = {
        kind: 'i64',
        lo: Int32Array.from({ length: size }, (_, i) => i),
        hi: new Int32Array(size),
        nulls: undefined,
      } as const;
      const delta = {
        rows: size,
        weights: new Int32Array(size).fill(1),
        columns: [ids],
        isConsolidated: false,
      };
      expect(() => finish(circuit.begin(ts(2n), new Map([[7, delta]])), size)).throw(`${limits.epochRows}`);
      circuit.abandon();
      expect(circuit.upper).equal(1n);
      const views = finish(circuit.begin(ts(2n), new Map([[7, deltaOf([BIGINT], [[1, 1n]])]])));
      expect(contents(views, 1n, [BIGINT])).deep.equal([[1, 1n]]);
    });
  });

  it('refuses what a caller must not do', () => {
    const circuit = buildCircuit([expensive(1n)], ts(5n));
    expect(() => circuit.begin(ts(4n), new Map())).throw('up to 4 after 5');
    expect(() => circuit.begin(ts(6n), new Map([[9, deltaOf([BIGINT], [])]]))).throw('no view reads table 9');
    expect(() => circuit.begin(ts(6n), new Map([[7, deltaOf([BIGINT], [])]]))).throw('columns');
    expect(() =>
      buildCircuit([names(1n)], ts(1n))
        .begin(ts(2n), new Map())
        .run(0),
    ).throw('budget');
  });
});
