import { expect } from 'chai';
import { limits } from '../../../../src/base/limits.js';
import { ts } from '../../../../src/codec/tso.js';
import { buildCircuit } from '../../../../src/dataflow/build-circuit.js';
import type { Circuit, OperatorReport } from '../../../../src/dataflow/circuit.js';
import type { Delta } from '../../../../src/dataflow/delta.js';
import type { JoinSpec, JoinType, NodeSpec, ViewSpec } from '../../../../src/dataflow/view-spec.js';
import { BIGINT, TEXT, type Value, type WeightedRow, column, deltaOf, rowsOf } from '../rows.js';

const AUTHORS = 1;
const POSTS = 2;
const TYPES = [BIGINT, TEXT, BIGINT];

/** id, name, age */
function authors(columns: readonly number[]): NodeSpec {
  return { kind: 'source', table: AUTHORS, columns: columns.map((id) => ({ id, type: TYPES[id]! })) };
}

/** author, title, length */
function posts(columns: readonly number[]): NodeSpec {
  return { kind: 'source', table: POSTS, columns: columns.map((id) => ({ id, type: TYPES[id]! })) };
}

function join(type: JoinType, more: Partial<JoinSpec> = {}): JoinSpec {
  const on = [{ left: 0, right: 0, domain: { kind: 'integer' }, isNullSafe: false }] as const;
  return {
    kind: 'join',
    type,
    left: authors([0, 1]),
    right: posts([0, 1]),
    on,
    residual: undefined,
    ...more,
  };
}

function view(viewId: bigint, root: NodeSpec): ViewSpec {
  return { viewId, hasKey: false, root };
}

/** An epoch over both tables, in one go; columns that the circuit does not read are left out. */
function run(
  circuit: Circuit,
  changes: { authors?: readonly WeightedRow[]; posts?: readonly WeightedRow[] },
) {
  const result = circuit.begin(ts(circuit.upper + 1n), inputs(circuit, changes)).run(1e9);
  if (result.kind === 'more') throw new Error('an epoch that does not end');
  return result.views;
}

function inputs(
  circuit: Circuit,
  changes: { authors?: readonly WeightedRow[]; posts?: readonly WeightedRow[] },
): ReadonlyMap<number, Delta> {
  const deltas = new Map<number, Delta>();
  for (const [table, rows] of [
    [AUTHORS, changes.authors],
    [POSTS, changes.posts],
  ] as const) {
    const columns = circuit.sources.get(table);
    if (rows === undefined || columns === undefined) continue;
    const picked = rows.map(([weight, ...values]): WeightedRow => [
      weight,
      ...columns.map(({ id }): Value => values[id]!),
    ]);
    deltas.set(
      table,
      deltaOf(
        columns.map(({ type }) => type),
        picked,
      ),
    );
  }
  return deltas;
}

function post(author: bigint | null, title: string, weight = 1): WeightedRow {
  return [weight, author, title, 0n];
}

function counters(circuit: Circuit, name: string): readonly OperatorReport['counters'][] {
  return circuit.report().flatMap((report) => (report.name === name ? [report.counters] : []));
}

const THOUSAND = Array.from({ length: 1000 }, (_, i) => post(1n, `title ${i}`));

describe('dataflow/operators: joins in a circuit', () => {
  it('retracts a pair when the right row leaves', () => {
    const circuit = buildCircuit([view(1n, join('inner'))], ts(1n));
    run(circuit, { authors: [[1, 1n, 'ann', 20n]], posts: [post(1n, 'a'), post(1n, 'b'), post(2n, 'c')] });
    const views = run(circuit, { posts: [post(1n, 'a', -1)] });
    expect(rowsOf([BIGINT, TEXT, BIGINT, TEXT], views.get(1n)!)).deep.equal([[-1, 1n, 'ann', 1n, 'a']]);
  });

  it('an update of a column that is not used gives nothing, however many rows match', () => {
    const circuit = buildCircuit([view(1n, join('inner')), view(2n, join('left'))], ts(1n));
    run(circuit, { authors: [[1, 1n, 'ann', 20n]], posts: THOUSAND });
    const before = circuit
      .report()
      .map(({ counters: { rowsOut, rowsTouched } }) => ({ rowsOut, rowsTouched }));
    const views = run(circuit, {
      authors: [
        [-1, 1n, 'ann', 20n],
        [1, 1n, 'ann', 21n],
      ],
    });
    expect(views.get(1n)!.rows).equal(0);
    expect(views.get(2n)!.rows).equal(0);
    const after = circuit
      .report()
      .map(({ counters: { rowsOut, rowsTouched } }) => ({ rowsOut, rowsTouched }));
    expect(after).deep.equal(before);
  });

  it('a second view over the same key shares the arrangements, and the last to go releases them', () => {
    const circuit = buildCircuit([view(1n, join('inner'))], ts(1n));
    run(circuit, { authors: [[1, 1n, 'ann', 20n]], posts: THOUSAND });
    const build = buildCircuit(
      [view(2n, join('left')), view(3n, join('inner'))],
      (circuit.upper - 1n) as never,
    );
    run(build, { authors: [[1, 1n, 'ann', 20n]], posts: THOUSAND });
    const alone = counters(circuit, 'arrangement').reduce((sum, { stateBytes }) => sum + stateBytes, 0);
    circuit.attach(build);
    const shared = counters(circuit, 'arrangement');
    expect(shared.map(({ stateRows }) => stateRows)).deep.equal([1, 1000]);
    expect(shared.reduce((sum, { stateBytes }) => sum + stateBytes, 0)).equal(alone);
    expect(counters(circuit, 'join').length).equal(2);
    expect(circuit.report().find(({ name }) => name === 'arrangement')!.views).deep.equal([1n, 2n, 3n]);
    const views = run(circuit, { posts: [post(1n, 'new')] });
    expect([1n, 2n, 3n].map((id) => views.get(id)!.rows)).deep.equal([1, 1, 1]);
    circuit.detach(1n);
    circuit.detach(3n);
    expect(counters(circuit, 'arrangement').length).equal(2);
    expect(counters(circuit, 'join').length).equal(1);
    expect(run(circuit, { posts: [post(1n, 'newer')] }).get(2n)!.rows).equal(1);
    circuit.detach(2n);
    expect(circuit.report()).deep.equal([]);
  });

  it('touches a bounded number of rows for each change, also of a key that has thousands', () => {
    const circuit = buildCircuit([view(1n, join('inner'))], ts(1n));
    const many = Array.from({ length: 20_000 }, (_, i) => post(1n, `title ${i}`));
    run(circuit, { posts: many });
    const touched = (): number =>
      circuit.report().reduce((sum, report) => sum + report.counters.rowsTouched, 0);
    const before = touched();
    // From the oldest on: those that a search of the chain would find last.
    run(circuit, { posts: many.slice(0, 1000).map(([, ...values]): WeightedRow => [-1, ...values]) });
    expect(touched() - before).at.most(3 * 1000);
    const beforePair = touched();
    run(circuit, { authors: [[1, 2n, 'bob', 1n]] });
    expect(touched() - beforePair).at.most(3);
  });

  it('comes back within its budget in the middle of a key with many rows', () => {
    const circuit = buildCircuit([view(1n, join('inner'))], ts(1n));
    run(circuit, { posts: THOUSAND });
    const step = circuit.begin(ts(9n), inputs(circuit, { authors: [[1, 1n, 'ann', 20n]] }));
    let pieces = 1;
    for (let result = step.run(10); result.kind === 'more'; result = step.run(10)) pieces++;
    expect(pieces).at.least(100);
  });

  it('an epoch that reaches a bound changes nothing', () => {
    const circuit = buildCircuit([view(1n, join('left', { residual: undefined }))], ts(1n));
    const often = 1 << 20;
    run(circuit, { authors: [[often, 1n, 'ann', 20n]], posts: [post(2n, 'x')] });
    const upper = circuit.upper;
    const bad = inputs(circuit, { posts: [post(1n, 'y', often)] });
    expect(() => circuit.begin(ts(upper + 1n), bad).run(1e9)).throw('times in a join');
    circuit.abandon();
    expect(circuit.upper).equal(upper);
    const views = run(circuit, { posts: [post(1n, 'y', 2)] });
    expect(rowsOf([BIGINT, TEXT, BIGINT, TEXT], views.get(1n)!)).deep.equal([
      [often * 2, 1n, 'ann', 1n, 'y'],
      [-often, 1n, 'ann', null, null],
    ]);
    expect(limits.operatorRows).at.least(limits.epochRows);
  });

  it('matches NULL with NULL only where it is asked to', () => {
    const on = [{ left: 0, right: 0, domain: { kind: 'integer' }, isNullSafe: true }] as const;
    const circuit = buildCircuit([view(1n, join('inner')), view(2n, join('inner', { on }))], ts(1n));
    const views = run(circuit, { authors: [[1, null, 'nobody', 0n]], posts: [post(null, 'x')] });
    expect(views.get(1n)!.rows).equal(0);
    expect(views.get(2n)!.rows).equal(1);
  });

  it('gives only the columns that are used above it', () => {
    const root: NodeSpec = { kind: 'project', input: join('inner'), items: [column(3, TEXT)] };
    const circuit = buildCircuit([view(1n, root)], ts(1n));
    const views = run(circuit, { authors: [[1, 1n, 'ann', 20n]], posts: [post(1n, 'a')] });
    expect(rowsOf([TEXT], views.get(1n)!)).deep.equal([[1, 'a']]);
  });
});
