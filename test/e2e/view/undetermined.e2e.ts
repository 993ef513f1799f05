/**
 * Lost replies. A request of TiView's is carried out and its answer is lost: what it has committed, and what not, must
 * be found out before anything else is committed; nothing is lost and nothing is done twice.
 */
import { expect } from 'chai';
import { Random } from '../../support/random.js';
import { expectEpochsContiguous, expectLaw, expectViewsEqual, hiddenTables } from '../../support/law.js';
import {
  RandomWriters,
  WRITTEN_TABLES_DDL,
  WRITTEN_VIEWS,
  createStatement,
  expectedViews,
  fillWrittenTables,
  oneTransaction,
} from '../../support/random-writers.js';
import { type Rig, startRig } from '../../support/rig.js';
import { report, roundsOf, seedOf } from '../../support/seed.js';
import { expectNoLocks, settledViews, until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const METHODS = [
  'KvPrewrite',
  'KvCommit',
  'KvCheckTxnStatus',
  'KvBatchRollback',
  'KvTxnHeartBeat',
  'KvGet',
  'Coprocessor',
];

describe('lost replies', () => {
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;
  let tidb: SqlClient;
  const seed = seedOf('lost replies');

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50, stores: 3, seed });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await client.runAll('create database w', 'use w', ...WRITTEN_TABLES_DDL);
    await tidb.run('use w');
    await fillWrittenTables(tidb, seed, 100);
    for (const view of WRITTEN_VIEWS.slice(0, 6)) await client.run(createStatement(view));
  });

  after(async () => {
    await client.close();
    await tidb.close();
    await tiview.stop();
    await rig.stop();
  });

  function expected() {
    return expectedViews(WRITTEN_VIEWS.slice(0, 6).map(({ name }) => name));
  }

  for (const method of METHODS) {
    it(`of ${method} lose no epoch and double none`, async () => {
      const random = new Random(seed);
      for (let round = 0; round < roundsOf(4); round++) {
        // Heartbeats of the instance take some of them.
        await rig.dropNextReply(method, { count: random.int(1, 4) });
        for (let i = 0; i < 5; i++) await oneTransaction(tidb, random);
        await client.run('refresh materialized view v_int');
        await expectViewsEqual(tidb, expected());
      }
      await rig.clearFaults();
      await expectEpochsContiguous(tidb);
    });
  }

  it('of commits in the middle of a build lose no batch and double none', async () => {
    const view = WRITTEN_VIEWS[6]!;
    for (let round = 0; round < roundsOf(3); round++) {
      await rig.dropNextReply('KvCommit', { count: 6 });
      await rig.dropNextReply('KvPrewrite', { count: 3 });
      await client.run(createStatement(view));
      await rig.clearFaults();
      await expectLaw(client, tidb, expectedViews([view.name]));
      await client.run(`drop materialized view ${view.name}`);
    }
    expect(await hiddenTables(tidb)).deep.equal([]);
  });

  it('and every other fault of TiKV and PD, again and again under load, hurt nobody', async () => {
    const writers = new RandomWriters({
      port: rig.mysqlPort,
      database: 'w',
      seed,
      connections: 4,
      pauseMs: 10,
    });
    await rig.setFaults('kv,pd,kv-drop-reply=0.03', { spareTidb: true, delayMs: 10 });
    writers.start();
    const random = new Random(seed + 1);
    const passing = WRITTEN_VIEWS.slice(6);
    for (let round = 0; round < roundsOf(5); round++) {
      const view = random.pick(passing);
      await client.run(createStatement(view));
      await client.run(`admin check materialized view ${view.name}`);
      await expectViewsEqual(tidb, [...expected(), ...expectedViews([view.name])]);
      await client.run(`drop materialized view ${view.name}`);
    }
    await rig.clearFaults();
    await writers.stop();
    await settledViews(tidb);
    await client.run('refresh materialized view v_int');
    await expectLaw(client, tidb, expected());
    const epochs = await expectEpochsContiguous(tidb);
    await expectNoLocks(rig);
    await until('nothing is left behind', 60_000, async () =>
      (await hiddenTables(tidb)).length === 0 ? true : undefined,
    );
    const { faults } = await rig.stats();
    report(`${epochs} epochs, ${writers.transactions} transactions, faults ${JSON.stringify(faults)}`);
    expect(faults['kv-drop-reply']).greaterThan(20);
  });
});
