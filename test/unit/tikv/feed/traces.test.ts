import { expect } from 'chai';
import type { RowChange } from './batch-rows.js';
import { feedTraces, independentFold, replay, type Trace } from './golden-trace.js';
import { type SqlRow, defaultsOf, sqlRowOf, tableOf } from './trace-sql.js';

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

/** What is left when all changes are made to the first snapshot; the old value of each says what it replaces. */
function foldToSql(trace: Trace, changes: readonly RowChange[]): string[] {
  const table = tableOf(trace);
  const first = trace.snapshots!.length > 1 ? trace.snapshots![0]!.rows : [];
  const rows = first.map((row) => JSON.stringify({ ...defaultsOf(table), ...row }));
  for (const { key, value, old } of changes) {
    if (old !== undefined) {
      const at = rows.indexOf(JSON.stringify(sqlRowOf(table, key, old)));
      expect(at, `the row before ${key}`).to.be.greaterThanOrEqual(0);
      rows.splice(at, 1);
    }
    if (value !== undefined) rows.push(JSON.stringify(sqlRowOf(table, key, value)));
  }
  return rows.sort();
}

const traces = feedTraces();

describe('golden traces', () => {
  it('are all there', () => {
    expect(traces).to.have.length(28);
    expect(traces.filter(({ snapshots }) => snapshots !== undefined)).to.have.length(27);
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
      } else if (trace.snapshots !== undefined) {
        it('folds to the rows of the last snapshot', () => {
          const missing = NEVER_SENT[trace.scenario] ?? [];
          const expected = trace.snapshots!.at(-1)!.rows.filter((row) => !missing.includes(row['id'] ?? ''));
          const shown: SqlRow[] = foldToSql(trace, changes).map((row) => JSON.parse(row) as SqlRow);
          const byText = (rows: readonly SqlRow[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
          expect(byText(shown)).to.deep.equal(byText(expected));
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
