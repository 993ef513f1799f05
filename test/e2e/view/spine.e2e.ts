/** A view through its whole life, as one user sees it. */
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import type { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

describe('a materialized view', () => {
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    await client.run('create database shop');
    await client.run('use shop');
  });

  after(async () => {
    await client.close();
    await tiview.stop();
    await rig.stop();
  });

  it('is created, follows its table, is checked, and goes', async () => {
    await client.runAll(
      'create table orders (id bigint primary key, customer varchar(20), total decimal(10,2))',
      "insert into orders values (1, 'ann', 10.50), (2, 'bob', 99), (3, 'ann', 250)",
      'create materialized view big as select id, customer, total from orders where total > 50',
    );
    expect(await client.rows('select * from big order by id')).deep.equal([
      ['2', 'bob', '99.00'],
      ['3', 'ann', '250.00'],
    ]);
    await client.runAll(
      'update orders set total = 60 where id = 1',
      'delete from orders where id = 2',
      "insert into orders values (4, null, 51), (5, 'eve', 50)",
      'refresh materialized view big',
    );
    expect(await client.rows('select * from big order by id')).deep.equal([
      ['1', 'ann', '60.00'],
      ['3', 'ann', '250.00'],
      ['4', null, '51.00'],
    ]);
    await client.run('admin check materialized view big');
    const [status = []] = await client.rows('show materialized view status big');
    // Rows, and bytes of state: whoever filters by a key holds nothing.
    expect([status[3], status[9]]).deep.equal(['3', '0']);
    await client.run('admin check table big');
    expect(await client.rows('show materialized views')).deep.equal([['big']]);
    const refused = await client.error('insert into big values (9, null, 1)');
    expect(refused.errno).equal(1288);
    await client.run('drop materialized view big');
    expect((await client.error('select * from big')).errno).equal(1146);
    expect(await client.rows('show tables')).deep.equal([['orders']]);
  });
});
