/** TiView, unchanged, before the embedded cluster: no TiDB anywhere. */
import { expect } from 'chai';
import type { EmbeddedCluster } from '../../src/embedded/start-embedded.js';
import { startWholeCluster } from '../support/embedded/whole-cluster.js';
import { expectViewsEqual } from '../support/law.js';
import { SqlClient } from '../support/sql-client.js';
import { type TiView, startTiView } from '../support/tiview.js';

const TOTALS =
  'select c.name, count(*) as n, sum(o.amount) as total from shop.orders o join shop.customers c on c.id = o.customer group by c.name';

describe('TiView before the embedded cluster', () => {
  let cluster: EmbeddedCluster;
  let tiview: TiView;
  let client: SqlClient;
  let past: SqlClient;

  before(async () => {
    cluster = await startWholeCluster();
    tiview = await startTiView({ tidbPort: cluster.sql.port });
    client = await SqlClient.open({ port: tiview.port });
    past = await SqlClient.open({ port: cluster.sql.port });
  });

  after(async () => {
    await past.close();
    await client.close();
    await tiview.stop();
    await cluster.stop();
  });

  it('builds, maintains, checks and drops views', async () => {
    await client.runAll(
      'create database shop',
      'create table shop.orders (id int primary key auto_increment, customer int not null, amount decimal(10,2) not null, key (customer))',
      'create table shop.customers (id int primary key, name varchar(20) collate utf8mb4_general_ci)',
      "insert into shop.customers values (1, 'ann'), (2, 'bob'), (3, 'Ann')",
      'insert into shop.orders (customer, amount) values (1, 10.5), (1, 2), (2, 7), (9, 1)',
      `create materialized view shop.totals as ${TOTALS}`,
      'create materialized view shop.big as select id, amount from shop.orders where amount > 5',
      'create materialized view shop.bigger as select * from shop.big where amount > 9',
    );
    expect((await client.rows('select * from shop.bigger')).length).to.equal(1);
    await client.run('insert into shop.orders (customer, amount) values (3, 100), (2, 0.5)');
    await client.run("update shop.customers set name = 'zoe' where id = 2");
    await client.run('delete from shop.orders where id = 1');
    for (const view of ['totals', 'big', 'bigger']) {
      await client.run(`refresh materialized view shop.${view}`);
      await client.run(`admin check materialized view shop.${view}`);
    }
    const views = [
      { name: 'shop.totals', definition: TOTALS },
      { name: 'shop.big', definition: 'select id, amount from shop.orders where amount > 5' },
    ];
    expect(await expectViewsEqual(past, views)).to.be.greaterThan(2);
    expect((await client.error('drop table shop.totals')).errno).to.equal(1288);
    await client.run('drop materialized view shop.totals');
    expect((await client.error('select * from shop.totals')).errno).to.equal(1146);
  });

  it('refuses what TiDB refuses, with its codes', async () => {
    const errno = async (select: string): Promise<number> =>
      (await client.error(`create materialized view shop.bad as ${select}`)).errno;
    expect(await errno('select nosuch from shop.orders')).to.equal(1054);
    expect(await errno('select * from shop.nosuch')).to.equal(1146);
    expect(await errno('select rand() from shop.orders')).to.equal(1235);
    expect(await errno('select * from shop.orders where')).to.equal(1064);
  });

  it('drops the views of a database with it', async () => {
    await client.run('create materialized view shop.ids as select id from shop.orders');
    await client.run('drop materialized view shop.ids');
    await client.run('drop database shop');
    expect(await client.rows("show databases like 'shop'")).to.deep.equal([]);
  });
});
