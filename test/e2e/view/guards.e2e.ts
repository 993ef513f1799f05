/** What the proxy and the watch over the views' tables keep from happening, or notice when it has happened. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Random } from '../../support/random.js';
import { type Rig, startRig } from '../../support/rig.js';
import { seedOf } from '../../support/seed.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const WITHIN_MS = 20_000;

describe('guards around views', () => {
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;
  /** Past the proxy. */
  let direct: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    direct = await SqlClient.open({ port: rig.mysqlPort });
  });

  after(async () => {
    await client.close();
    await direct.close();
    await tiview.stop();
    await rig.stop();
  });

  beforeEach(async () => {
    await client.runAll('drop database if exists shop', 'create database shop', 'use shop');
    await client.run('create table t (id int primary key, a int, b int)');
    await client.run('insert into t values (1, 10, 100), (2, 20, 200)');
  });

  const stateOf = async (view: string): Promise<(string | null)[]> => {
    const [row = []] = await client.rows(`show materialized view status ${view}`);
    return [row[2] ?? null, row[11] ?? null];
  };

  it('make a view INVALID when somebody writes to its table past the proxy', async () => {
    await client.run('create materialized view v as select id, a from t');
    await direct.run('update shop.v set a = 11 where id = 1');
    await until(
      'the view is INVALID',
      WITHIN_MS,
      async () => (await stateOf('v'))[0] === 'INVALID' || undefined,
    );
    expect((await stateOf('v'))[1]).contain('somebody else wrote to its table');
    const refused = await client.error('select * from v');
    expect(refused.errno).equal(1356);
    expect(refused.message).contain('somebody else wrote');
    await until(
      'the table is out of sight',
      WITHIN_MS,
      async () => (await direct.rows("show tables in shop like 'v'")).length === 0 || undefined,
    );
    await client.run('create or replace materialized view v as select id, a from t');
    expect(await client.rows('select * from v order by id')).deep.equal([
      ['1', '10'],
      ['2', '20'],
    ]);
    await client.run('admin check materialized view v');
  });

  it('do not take our own writes for those of others', async () => {
    await client.run('create materialized view v as select id, a from t');
    for (let i = 0; i < 5; i++) {
      await client.run(`update t set a = a + 1 where id = 1`);
      await client.run('refresh materialized view v');
    }
    expect((await stateOf('v'))[0]).equal('READY');
    await tiview.kill();
    await tiview.start();
    await client.close();
    client = await tiview.connect({ database: 'shop' });
    await client.run('update t set a = a + 1 where id = 1');
    await client.run('refresh materialized view v');
    expect((await stateOf('v'))[0]).equal('READY');
    expect(await client.value('select a from v where id = 1')).equal('16');
  });

  it('make a view INVALID when its table is dropped past the proxy', async () => {
    await client.run('create materialized view v as select id, a from t');
    await direct.run('drop table shop.v');
    await until(
      'the view is INVALID',
      WITHIN_MS,
      async () => (await stateOf('v'))[0] === 'INVALID' || undefined,
    );
    expect((await stateOf('v'))[1]).contain('dropped');
    await client.run('drop materialized view v');
    expect(await client.rows('show materialized views')).deep.equal([]);
  });

  it('let a frozen view be built again', async () => {
    await client.run('create materialized view v (id, a, index (a)) as select id, a from t');
    await direct.run('truncate table shop.t');
    await until(
      'the view is FROZEN',
      WITHIN_MS,
      async () => (await stateOf('v'))[0] === 'FROZEN' || undefined,
    );
    expect((await stateOf('v'))[1]).contain('shop.t');
    expect((await client.rows('select * from v')).length).equal(2);
    await client.run('insert into t values (7, 70, 700)');
    await client.run('refresh materialized view v complete');
    expect(await client.rows('select * from v')).deep.equal([['7', '70']]);
    expect((await stateOf('v'))[0]).equal('READY');
    expect((await client.rows('show index from v')).length).equal(2);
    await client.run('admin check materialized view v');
  });

  it('let a build be killed, and leave nothing of it', async () => {
    const random = new Random(seedOf('kills of builds'));
    for (let round = 0; round < 8; round++) {
      await rig.pauseResolved(60_000);
      const builder = await tiview.connect({ database: 'shop' });
      const outcome = builder.error('create materialized view v as select id, a from t');
      await until(
        'the view is BUILDING',
        WITHIN_MS,
        async () => (await stateOf('v'))[0] === 'BUILDING' || undefined,
      );
      await sleep(random.int(0, 300));
      await client.run(`kill query ${builder.id}`);
      expect((await outcome).errno).equal(1317);
      await rig.pauseResolved(0);
      expect(await client.rows('show materialized views')).deep.equal([]);
      expect(await direct.rows("show tables in tiview like 'build\\_%'")).deep.equal([]);
      expect(await builder.value('select count(*) from t')).equal('2');
      await builder.close();
    }
  });

  it('let a build go on when its client goes', async () => {
    await rig.pauseResolved(60_000);
    const builder = await tiview.connect({ database: 'shop' });
    const outcome = builder
      .run('create materialized view v as select id, a from t')
      .catch((error: unknown) => error);
    await until(
      'the view is BUILDING',
      WITHIN_MS,
      async () => (await stateOf('v'))[0] === 'BUILDING' || undefined,
    );
    builder.abandon();
    await rig.pauseResolved(0);
    await until('the view is READY', WITHIN_MS, async () => (await stateOf('v'))[0] === 'READY' || undefined);
    expect((await client.rows('select * from v')).length).equal(2);
    void outcome;
  });

  it('drop the views of a database with it', async () => {
    await client.runAll(
      'create materialized view v as select id, a from t',
      'create database other',
      'create materialized view other.w as select id from t',
    );
    await client.run('drop database shop');
    expect(await client.rows("show databases like 'shop'")).deep.equal([]);
    expect((await client.error('show materialized views in shop')).errno).equal(1049);
    expect(await client.rows("select name from tiview.views where schema_name = 'shop'")).deep.equal([]);
    expect(await client.rows('show materialized views in other')).deep.equal([['w']]);
    await client.run('drop database other');
  });

  it('leave views alone when the database may not be dropped', async () => {
    await client.runAll(
      'create materialized view v as select id, a from t',
      "create user if not exists 'guest'@'%'",
      "grant select, drop on shop.v to 'guest'@'%'",
    );
    const guest = await tiview.connect({ user: 'guest' });
    expect((await guest.error('drop database shop')).errno).equal(1044);
    await guest.close();
    expect(await client.rows('show materialized views')).deep.equal([['v']]);
  });

  it('keep the columns that views read', async () => {
    await client.run('create materialized view v as select id, a from t');
    for (const spec of [
      'drop column a',
      'drop a',
      'modify a varchar(10)',
      'change a c int',
      'rename column a to c',
    ]) {
      const refused = await client.error(`alter table t add column x int, ${spec}`);
      expect(refused.errno, spec).equal(1105);
      expect(refused.message).contain('shop.v');
    }
    await client.run('alter table t drop column b');
    await client.run('alter table t add index (a)');
    await client.run('refresh materialized view v');
    expect((await stateOf('v'))[0]).equal('READY');
  });

  it('know the database of a session that has changed its user', async () => {
    await client.run('create materialized view v as select id, a from t');
    expect((await client.error('insert into v values (3, 3)')).errno).equal(1288);
    const other = await tiview.connect();
    await other.changeUser({ database: 'shop' });
    expect((await other.error('insert into v values (3, 3)')).errno).equal(1288);
    await other.close();
  });

  it('count the rows of a view again after a restart', async () => {
    await client.run('create materialized view v as select id, a from t');
    await tiview.kill();
    await tiview.start();
    await client.close();
    client = await tiview.connect({ database: 'shop' });
    const rowsOf = async (): Promise<string | null> =>
      (await client.rows('show materialized view status v'))[0]?.[3] ?? null;
    await until('the rows are counted', WITHIN_MS, async () => (await rowsOf()) === '2' || undefined);
    await client.run('insert into t values (3, 30, 300)');
    await client.run('refresh materialized view v');
    expect(await rowsOf()).equal('3');
  });
});
