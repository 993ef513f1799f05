/**
 * Scenarios (i), (iii), (iv) and (v) of test/e2e/view/scenarios on the embedded cluster: eight writers, TiView in a
 * process of its own, faults all along. Nothing but Node is needed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { EmbeddedCluster } from '../../src/embedded/start-embedded.js';
import { startWholeCluster } from '../support/embedded/whole-cluster.js';
import { expectEpochsContiguous, expectViewsEqual } from '../support/law.js';
import { Random } from '../support/random.js';
import {
  FIRST_BALANCE,
  type LoadName,
  SCENARIO_TABLES,
  SCENARIO_VIEWS,
  ScenarioWriters,
  fillScenarios,
} from '../support/scenario-writers.js';
import { report, seedOf } from '../support/seed.js';
import { SqlClient } from '../support/sql-client.js';
import { type TiView, startTiView } from '../support/tiview.js';

const SIZES = { authors: 50, contents: 0, events: 0, accounts: 100 };
const READS = 100;
const KILLS = 3;
const VIEWS = ['author_posts', 'posts_of', 'bank', 'owners', 'due'].map((name) => ({
  name,
  definition: SCENARIO_VIEWS[name] ?? '',
}));
const LOADS: readonly LoadName[] = [
  ...(['transfer', 'post', 'order', 'transfer'] as const),
  ...(['post', 'order', 'transfer', 'order'] as const),
];

describe('scenarios on the embedded cluster', function () {
  this.timeout(120_000);
  let cluster: EmbeddedCluster;
  let tiview: TiView;
  let direct: SqlClient;

  before(async () => {
    cluster = await startWholeCluster();
    tiview = await startTiView({ tidbPort: cluster.sql.port });
    direct = await SqlClient.open({ port: cluster.sql.port });
    await direct.runAll('create database w', 'use w', ...SCENARIO_TABLES);
    await fillScenarios(direct, SIZES);
    await using client = await tiview.connect({ database: 'w' });
    for (const { name, definition } of VIEWS)
      await client.run(`create materialized view ${name} as ${definition}`);
  });

  after(async () => {
    await direct.close();
    await tiview.kill();
    await cluster.stop();
  });

  const writersOf = (seed: number, pauseMs: number): ScenarioWriters => {
    const { port } = cluster.sql;
    // Transactions are optimistic there.
    const begins = ['begin'];
    return new ScenarioWriters({ port, database: 'w', seed, pauseMs, loads: LOADS, begins }, SIZES);
  };

  async function expectLawOfAll(): Promise<number> {
    await using client = await tiview.connect({ database: 'w' });
    for (const { name } of VIEWS) {
      await client.run(`refresh materialized view ${name}`);
      await client.run(`admin check materialized view ${name}`);
    }
    return await expectViewsEqual(direct, VIEWS);
  }

  it('keep every promise of the writers at each read', async () => {
    const seed = seedOf('promises');
    const random = new Random(seed);
    await using writers = writersOf(seed, 60);
    await using client = await tiview.connect({ database: 'w' });
    for (let read = 0; read < READS; read++) {
      if (random.chance(0.1)) await disturb(cluster, random);
      const [bank = []] = await client.rows('select n, total from bank');
      expect(bank).deep.equal([String(SIZES.accounts), String(SIZES.accounts * FIRST_BALANCE)]);
      await client.run('begin');
      expect(await client.value('select sum(total) from owners')).equal(bank[1]);
      const posts = await client.value('select sum(n) from posts_of where author < 50');
      expect(await client.value('select sum(posts) from author_posts where id < 50')).equal(posts);
      expect(await client.rows('select * from due where due < 0')).deep.equal([]);
      await client.run('commit');
    }
    await writers.stop();
    report(`${writers.transactions} transactions, ${READS} reads, ${await expectLawOfAll()} rows compared`);
  });

  it('live through kills, moving regions and a store that stops', async () => {
    const seed = seedOf('faults');
    const random = new Random(seed);
    const writers = writersOf(seed, 60);
    for (let round = 0; round < KILLS; round++) {
      await disturb(cluster, random);
      await sleep(random.int(100, 1500));
      await tiview.kill('SIGKILL');
      await disturb(cluster, random);
      await tiview.start();
    }
    cluster.faults.stopStore(3n);
    await sleep(2000);
    cluster.faults.startStore(3n);
    await writers.stop();
    const rows = await expectLawOfAll();
    const epochs = await expectEpochsContiguous(direct);
    report(`${KILLS} kills, ${writers.transactions} transactions, ${epochs} epochs, ${rows} rows compared`);
  });
});

/** Something happens to the cluster. */
async function disturb({ faults }: EmbeddedCluster, random: Random): Promise<void> {
  const region = random.pick(faults.regions);
  switch (random.int(0, 6)) {
    case 0: {
      const key = Uint8Array.from(region.start.length > 0 ? [...region.start, random.int(0, 255)] : [0x74]);
      faults.split(key);
      return;
    }
    case 1:
      faults.merge(region.id);
      return;
    case 2:
      faults.moveLeader(region.id, BigInt(random.int(1, 3)));
      return;
    case 3:
      faults.dropConnections(BigInt(random.int(1, 3)));
      return;
    case 4:
      faults.stallResolved();
      await sleep(random.int(10, 300));
      faults.resumeResolved();
      return;
    case 5:
      faults.losePdLeader(random.int(10, 500));
      return;
    default:
      faults.loseReplies(random.pick(['KvCommit', 'KvPrewrite', 'KvGet']));
  }
}
