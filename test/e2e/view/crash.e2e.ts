/**
 * kill −9 at random moments, under load, in the middle of builds and drops: whatever moment it is, every view equals
 * its definition afterwards, no epoch is lost or applied twice, nothing stays locked and nothing stays behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Random } from '../../support/random.js';
import { type ExpectedView, expectEpochsContiguous, expectLaw, hiddenTables } from '../../support/law.js';
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
import { expectNoLocks, registeredViews, settledViews, until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

/** What is built while the process dies. */
const PASSING = [
  'select id, n, note from large where n > 10',
  'select n, note from large where n < 80',
  'select * from w_none',
  "select code, s, at from w_str where s > 'b'",
];

describe('kill -9', () => {
  let rig: Rig;
  let tiview: TiView;
  let tidb: SqlClient;
  const definitions = new Map<string, string>();

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    await using first = await tiview.connect();
    await first.runAll(
      'create database w',
      'use w',
      ...WRITTEN_TABLES_DDL,
      'create table digits (d int)',
      'insert into digits values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)',
      'create table large (id int primary key, n int, note varchar(40))',
      "insert into large select x.d + 10 * y.d + 100 * z.d + 1000 * v.d + 10000 * u.d, x.d * y.d, repeat('n', z.d) " +
        'from digits x, digits y, digits z, digits v, digits u where u.d < 2',
    );
    tidb = await SqlClient.open({ port: rig.mysqlPort, database: 'w' });
  });

  after(async () => {
    await tidb.close();
    await tiview.kill();
    await rig.stop();
  });

  it('loses nothing, doubles nothing, and leaves nothing behind', async () => {
    const seed = seedOf('kill -9');
    const rounds = roundsOf(10);
    const random = new Random(seed);
    await fillWrittenTables(tidb, seed, 100);
    {
      await using client = await tiview.connect({ database: 'w' });
      for (const view of WRITTEN_VIEWS) await client.run(createStatement(view));
    }
    const options = { port: rig.mysqlPort, database: 'w', seed, connections: 4, pauseMs: 20 };
    const writers = new RandomWriters(options).start();
    try {
      for (let round = 0; round < rounds; round++) await dieOnce(random, round);
    } finally {
      await writers.stop();
    }
    const views = await settledViews(tidb);
    expect(views.filter(({ state }) => state !== 'READY')).deep.equal([]);
    await using client = await tiview.connect({ database: 'w' });
    await client.run('refresh materialized view v_int');
    const built: readonly ExpectedView[] = [...definitions]
      .filter(([name]) => views.some((view) => view.name === name))
      .map(([name, definition]) => ({ name, definition }));
    const rows = await expectLaw(client, tidb, [...expectedViews(), ...built]);
    const epochs = await expectEpochsContiguous(tidb);
    await expectNoLocks(rig);
    // What processes left that died in the middle of something goes after a while.
    await until('nothing is left behind', 60_000, async () =>
      (await hiddenTables(tidb)).length === 0 &&
      (await tidb.value('select count(*) from tiview.members')) === '1'
        ? true
        : undefined,
    );
    expect(await tidb.value('select count(*) from tiview.builds')).equal('0');
    report(
      `${rounds} kills, ${writers.transactions} transactions, ${epochs} epochs, ${built.length} views built ` +
        `through crashes, ${rows} rows compared`,
    );
  });

  /** Waits until so many epochs more are committed, or for a while. */
  async function epochsLater(count: number): Promise<void> {
    const epoch = async (): Promise<number> => Number(await tidb.value('select epoch from tiview.frontier'));
    const goal = (await epoch()) + count;
    const late = performance.now() + 10_000;
    while ((await epoch()) < goal && performance.now() < late) await sleep(10);
  }

  /** Lets it work for a moment, starts or drops something, kills, starts it again. */
  async function dieOnce(random: Random, round: number): Promise<void> {
    const session = await tiview.connect({ database: 'w' });
    const orders: Promise<unknown>[] = [];
    if (random.chance(0.7)) {
      const name = `c_${round}`;
      const select = random.pick(PASSING);
      definitions.set(name, select);
      orders.push(session.run(`create materialized view ${name} as ${select}`));
    } else {
      const [dropped] = random.sample([...definitions.keys()], 1);
      if (dropped !== undefined) orders.push(session.run(`drop materialized view if exists ${dropped}`));
    }
    for (const order of orders) order.catch(() => undefined);
    // By the clock it often dies before its first epoch, by epochs never: some of both.
    if (random.chance(0.5)) await sleep(random.int(0, 2500));
    else await epochsLater(random.int(1, 20));
    await tiview.kill('SIGKILL');
    session.abandon();
    if (random.chance(0.3)) await sleep(random.int(0, 1000));
    await tiview.start();
    // Also while it takes up what the life before has left.
    if (random.chance(0.3)) {
      await sleep(random.int(0, 300));
      await tiview.kill('SIGKILL');
      await tiview.start();
    }
    expect((await registeredViews(tidb)).filter(({ lastError }) => lastError !== null)).deep.equal([]);
  }
});
