/**
 * Schema changes of base tables past the proxy. What breaks a view freezes it, with the reason; it stays readable and
 * exactly right as of its applied ts. What is harmless it lives through.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Random } from '../../support/random.js';
import { type ExpectedView, expectFrozenEqual, expectLaw, hiddenTables } from '../../support/law.js';
import { report, roundsOf, seedOf } from '../../support/seed.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const FREEZE_MS = 20_000;

interface Change {
  readonly what: string;
  readonly ddl: readonly string[];
  /** What the reason says; undefined: the view goes on. */
  readonly reason?: RegExp;
}

const BREAKING: readonly Change[] = [
  { what: 'truncated', ddl: ['truncate table %'], reason: /dropped or truncated/ },
  { what: 'dropped', ddl: ['drop table %'], reason: /dropped/ },
  { what: 'retyped', ddl: ['alter table % modify n varchar(20)'], reason: /'n'/ },
  { what: 'widened', ddl: ['alter table % modify n bigint'], reason: /'n'.*type/ },
  { what: 'column_dropped', ddl: ['alter table % drop column n'], reason: /'n'/ },
  { what: 'column_renamed', ddl: ['alter table % rename column n to m'], reason: /'n'.*renamed/ },
  {
    what: 'swapped',
    ddl: ['create table %_other like %', 'rename table % to %_old, %_other to %'],
    reason: /renamed/,
  },
];

const HARMLESS: readonly Change[] = [
  { what: 'column_added', ddl: ["alter table % add column extra varchar(10) default 'x'"] },
  { what: 'column_first', ddl: ['alter table % add column extra int first'] },
  { what: 'index_added', ddl: ['alter table % add index by_n (n)', 'alter table % drop index by_n'] },
  { what: 'unused_dropped', ddl: ['alter table % drop column unused'] },
  { what: 'unused_retyped', ddl: ['alter table % modify unused bigint'] },
  { what: 'commented', ddl: ["alter table % comment 'hello'"] },
  { what: 'default_changed', ddl: ['alter table % alter column n set default 7'] },
];

describe('schema changes past the proxy', () => {
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;
  let tidb: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await client.runAll('create database s', 'use s');
    await tidb.run('use s');
    for (const { what } of [...BREAKING, ...HARMLESS]) await makeView(what);
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') report(tiview.log.slice(-5000));
  });

  after(async () => {
    await client.close();
    await tidb.close();
    await tiview.stop();
    await rig.stop();
  });

  async function makeView(what: string): Promise<void> {
    await tidb.runAll(
      `create table t_${what} (id int primary key, n int, unused int, s varchar(20))`,
      `insert into t_${what} values (1, 10, 1, 'a'), (2, 20, 2, 'b'), (3, null, 3, null)`,
    );
    await client.run(`create materialized view v_${what} as ${definitionOf(what)}`);
  }

  function definitionOf(what: string): string {
    return `select id, n, s from t_${what} where id > 1`;
  }

  function viewOf(what: string): ExpectedView {
    return { name: `s.v_${what}`, definition: definitionOf(what) };
  }

  async function statusOf(what: string): Promise<{ state: string; error: string | null }> {
    const [row] = await client.rows(`show materialized view status v_${what}`);
    return { state: row?.[2] ?? '', error: row?.at(-1) ?? null };
  }

  for (const { what, ddl, reason } of BREAKING) {
    it(`a base table ${what} freezes its view, which stays right as of its applied ts`, async () => {
      await tidb.run(`update t_${what} set n = n + 1`);
      await client.run(`refresh materialized view v_${what}`);
      for (const statement of ddl) await tidb.run(statement.replaceAll('%', `t_${what}`));
      const { value: status } = await until(`v_${what} freezes`, FREEZE_MS, async () => {
        const found = await statusOf(what);
        return found.state === 'READY' ? undefined : found;
      });
      expect(status.state).equal('FROZEN');
      expect(status.error).match(reason ?? /^/);
      expect(status.error).include(`s.t_${what}`);
      expect(await client.rows(`select * from v_${what} order by id`)).deep.equal([
        ['2', '21', 'b'],
        ['3', null, null],
      ]);
      await expectFrozenEqual(tidb, viewOf(what));
      await client.run(`admin check materialized view v_${what}`);
      const refused = await client.error(`refresh materialized view v_${what}`);
      expect(refused.errno).equal(1356);
      expect(refused.message).include('FROZEN');
    });
  }

  for (const { what, ddl } of HARMLESS) {
    it(`a base table with ${what} does not`, async () => {
      for (const statement of ddl) {
        await tidb.run(statement.replaceAll('%', `t_${what}`));
        await tidb.run(`insert into t_${what} (id, n, s) select max(id) + 1, 5, 'new' from t_${what}`);
      }
      await tidb.run(`update t_${what} set n = 99 where id = 2`);
      await client.run(`refresh materialized view v_${what}`);
      expect(await statusOf(what)).deep.equal({ state: 'READY', error: null });
      await expectLaw(client, tidb, [viewOf(what)]);
    });
  }

  it('the views that were not touched go on, also after a restart', async () => {
    await tiview.kill('SIGKILL');
    await tiview.start();
    client = await tiview.connect({ database: 's' });
    for (const { what } of HARMLESS) {
      await tidb.run(`update t_${what} set s = 'after the restart' where id = 2`);
      await client.run(`refresh materialized view v_${what}`);
      expect(await statusOf(what)).deep.equal({ state: 'READY', error: null });
      await expectLaw(client, tidb, [viewOf(what)]);
    }
    for (const { what } of BREAKING) {
      expect((await statusOf(what)).state).equal('FROZEN');
      await expectFrozenEqual(tidb, viewOf(what));
    }
  });

  it('in the middle of a build leave a view that is right, or none', async () => {
    const random = new Random(seedOf('schema changes in builds'));
    const outcomes: Record<string, number> = {};
    for (let round = 0; round < roundsOf(8); round++) {
      const table = `b_${round}`;
      const definition = `select id, n from ${table} where n is not null`;
      await tidb.runAll(
        `create table ${table} (id int primary key, n int)`,
        `insert into ${table} values (1, 1), (2, 2)`,
      );
      const creating = client.run(`create materialized view s.w_${round} as ${definition}`);
      creating.catch(() => undefined);
      await sleep(random.int(0, 500));
      await tidb.runAll(`truncate table ${table}`, `insert into ${table} values (3, 3)`);
      const error = await creating.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const view = { name: `s.w_${round}`, definition };
      // What the truncation does to it may come after its creation.
      await client.run(`refresh materialized view v_index_added`);
      const [row] = await client.rows(`show materialized view status like 'w_${round}'`);
      const outcome = error === undefined ? (row?.[2] ?? 'gone') : 'refused';
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (outcome === 'READY') await expectLaw(client, tidb, [view]);
      else if (outcome === 'FROZEN') await expectFrozenEqual(tidb, view);
      else expect([outcome, row], String(error)).deep.equal(['refused', undefined]);
    }
    report(JSON.stringify(outcomes));
    expect(await hiddenTables(tidb)).deep.equal([]);
  });

  it('frozen views can be dropped, and made again', async () => {
    await client.runAll(
      'drop materialized view v_truncated',
      `create materialized view v_truncated as ${definitionOf('truncated')}`,
      'create or replace materialized view v_retyped as select id, n, s from t_retyped where id > 1',
    );
    await tidb.run("insert into t_truncated values (7, 7, 7, 'seven')");
    await client.run('refresh materialized view v_truncated');
    await expectLaw(client, tidb, [viewOf('truncated'), viewOf('retyped')]);
  });
});
