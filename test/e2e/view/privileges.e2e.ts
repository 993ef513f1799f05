/** Who may do what with views: TiDB decides, and says so itself; nothing is left of what was refused. */
import { expect } from 'chai';
import { hiddenTables } from '../../support/law.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { type ServerError, SqlClient, isServerError } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

describe('privileges on views', () => {
  let rig: Rig;
  let tiview: TiView;
  let root: SqlClient;
  let tidb: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    root = await tiview.connect();
    await root.runAll(
      'create database shop',
      'create database office',
      'create table shop.orders (id int primary key, total int)',
      'create table shop.secrets (id int primary key, word varchar(20))',
      'insert into shop.orders values (1, 10), (2, 20)',
      "insert into shop.secrets values (1, 'xyzzy')",
      'create materialized view office.standing as select id, total from shop.orders',
      "create user reader identified by 'read'",
      'grant select on shop.orders to reader',
      "create user builder identified by 'build'",
      'grant select on shop.orders to builder',
      'grant create, select on office.* to builder',
      "create user dropper identified by 'drop'",
      'grant drop, select on office.* to dropper',
      "create user nobody_here identified by 'nothing'",
    );
  });

  after(async () => {
    await root.close();
    await tidb.close();
    await tiview.stop();
    await rig.stop();
  });

  async function as<T>(user: string, password: string, work: (session: SqlClient) => Promise<T>): Promise<T> {
    await using session = await tiview.connect({ user, password });
    return await work(session);
  }

  /** The error of a statement through TiView, which is TiDB's own of another statement sent to it directly. */
  async function expectTidbsOwn(user: string, password: string, sql: string, theirs: string): Promise<void> {
    const ours = await as(user, password, (session) => session.error(sql));
    await using direct = await SqlClient.open({ port: rig.mysqlPort, user, password });
    const wanted = await direct.error(theirs);
    expect(ours).deep.equal(wanted);
  }

  async function expectOnlyStanding(): Promise<void> {
    expect(await tidb.rows('select schema_name, name from tiview.views')).deep.equal([
      ['office', 'standing'],
    ]);
    expect(await tidb.rows('show tables from office')).deep.equal([['standing']]);
    expect(await tidb.value('select count(*) from tiview.builds')).equal('0');
    expect(await hiddenTables(tidb)).deep.equal([]);
  }

  it('refuses who may not read the base table, with what TiDB says to the select', async () => {
    await expectTidbsOwn(
      'builder',
      'build',
      'create materialized view office.stolen as select word from shop.secrets',
      'select word from shop.secrets',
    );
    await expectOnlyStanding();
  });

  it('refuses who may read one of two base tables only', async () => {
    const join = 'select o.id, s.word from shop.orders o join shop.secrets s on s.id = o.id';
    await expectTidbsOwn('builder', 'build', `create materialized view office.stolen as ${join}`, join);
    await expectOnlyStanding();
  });

  it('refuses who may not create in the schema, with what TiDB says to CREATE TABLE', async () => {
    const refused = await as('reader', 'read', (session) =>
      session.error('create materialized view office.mine as select id from shop.orders'),
    );
    expect(refused.errno).equal(1142);
    expect(refused.message).match(/CREATE command denied to user 'reader'@'.*' for table 'mine'/);
    await expectOnlyStanding();
  });

  it('lets build who may, and read it who may', async () => {
    await as('builder', 'build', async (session) => {
      await session.run('create materialized view office.totals as select total from shop.orders');
      expect(await session.rows('select * from office.totals order by 1')).deep.equal([['10'], ['20']]);
      await session.run('refresh materialized view office.totals');
      await session.run('admin check materialized view office.totals');
    });
    const refused = await as('reader', 'read', (session) => session.error('select * from office.totals'));
    expect(refused.errno).equal(1142);
    await as('dropper', 'drop', (session) => session.run('drop materialized view office.totals'));
    await expectOnlyStanding();
  });

  it('refuses who may not drop, and keeps the view', async () => {
    await expectTidbsOwn(
      'builder',
      'build',
      'drop materialized view office.standing',
      'drop table office.standing',
    );
    await expectOnlyStanding();
    await root.run('admin check materialized view office.standing');
  });

  it('lets nobody look at a view who may not read it', async () => {
    await as('nobody_here', 'nothing', async (session) => {
      const create = await session.error('show create materialized view office.standing');
      expect(create.errno).equal(1142);
      const check = await session.error('admin check materialized view office.standing');
      expect([1142, 1044, 1227]).include(check.errno);
      const refresh = await session.error('refresh materialized view office.standing');
      expect([1142, 1044, 1227]).include(refresh.errno);
    });
  });

  it('lists views of a database as TiDB lists its tables, or refuses to', async () => {
    for (const [user, password] of [
      ['nobody_here', 'nothing'],
      ['reader', 'read'],
      ['root', ''],
    ] as const) {
      await expectTidbsOwn(user, password, 'show materialized views from nix', 'show tables from nix');
      if (user === 'root') continue;
      for (const sql of ['show materialized views from office', 'show full materialized views in office']) {
        await expectTidbsOwn(user, password, sql, 'show tables from office');
      }
      const status = 'show materialized view status office.standing';
      await expectTidbsOwn(user, password, status, 'show tables from office');
      const all = await as(user, password, (session) => session.rows('show materialized view status'));
      expect(all).deep.equal([]);
    }
  });

  it('lists only the views that one has a right on, also those whose tables are out of sight', async () => {
    await root.runAll(
      'create materialized view office.broken as select id from shop.orders',
      'create table office.chairs (id int)',
      "create user sitter identified by 'sit'",
      'grant insert on office.chairs to sitter',
      "create user mender identified by 'mend'",
      'grant index on office.broken to mender',
    );
    const listed = async (user: string, password: string): Promise<unknown[]> =>
      as(user, password, async (session) => {
        const names = await session.rows('show materialized views from office');
        const status = await session.rows('show materialized view status');
        const broken = await session.rows('show materialized view status office.broken');
        return [names, status.map(([, name]) => name), broken.map(([, name]) => name)];
      });
    expect(await listed('sitter', 'sit')).deep.equal([[], [], []]);
    expect(await listed('mender', 'mend')).deep.equal([[['broken']], ['broken'], ['broken']]);
    await tidb.run('insert into office.broken values (77)');
    await until('the view is out of sight', 20_000, async () => {
      const invalid = await tidb.rows(
        "select 1 from tiview.views where name = 'broken' and state = 'INVALID'",
      );
      const tables = await tidb.rows("show tables from office like 'broken'");
      return invalid.length === 1 && tables.length === 0 ? true : undefined;
    });
    expect(await listed('sitter', 'sit')).deep.equal([[], [], []]);
    expect(await listed('mender', 'mend')).deep.equal([[['broken']], ['broken'], ['broken']]);
    await root.runAll('drop materialized view office.broken', 'drop table office.chairs');
    await expectOnlyStanding();
  });

  it('needs DROP, too, to replace a view', async () => {
    const refused = await as('builder', 'build', (session) =>
      session.error('create or replace materialized view office.standing as select id from shop.orders'),
    );
    expect(refused.errno).equal(1142);
    await expectOnlyStanding();
  });

  it('refuses a wrong password as TiDB does', async () => {
    const failed = async (port: number): Promise<ServerError> => {
      try {
        await using session = await SqlClient.open({ port, user: 'builder', password: 'wrong' });
        throw new Error(`session ${session.id} got in`);
      } catch (error) {
        if (!isServerError(error)) throw error;
        return { errno: error.errno, sqlState: error.sqlState, message: error.message };
      }
    };
    const ours = await failed(tiview.port);
    expect(ours.errno).equal(1045);
    expect(ours).deep.equal(await failed(rig.mysqlPort));
  });
});
