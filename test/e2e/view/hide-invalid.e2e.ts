/** An INVALID view's table is renamed out of sight, also when that is not possible at once. */
import { expect } from 'chai';
import { Door } from '../../support/door.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const WITHIN_MS = 30_000;

describe('an invalid view that cannot be renamed', () => {
  let rig: Rig;
  /** The way of control sessions to TiDB. */
  let door: Door;
  let tiview: TiView;
  let tidb: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    door = await Door.before(rig.mysqlPort);
    // TiView would find the way past the door in TiDB's own list of servers.
    door.onTheWay = (bytes) => bytes.replace(/(cluster_info.*)'tidb'/s, "$1'none'");
    tiview = await startTiView({ tidbPort: door.port });
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await using client = await tiview.connect();
    await client.runAll(
      ...['create database shop', 'use shop', 'create table t (id int primary key)'],
      'create materialized view first as select id from t',
      'create materialized view second as select id from t',
    );
  });

  after(async () => {
    await tidb.close();
    await tiview.stop();
    await door[Symbol.asyncDispose]();
    await rig.stop();
  });

  async function makeInvalid(view: string): Promise<void> {
    await tidb.run(`insert into shop.${view} values (7)`);
    await until(`${view} is INVALID`, WITHIN_MS, async () => {
      const rows = await tidb.rows(`select 1 from tiview.views where name = '${view}' and state = 'INVALID'`);
      return rows.length === 1 ? true : undefined;
    });
  }

  /** It has been tried, in vain. */
  async function expectFailure(view: string): Promise<void> {
    const id = await tidb.value(`select id from tiview.views where name = '${view}'`);
    await until('a failure in the log', WITHIN_MS, () => {
      const lines = tiview.log.split('\n').filter((line) => line.includes('could not be renamed'));
      return Promise.resolve(lines.some((line) => line.includes(id ?? '?')) ? true : undefined);
    });
    expect(await tidb.rows(`show tables from shop like '${view}'`)).deep.equal([[view]]);
  }

  async function expectHidden(view: string): Promise<void> {
    await until(`${view} is out of sight`, WITHIN_MS, async () =>
      (await tidb.rows(`show tables from shop like '${view}'`)).length === 0 ? true : undefined,
    );
  }

  it('is renamed as soon as TiDB does it', async () => {
    const id = await tidb.value("select id from tiview.views where name = 'first'");
    await tidb.run(`create table tiview.invalid_${id} (a int)`);
    await makeInvalid('first');
    await expectFailure('first');
    await tidb.run(`drop table tiview.invalid_${id}`);
    await expectHidden('first');
  });

  it('does not end the reign when TiDB cannot be reached', async () => {
    const term = await tidb.value('select term from tiview.frontier');
    door.shut();
    await makeInvalid('second');
    await expectFailure('second');
    door.unshut();
    await expectHidden('second');
    expect(await tidb.value('select term from tiview.frontier')).equal(term);
  });
});
