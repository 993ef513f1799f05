import { expect } from 'chai';
import type { RowChange } from './batch-rows.js';
import { feedTraces, independentFold, replay, type Trace } from './golden-trace.js';
import { isSimpleTable, type SqlRow, sqlRowOf } from './trace-sql.js';

/** Rows that the last snapshot has and the feed never sends (test/traces/README.md). */
const NEVER_SENT: Readonly<Record<string, readonly string[]>> = { 'txn-source': ['301'] };

/** Each change once, in order of commit, up to the last snapshot. */
function history(trace: Trace, rows: readonly RowChange[]): RowChange[] {
  const last = BigInt(trace.snapshots?.at(-1)?.ts ?? (1n << 64n).toString());
  const byCommit = new Map(rows.map((row) => [`${row.key}@${row.commitTs}`, row]));
  return [...byCommit.values()]
    .filter((row) => row.commitTs <= last)
    .sort((a, b) => (a.commitTs < b.commitTs ? -1 : a.commitTs > b.commitTs ? 1 : 0));
}

function foldToSql(trace: Trace, changes: readonly RowChange[]): SqlRow[] {
  const first = trace.snapshots!.length > 1 ? trace.snapshots![0]!.rows : [];
  const table = new Map(first.map((row) => [row['id'], row]));
  for (const { key, value } of changes) {
    const { id } = sqlRowOf(key, value ?? '800000000000');
    if (value === undefined) table.delete(id);
    else table.set(id, sqlRowOf(key, value));
  }
  return [...table.values()].sort((a, b) => Number(a['id']) - Number(b['id']));
}

/** How many rows more there are at the end than at the beginning. */
function growth(changes: readonly RowChange[]): number {
  const first = new Map<string, boolean>();
  const last = new Map<string, boolean>();
  for (const { key, value, old } of changes) {
    if (!first.has(key)) first.set(key, old !== undefined);
    last.set(key, value !== undefined);
  }
  const count = (there: ReadonlyMap<string, boolean>): number => [...there.values()].filter(Boolean).length;
  return count(last) - count(first);
}

const traces = feedTraces();

describe('golden traces', () => {
  it('are all there', () => {
    expect(traces).to.have.length(28);
    expect(traces.filter(isSimpleTable)).to.have.length(21);
  });

  for (const trace of traces) {
    describe(trace.scenario, () => {
      const { rows, faults, errors, resolved } = replay(trace);
      const changes = history(trace, rows);

      it('replays without a fault to what an independent fold gives', () => {
        expect(faults).to.deep.equal([]);
        const got = new Map(rows.map((row) => [`${row.key}@${row.commitTs}`, row.value ?? '']));
        expect([...got].sort()).to.deep.equal([...independentFold(trace)].sort());
      });

      it('gives each change the value before it as its old value', () => {
        const values = new Map<string, string | undefined>();
        for (const { key, value, old } of changes) {
          if (values.has(key)) expect(old).to.equal(values.get(key));
          values.set(key, value);
        }
      });

      if (trace.scenario === 'partitions') {
        it('sends nothing for the table itself', () => {
          expect(rows).to.deep.equal([]);
        });
      } else if (isSimpleTable(trace)) {
        it('folds to the rows of the last snapshot', () => {
          const missing = NEVER_SENT[trace.scenario] ?? [];
          const expected = trace.snapshots!.at(-1)!.rows.filter(({ id }) => !missing.includes(id!));
          expect(foldToSql(trace, changes)).to.deep.equal(expected);
        });
      } else if (trace.snapshots !== undefined) {
        it('leaves as many rows as the last snapshot has (its values need the row codec)', () => {
          const [first, last] = [trace.snapshots![0]!, trace.snapshots!.at(-1)!];
          expect(growth(changes)).to.equal(last.rows.length - first.rows.length);
        });
      }

      it('resolves past what it has delivered', () => {
        // Subscriptions that ended with an error stay behind; somebody else has their keys then.
        const newest = [...resolved.values()].reduce((a, b) => (a > b ? a : b));
        const last = changes.at(-1)?.commitTs ?? 0n;
        expect(newest >= last || errors.length > 0).to.equal(true);
      });
    });
  }

  it('show the errors that were provoked', () => {
    const errorsOf = (scenario: string): readonly string[] =>
      replay(traces.find((trace) => trace.scenario === scenario)!).errors;
    expect(errorsOf('errors')).to.deep.equal([
      'duplicateRequest',
      'regionNotFound',
      'epochNotMatch',
      'clusterIdMismatch',
    ]);
    expect(errorsOf('split')).to.deep.equal(['epochNotMatch']);
    expect(errorsOf('merge')).to.deep.equal(['epochNotMatch', 'epochNotMatch']);
    expect(errorsOf('deregister')).to.deep.equal(['regionNotFound']);
  });

  it('never let a resolved ts go back, though a new subscription begins below its checkpoint', () => {
    const { resolved } = replay(traces.find((trace) => trace.scenario === 'late-prewrite')!);
    expect(resolved.get('8/20')! > 470612702295228417n).to.equal(true);
  });

  it('join the long values of the DDL jobs with their commits', () => {
    const { rows } = replay(traces.find((trace) => trace.scenario === 'ddl-job')!);
    expect(rows.length).to.be.greaterThan(20);
    expect(
      rows.filter((row) => row.value !== undefined && row.value.startsWith('08')).length,
    ).to.be.greaterThan(15);
    expect(rows.filter((row) => row.value === undefined)).to.have.length(5);
  });
});
