/** EXPLAIN of views that are, that are to be, and that cannot be; EXPLAIN ANALYZE through whatever instance. */
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import type { SqlClient, TextRows } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const TOTALS =
  'select o.customer, c.name, sum(o.total) as spent from orders o join customers c on c.id = o.customer group by o.customer, c.name';

describe('EXPLAIN MATERIALIZED VIEW', () => {
  let rig: Rig;
  let owner: TiView;
  let standby: TiView;
  let client: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    owner = await startTiView({ tidbPort: rig.mysqlPort });
    standby = await startTiView({ tidbPort: rig.mysqlPort });
    client = await owner.connect();
    await client.runAll(
      'create database shop',
      'use shop',
      'create table customers (id int primary key, name varchar(20) not null)',
      'create table orders (id int primary key, customer int not null, total decimal(10,2), note text)',
      `create user 'nobody'@'%'`,
    );
  });

  after(async () => {
    await client.close();
    await standby.kill();
    await owner.kill();
    await rig.stop();
  });

  it('shows the plan of a view that is to be, and makes nothing', async () => {
    const rows = await client.rows(`explain create materialized view totals as ${TOTALS}`);
    expect(rows.map(([id, operator]) => [id, operator])).deep.equal([
      ['Aggregate_1', 'Aggregate by customer, name'],
      ['└─Project_2', 'Project'],
      ['  └─Join_3', 'Join on customer = id'],
      ['    ├─Scan_4', 'Scan o'],
      ['    └─Scan_5', 'Scan c'],
    ]);
    expect(rows.map((row) => row.at(-1))).deep.equal(Array(5).fill('incremental'));
    expect(await client.rows('show materialized views')).deep.equal([]);
    expect(await client.rows("show tables like 'totals'")).deep.equal([]);
  });

  it('says what is refused, and why', async () => {
    const rows = await client.rows(
      'explain create materialized view r as select id, rand() as r from orders',
    );
    expect(rows.length).equal(1);
    const [, operator, keys, state, estimate, how] = rows[0] ?? [];
    expect(operator).match(/rand/i);
    expect([keys, state, estimate]).deep.equal([null, null, null]);
    expect(how).match(/^refused: /);
  });

  it('draws dots and writes JSON; knows no other format', async () => {
    const dot = await client.value(`explain format = 'dot' create materialized view totals as ${TOTALS}`);
    expect(dot).match(/^digraph view \{\n/);
    expect(dot).contain('"Scan_5" -> "Join_3";');
    const json = await client.value(`explain format = 'json' create materialized view totals as ${TOTALS}`);
    const tree = JSON.parse(json ?? '') as { id: string; inputs: { id: string; inputs: unknown[] }[] };
    expect([tree.id, tree.inputs[0]?.id]).deep.equal(['Aggregate_1', 'Project_2']);
    const failure = await client.error(`explain format = 'xml' create materialized view t as ${TOTALS}`);
    expect(failure).include({ errno: 1791 });
  });

  it('tells what the operators of a view have done, through an instance that does not own it too', async () => {
    await client.run(`create materialized view totals as ${TOTALS}`);
    await client.runAll(
      "insert into customers values (1, 'ann'), (2, 'bob')",
      'insert into orders values (1, 1, 5, null), (2, 1, 6, null), (3, 2, 7, null)',
      'refresh materialized view totals',
      "update orders set note = 'nobody reads this'",
      'refresh materialized view totals',
    );
    expect((await client.rows('explain materialized view totals')).length).equal(5);
    await using other = await standby.connect({ database: 'shop' });
    const [byOwner, byOther] = [client, other].map((session) =>
      session.rows('explain analyze materialized view totals'),
    );
    const lines = (await byOwner) ?? [];
    const counted = (rows: TextRows): TextRows => rows.map((row) => [row[1] ?? null, ...row.slice(6, 9)]);
    expect(counted((await byOther) ?? [])).deep.equal(counted(lines));
    const lineOf = (operator: string): readonly (string | null)[] => {
      return lines.find(([, name]) => name === operator) ?? [];
    };
    // The update of a column that is not in use never comes in.
    expect(lineOf('source shop.orders')[6]).equal('3');
    const [stateRows, stateBytes, timeMs] = lineOf('aggregate').slice(9);
    expect(stateRows).equal('2');
    expect(Number(stateBytes)).greaterThan(0);
    expect(Number(timeMs)).greaterThan(0);
  });

  it('is for those who may read', async () => {
    await using nobody = await owner.connect({ user: 'nobody' });
    for (const sql of [
      'explain materialized view shop.totals',
      'explain analyze materialized view shop.totals',
      'explain create materialized view shop.x as select id from shop.orders',
    ]) {
      expect(await nobody.error(sql), sql).include({ errno: 1142 });
    }
  });
});
