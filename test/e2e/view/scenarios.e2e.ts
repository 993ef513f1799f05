/**
 * What people come for, under eight writers: TiFlink's authors and posts, the creator centre, a bank, orders and
 * payments. At every read the views keep the promises of the writers; at random moments and at the end each equals its
 * definition; through kill −9, moving regions and a store that stops.
 *
 * TIVIEW_E2E_ROUNDS: kills. TIVIEW_E2E_SCALE: how much larger than in CI (100: 100k contents, 1M events).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Random } from '../../support/random.js';
import { expectEpochsContiguous, expectLaw } from '../../support/law.js';
import { type Rig, startRig } from '../../support/rig.js';
import {
  FIRST_BALANCE,
  SCENARIO_TABLES,
  SCENARIO_VIEWS,
  type ScenarioSizes,
  ScenarioWriters,
  fillScenarios,
} from '../../support/scenario-writers.js';
import { report, roundsOf, seedOf } from '../../support/seed.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const scale = Number(process.env['TIVIEW_E2E_SCALE'] ?? 1);
const SIZES: ScenarioSizes = {
  authors: 200,
  contents: 1000 * scale,
  events: 10_000 * scale,
  accounts: 1000,
};
const READS = 1000;

describe('scenarios', () => {
  let rig: Rig;
  let tiview: TiView;
  let tidb: SqlClient;

  const expected = Object.entries(SCENARIO_VIEWS).map(([name, definition]) => ({ name, definition }));

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50, stores: 3 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await tidb.runAll('create database w', 'use w', ...SCENARIO_TABLES);
    await fillScenarios(tidb, SIZES);
    await using client = await tiview.connect({ database: 'w' });
    for (const { name, definition } of expected) {
      const startMs = performance.now();
      await client.run(`create materialized view ${name} as ${definition}`);
      report(`${name}: built in ${Math.round(performance.now() - startMs)} ms`);
    }
  });

  after(async () => {
    await tidb.close();
    await tiview.kill();
    await rig.stop();
  });

  const writersOf = (seed: number, pauseMs: number): ScenarioWriters =>
    new ScenarioWriters({ port: rig.mysqlPort, database: 'w', seed, pauseMs }, SIZES);

  it('keep every promise of the writers at each read', async () => {
    const seed = seedOf('promises');
    await using writers = writersOf(seed, 60);
    await using client = await tiview.connect({ database: 'w' });
    await using checker = await tiview.connect({ database: 'w' });
    const random = new Random(seed);
    for (let read = 0; read < READS; read++) {
      const [bank = []] = await client.rows('select n, total from bank');
      expect(bank).deep.equal([String(SIZES.accounts), String(SIZES.accounts * FIRST_BALANCE)]);
      await client.run('begin');
      expect(await client.value('select sum(total) from owners')).equal(bank[1]);
      const posts = await client.value(
        'select sum(n) from posts_of where author in (select id from author_posts)',
      );
      expect(await client.value('select sum(posts) from author_posts')).equal(posts);
      expect(await client.rows('select * from due where due < 0')).deep.equal([]);
      await client.run('commit');
      if (random.chance(0.01)) {
        const { name } = random.pick(expected);
        await checker.run(`admin check materialized view ${name}`);
      }
    }
    await writers.stop();
    await client.run('refresh materialized view bank');
    const rows = await expectLaw(client, tidb, expected);
    report(`${writers.transactions} transactions, ${READS} reads, ${rows} rows compared`);
  });

  it('live through kills, moving regions and a store that stops', async () => {
    const seed = seedOf('faults');
    const random = new Random(seed);
    const rounds = roundsOf(10);
    const writers = writersOf(seed, 40);
    for (let round = 0; round < rounds; round++) {
      await disturb(random);
      await sleep(random.int(100, 2500));
      await tiview.kill('SIGKILL');
      await sleep(random.int(0, 300));
      await tiview.start();
    }
    await rig.stopStore(3n);
    await sleep(10_000);
    await rig.startStore(3n);
    await writers.stop();
    await using client = await tiview.connect({ database: 'w' });
    for (const { name } of expected) await client.run(`refresh materialized view ${name}`);
    const rows = await expectLaw(client, tidb, expected);
    const epochs = await expectEpochsContiguous(tidb);
    report(`${rounds} kills, ${writers.transactions} transactions, ${epochs} epochs, ${rows} rows compared`);
  });

  /** Splits a table somewhere, merges two regions, or lets another store lead something. */
  async function disturb(random: Random): Promise<void> {
    const table = random.pick(['votes', 'accounts', 'posts', 'centre', 'orders']);
    const [region] = await tidb.rows(`show table ${table} regions`);
    const id = region?.[0];
    if (id === undefined || id === null || random.chance(0.4)) {
      await tidb.run(`split table ${table} between (0) and (100000) regions 4`);
    } else if (random.chance(0.5)) {
      await rig.merge(BigInt(id)).catch(() => undefined);
    } else {
      await rig.transferLeader(BigInt(id), BigInt(random.int(1, 3))).catch(() => undefined);
    }
  }
});
