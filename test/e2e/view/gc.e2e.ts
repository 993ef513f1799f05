/** Garbage collection that goes past what TiView needs: views freeze, right as of their last epoch, and say so. */
import { expect } from 'chai';
import { expectLaw } from '../../support/law.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const DEFINITION = 'select o.customer, sum(o.total) as spent from orders o group by o.customer';
const FREEZES_WITHIN_MS = 30_000;

describe('lost history', () => {
  let rig: Rig;
  let tiview: TiView;
  let tidb: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await tidb.runAll(
      'create database shop',
      'use shop',
      'create table orders (id int primary key, customer int not null, total int not null)',
      'insert into orders values (1, 1, 5), (2, 1, 6), (3, 2, 7)',
    );
  });

  after(async () => {
    await tidb.close();
    await tiview.kill();
    await rig.stop();
  });

  async function create(client: SqlClient): Promise<void> {
    await client.run(`create materialized view spent as ${DEFINITION}`);
  }

  /** The view is frozen as of before the last change; made again, it is right. */
  async function expectFrozenThenHealed(before: readonly (readonly (string | null)[])[]): Promise<void> {
    await using client = await tiview.connect({ database: 'shop' });
    await until('the view is frozen', FREEZES_WITHIN_MS, async () => {
      const [status] = await client.rows('show materialized view status spent');
      const isFrozen = status?.[2] === 'FROZEN' && /may have been collected/.test(status.at(-1) ?? '');
      return isFrozen || undefined;
    });
    expect(await client.rows('select * from spent order by 1')).deep.equal(before);
    await client.run('refresh materialized view spent complete');
    await expectLaw(client, tidb, [{ name: 'spent', definition: DEFINITION }]);
    const [status] = await client.rows('show materialized view status spent');
    expect(status?.[2]).equal('READY');
  }

  it('while TiView was away freezes the views', async () => {
    await using client = await tiview.connect({ database: 'shop' });
    await create(client);
    await client.run('refresh materialized view spent');
    const before = await client.rows('select * from spent order by 1');
    await tiview.kill('SIGKILL');
    await tidb.runAll('delete from orders where id = 1', 'insert into orders values (4, 3, 1)');
    await rig.collectGarbage(await rig.tso(), true);
    await tiview.start();
    await expectFrozenThenHealed(before);
  });

  it('while the feed was held up freezes the views', async () => {
    await using client = await tiview.connect({ database: 'shop' });
    const before = await client.rows('select * from spent order by 1');
    await rig.pauseResolved(20_000);
    await tidb.runAll('delete from orders where id = 2', 'update orders set total = 100 where id = 3');
    await rig.collectGarbage(await rig.tso(), true);
    await expectFrozenThenHealed(before);
  });
});
