import { expect } from 'chai';
import { prefixEnd, utf8 } from '../../../src/base/bytes.js';
import { RowEncoder } from '../../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { I64Builder } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { tableMetaKey } from '../../../src/codec/meta-keys.js';
import { MutationBatch } from '../../../src/codec/mutation-batch.js';
import { ROWID_COLUMN } from '../../../src/codec/table-keys.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { Transaction } from '../../../src/tikv/transaction.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import { Harness, NEVER, columnsOf, connect, mutationsOf } from './harness.js';

describe('tikv transactions on a real TiDB', function () {
  this.timeout(120_000);
  let h: Harness;

  before(async () => {
    h = await Harness.start({ stores: 3 });
  });
  after(async () => {
    expect(h.crashes).to.deep.equal([]);
    await h[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const txn of begun.splice(0)) await txn[Symbol.asyncDispose]();
    await h.rig.clearFaults();
  });

  const begun: Transaction[] = [];
  function begin(startTs: Ts, mutations: readonly Mutation[]): Transaction {
    const primary = mutations[0]!.key;
    const txn = h.cluster.transactions.begin({ startTs, primary, mutations, txnSource: 16 });
    begun.push(txn);
    return txn;
  }

  /** Locks of living transactions on a table. */
  async function locksOn(table: TableVersion): Promise<number> {
    const { start } = table.recordRanges[0]!;
    const end = prefixEnd(start.subarray(0, 9));
    return (await h.cluster.locks.resolveSpan(start.subarray(0, 9), end, await h.tso(), NEVER)).locksLeft;
  }

  /** Mutations that put rows into a table, or take them away. */
  function encode(
    table: TableVersion,
    kind: 'put' | 'delete',
    rows: readonly (readonly Datum[])[],
  ): Mutation[] {
    const batch = new MutationBatch();
    const encoder = new RowEncoder(
      table,
      table.columns.map((column) => column.id),
    );
    const columns = columnsOf(table, rows);
    rows.forEach((_, row) => encoder[kind](columns, row, batch));
    return mutationsOf(batch.consolidated());
  }

  async function commit(mutations: readonly Mutation[]): Promise<Ts> {
    const txn = begin(await h.tso(), mutations);
    expect(await txn.prewrite(0, NEVER)).to.deep.equal({ kind: 'ok' });
    const outcome = await txn.commitPrimary(NEVER);
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    expect(await txn.commitSecondaries(NEVER)).to.equal(0);
    return outcome.commitTs;
  }

  it('write rows and index entries that TiDB reads, checks, changes and deletes', async () => {
    const table = await h.create(
      'w1',
      '(id int primary key, name varchar(20), n bigint, unique key u (name), key k (n, name))',
    );
    const rows = Array.from({ length: 300 }, (_, i) => [
      BigInt(i),
      utf8(`name ${i}`),
      i % 7 === 0 ? null : BigInt(i),
    ]);
    const commitTs = await commit(encode(table, 'put', rows));
    await h.query('admin check table w1');
    expect(await h.query("select id from w1 where name = 'name 17'")).to.deep.equal([{ id: 17 }]);
    expect(await h.query('select count(*) c from w1 use index (k) where n is null')).to.deep.equal([
      { c: 43 },
    ]);
    expect(await h.queryAt(commitTs, 'select count(*) c from w1')).to.deep.equal([{ c: 300 }]);
    expect(await h.queryAt((commitTs - 1n) as Ts, 'select count(*) c from w1')).to.deep.equal([{ c: 0 }]);
    await h.query('update w1 set n = n + 1 where id < 100');
    await h.query('delete from w1 where id >= 200');
    await commit(encode(table, 'delete', rows.slice(150, 160)));
    await h.query('admin check table w1');
    expect(await h.query('select count(*) c from w1')).to.deep.equal([{ c: 190 }]);
  });

  it('write tables clustered on strings, and tables with hidden row ids', async () => {
    const clustered = await h.create(
      'w2',
      '(a varchar(10), b int, c decimal(10,2), primary key (a, b) clustered, key (c))',
    );
    await commit(
      encode(clustered, 'put', [
        [utf8('x'), 1n, null],
        [utf8('X '), 2n, null],
      ]),
    );
    expect(await h.query('select a, b from w2 order by b')).to.deep.equal([
      { a: 'x', b: 1 },
      { a: 'X ', b: 2 },
    ]);
    await h.query('admin check table w2');

    const hidden = await h.create('w3', '(a int, key (a))');
    const batch = new MutationBatch();
    const encoder = new RowEncoder(hidden, [ROWID_COLUMN, hidden.columns[0]!.id]);
    const ids = new I64Builder();
    const values = new I64Builder();
    for (const id of [-5n, 77n, 1n << 40n]) {
      ids.appendBigint(id);
      values.appendBigint(id % 10n);
    }
    const columns = [ids.finish(), values.finish()];
    for (let row = 0; row < 3; row++) encoder.put(columns, row, batch);
    await commit(mutationsOf(batch.consolidated()));
    await h.query('admin check table w3');
    expect(await h.query('select _tidb_rowid r, a from w3 order by r')).to.deep.equal([
      { r: -5, a: -5 },
      { r: 77, a: 7 },
      { r: 1099511627776, a: 6 },
    ]);
  });

  it('answers a conflict with the ts of the other commit', async () => {
    const table = await h.create('c1', '(id int primary key, v int)');
    const startTs = await h.tso();
    await h.query('insert into c1 values (1, 1)');
    const txn = begin(startTs, encode(table, 'put', [[1n, 2n]]));
    const outcome = await txn.prewrite(0, NEVER);
    expect(outcome.kind).to.equal('conflict');
    if (outcome.kind !== 'conflict') return;
    expect(outcome.reason).to.equal('optimistic');
    expect(outcome.commitTs > startTs).to.equal(true);
    await txn.rollback(NEVER);
    expect(await h.query('select v from c1')).to.deep.equal([{ v: 1 }]);
  });

  it('answers a violated assertion', async () => {
    const table = await h.create('c2', '(id int primary key, v int)');
    await h.query('insert into c2 values (1, 1)');
    const inserting = begin(await h.tso(), encode(table, 'put', [[1n, 2n]]));
    expect((await inserting.prewrite(0, NEVER)).kind).to.equal('assertionFailed');
    await inserting.rollback(NEVER);
    const deleting = begin(await h.tso(), encode(table, 'delete', [[2n, 2n]]));
    expect((await deleting.prewrite(0, NEVER)).kind).to.equal('assertionFailed');
    await deleting.rollback(NEVER);
  });

  it('is guarded by a lock on the table-info key against a schema change after its start', async () => {
    const table = await h.create('g1', '(id int primary key, v int)');
    const guard: Mutation = { kind: 'lock', key: tableMetaKey(table.databaseId, table.id) };
    const late = await h.tso();
    await h.query('alter table g1 add column w int');
    const refused = begin(late, [...encode(table, 'put', [[1n, 1n]]), guard]);
    const outcome = await refused.prewrite(0, NEVER);
    expect(outcome.kind).to.equal('conflict');
    await refused.rollback(NEVER);
    const fresh = await h.table('g1');
    await commit([...encode(fresh, 'put', [[1n, 1n, 5n]]), guard]);
    expect(await h.query('select * from g1')).to.deep.equal([{ id: 1, v: 1, w: 5 }]);
  });

  it('lets readers pass, takes a new commit ts after being pushed, and is seen whole', async () => {
    const table = await h.create('p1', '(id int primary key, v int)');
    await h.query('insert into p1 values (1, 1), (2, 2)');
    const txn = begin(await h.tso(), [
      ...encode(table, 'delete', [[1n, 1n]]),
      ...encode(table, 'put', [[3n, 3n]]),
    ]);
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    const startedMs = performance.now();
    expect(await h.query('select count(*) c from p1 where v > 0')).to.deep.equal([{ c: 2 }]);
    expect(performance.now() - startedMs).to.be.below(1000);
    expect((await txn.commitPrimary(NEVER)).kind).to.equal('committed');
    expect(await txn.commitSecondaries(NEVER)).to.equal(0);
    expect(await h.query('select id from p1 order by id')).to.deep.equal([{ id: 2 }, { id: 3 }]);
  });

  it('settles a commit whose reply was lost: it was executed', async () => {
    const table = await h.create('u1', '(id int primary key, v int)');
    const txn = begin(await h.tso(), encode(table, 'put', [[1n, 1n]]));
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    await h.rig.dropNextReply('KvCommit');
    expect((await txn.commitPrimary(NEVER)).kind).to.equal('undetermined');
    expect(txn.isUndetermined).to.equal(true);
    const settled = await txn.settle({ force: false, patienceMs: 10_000 }, NEVER);
    expect(settled.kind).to.equal('committed');
    expect(await h.query('select v from u1')).to.deep.equal([{ v: 1 }]);
    if (settled.kind !== 'committed') return;
    expect(await h.queryAt(settled.commitTs, 'select v from u1')).to.deep.equal([{ v: 1 }]);
    expect(await h.queryAt((settled.commitTs - 1n) as Ts, 'select v from u1')).to.deep.equal([]);
  });

  it('settles a commit whose request was lost: it is rolled back, for ever', async () => {
    const table = await h.create('u2', '(id int primary key, v int)');
    const txn = begin(await h.tso(), encode(table, 'put', [[1n, 1n]]));
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    await h.rig.faultNext('kv-drop-request', { method: 'KvCommit' });
    expect((await txn.commitPrimary(NEVER)).kind).to.equal('undetermined');
    const settled = await txn.settle({ force: true, patienceMs: 10_000 }, NEVER);
    expect(settled).to.deep.equal({ kind: 'rolledBack' });
    expect(await h.query('select v from u2')).to.deep.equal([]);
  });

  it('is fenced off: what a successor has settled cannot be written any more', async () => {
    const table = await h.create('f1', '(id int primary key, v int)');
    const mutations = encode(table, 'put', [[1n, 1n]]);
    const startTs = await h.tso();
    const ref = { startTs, primary: mutations[0]!.key };
    // Nothing is there yet: asking makes sure that nothing comes.
    expect(await h.cluster.transactions.checkStatus(ref, { force: false }, NEVER)).to.deep.equal({
      kind: 'rolledBack',
    });
    const late = begin(startTs, mutations);
    const outcome = await late.prewrite(0, NEVER);
    expect(outcome.kind).to.equal('conflict');
    if (outcome.kind === 'conflict') expect(outcome.reason).to.equal('selfRolledBack');
    await late.rollback(NEVER);
  });

  it('is deposed while it is prewritten: a forced takeover rolls it back, its commit says so', async () => {
    const table = await h.create('f2', '(id int primary key, v int)');
    const txn = begin(await h.tso(), encode(table, 'put', [[1n, 1n]]));
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    const alive = await h.cluster.transactions.checkStatus(txn.ref, { force: false }, NEVER);
    expect(alive.kind).to.equal('alive');
    const taken = await h.cluster.transactions.settle(txn.ref, { force: true, patienceMs: 0 }, NEVER);
    expect(taken).to.deep.equal({ kind: 'rolledBack' });
    expect(await txn.commitPrimary(NEVER)).to.deep.equal({ kind: 'rolledBack' });
    expect(await h.query('select * from f2')).to.deep.equal([]);
  });

  it('notices by its heartbeat that its lock is gone', async () => {
    const table = await h.create('f3', '(id int primary key, v int)');
    const txn = begin(await h.tso(), encode(table, 'put', [[1n, 1n]]));
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    const gone = new Promise<void>((resolve) => txn.lockGone.addEventListener('abort', () => resolve()));
    await h.cluster.transactions.settle(txn.ref, { force: true, patienceMs: 0 }, NEVER);
    await gone;
    expect(txn.lockGone.aborted).to.equal(true);
    await txn.rollback(NEVER);
  });

  it('is kept alive by heartbeats beyond its time to live', async () => {
    const table = await h.create('f4', '(id int primary key, v int)');
    await h.query('insert into f4 values (1, 0)');
    const txn = begin(await h.tso(), encode(table, 'delete', [[1n, 0n]]));
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    const other = await connect(h.rig);
    const update = other.query('update e2e.f4 set v = v + 1');
    const early = await Promise.race([
      update.then(() => 'updated'),
      new Promise((r) => setTimeout(r, 4500, 'waits')),
    ]);
    expect(early).to.equal('waits');
    expect((await txn.commitPrimary(NEVER)).kind).to.equal('committed');
    await update;
    await other.end();
    expect(await h.query('select * from f4')).to.deep.equal([]);
  });

  it('waits for a living lock as long as it has patience, then says whose it is', async () => {
    const table = await h.create('l1', '(id int primary key, v int)');
    await h.query('insert into l1 values (1, 0)');
    const other = await connect(h.rig);
    await other.query('begin pessimistic');
    await other.query('select * from e2e.l1 where id = 1 for update');
    const startTs = await h.tso();
    const waiting = begin(startTs, encode(table, 'delete', [[1n, 0n]]));
    const outcome = await waiting.prewrite(300, NEVER);
    expect(outcome.kind).to.equal('locked');
    await waiting.rollback(NEVER);
    if (outcome.kind !== 'locked') return;
    // Nobody but us has any business on this table: away with it.
    await h.cluster.locks.rollbackPessimistic([outcome.lock], NEVER);
    await commit(encode(table, 'delete', [[1n, 0n]]));
    await other.query('rollback');
    await other.end();
  });

  it('leaves nothing behind when it is rolled back, even over several regions', async () => {
    const table = await h.create('r1', '(id int primary key, v int)');
    await h.query('split table r1 between (0) and (4000) regions 4');
    const rows = Array.from({ length: 4000 }, (_, i) => [BigInt(i), BigInt(i)]);
    const txn = begin(await h.tso(), encode(table, 'put', rows));
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    expect(await locksOn(table)).to.equal(4000);
    await txn.rollback(NEVER);
    expect(await locksOn(table)).to.equal(0);
    expect(await h.query('select count(*) c from r1')).to.deep.equal([{ c: 0 }]);
  });

  it('writes fifty thousand rows in one go, in parts of several regions', async () => {
    const table = await h.create('big', '(id int primary key, v varchar(20), key (v))');
    await h.query('split table big between (0) and (50000) regions 8');
    const rows = Array.from({ length: 50_000 }, (_, i) => [BigInt(i), utf8(`value ${i}`)]);
    const mutations = encode(table, 'put', rows);
    expect(mutations.length).to.equal(100_000);
    await commit(mutations);
    expect(await h.query('select count(*) c, sum(id) s from big')).to.deep.equal([
      { c: 50_000, s: '1249975000' },
    ]);
    await h.query('admin check table big');
    expect(await locksOn(table)).to.equal(0);
  });
});
