/** Views under random writers of every kind: at any moment each is its definition, and all are of one instant. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Random } from '../../support/random.js';
import {
  type ExpectedView,
  expectEpochsContiguous,
  expectLaw,
  expectViewsEqual,
  hiddenTables,
} from '../../support/law.js';
import {
  RandomWriters,
  WRITTEN_TABLES_DDL,
  WRITTEN_VIEWS,
  createStatement,
  expectedViews,
  fillWrittenTables,
} from '../../support/random-writers.js';
import { type Rig, startRig } from '../../support/rig.js';
import { report, roundsOf, seedOf } from '../../support/seed.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

describe('views under random writers', () => {
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;
  let tidb: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    await client.runAll('create database w', 'use w', ...WRITTEN_TABLES_DDL);
    tidb = await SqlClient.open({ port: rig.mysqlPort, database: 'w' });
  });

  after(async () => {
    await client.close();
    await tidb.close();
    await tiview.stop();
    await rig.stop();
  });

  it('are their definitions at random moments and at the end, while others come and go', async () => {
    const seed = seedOf('random writers');
    const rounds = roundsOf(8);
    const random = new Random(seed);
    await fillWrittenTables(tidb, seed, 200);
    const lasting = WRITTEN_VIEWS.slice(0, 4);
    const passing = WRITTEN_VIEWS.slice(4);
    for (const view of lasting) await client.run(createStatement(view));
    const writers = new RandomWriters({ port: rig.mysqlPort, database: 'w', seed }).start();
    const alive = new Set<string>(lasting.map(({ name }) => name));
    let rows = 0;
    try {
      for (let round = 0; round < rounds; round++) {
        const one = random.pick(passing);
        if (alive.delete(one.name)) {
          await client.run(`drop materialized view ${one.name}`);
        } else {
          await client.run(createStatement(one));
          alive.add(one.name);
        }
        await sleep(random.int(0, 700));
        await client.run(`admin check materialized view ${random.pick([...alive])}`);
        rows += await expectViewsEqual(tidb, expectedViews([...alive]));
      }
    } finally {
      await writers.stop();
    }
    for (const name of alive) await client.run(`refresh materialized view ${name}`);
    rows += await expectLaw(client, tidb, expectedViews([...alive]));
    const epochs = await expectEpochsContiguous(tidb);
    expect(await hiddenTables(tidb)).deep.equal([]);
    report(`${writers.transactions} transactions, ${epochs} epochs, ${rounds} rounds, ${rows} rows compared`);
    for (const name of alive) await client.run(`drop materialized view ${name}`);
    expect(await client.rows('show materialized views')).deep.equal([]);
  });

  it('show two views over the same table as of one instant to every transaction', async () => {
    await client.runAll(
      'create table pairs (id int primary key, n int, twin int)',
      'insert into pairs values (1, 0, 0), (2, 0, 0), (3, 0, 0)',
      'create materialized view pairs_n as select id, n from pairs where id > 0',
      'create materialized view pairs_twin as select id, twin, n from pairs where id < 100',
    );
    let isDone = false;
    const write = async (): Promise<number> => {
      await using session = await SqlClient.open({ port: rig.mysqlPort, database: 'w' });
      let count = 0;
      for (; !isDone; count++) {
        await session.runAll('begin', 'update pairs set n = n + 1', 'update pairs set twin = n', 'commit');
      }
      return count;
    };
    const writing = write();
    const seen = new Set<string | null>();
    for (let look = 0; look < 60; look++) {
      await client.run('begin');
      const first = await client.rows('select id, n from pairs_n order by id');
      await sleep(20);
      const second = await client.rows('select id, twin from pairs_twin order by id');
      const third = await client.rows('select id, n from pairs_twin order by id');
      await client.run('commit');
      expect(second, 'both views are of one epoch').deep.equal(first);
      expect(third).deep.equal(first);
      seen.add(first[0]?.[1] ?? null);
    }
    isDone = true;
    const commits = await writing;
    expect(seen.size, 'the views move').greaterThan(10);
    report(`${commits} commits, ${seen.size} different states seen in 60 looks`);
    await client.runAll('drop materialized view pairs_n, pairs_twin', 'drop table pairs');
  });

  it('take in transactions of 50,000 rows whole', async () => {
    await client.runAll(
      'create table digits (d int)',
      'insert into digits values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)',
      'create table big (id int primary key, grp int, note varchar(20))',
      'create materialized view big_even as select id, grp, note from big where grp < 5',
      'create materialized view big_bag as select grp from big where id >= 1000',
    );
    const numbers =
      'select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d as id ' +
      'from digits a, digits b, digits c, digits e, digits f where f.d < 5';
    const views: readonly ExpectedView[] = [
      { name: 'big_even', definition: 'select id, grp, note from big where grp < 5' },
      { name: 'big_bag', definition: 'select grp from big where id >= 1000' },
    ];
    const sizes = new Set<string | null>();
    let isDone = false;
    const watch = async (): Promise<void> => {
      await using session = await SqlClient.open({ port: rig.mysqlPort, database: 'w' });
      while (!isDone) {
        sizes.add(await session.value('select count(*) from big_even'));
        await sleep(50);
      }
    };
    const watching = watch();
    await tidb.run(`insert into big select id, id % 10, 'new' from (${numbers}) x`);
    await client.run('refresh materialized view big_even');
    expect(await expectLaw(client, tidb, views)).equal(25_000 + 49_000);
    await tidb.runAll('begin', "update big set grp = 9 - grp, note = 'changed'", 'commit');
    await client.run('refresh materialized view big_even');
    expect(await expectLaw(client, tidb, views)).equal(25_000 + 49_000);
    await tidb.run('delete from big where id % 2 = 0');
    await client.run('refresh materialized view big_even');
    await expectLaw(client, tidb, views);
    isDone = true;
    await watching;
    // Nobody ever saw a part of a transaction.
    expect([...sizes].filter((size) => !['0', '25000', '15000', '10000'].includes(size ?? ''))).deep.equal(
      [],
    );
    await client.run('drop materialized view big_even, big_bag');
  });
});
