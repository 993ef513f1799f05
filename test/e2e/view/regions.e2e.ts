/**
 * A cluster in motion: regions of the base tables and of the views split, merge and change their leaders, a store
 * stops for some seconds, PD's leader steps down, in the middle of builds and of maintenance. Nothing is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { recordRange } from '../../../src/codec/table-keys.js';
import { Random } from '../../support/random.js';
import { expectEpochsContiguous, expectLaw, expectViewsEqual, hiddenTables } from '../../support/law.js';
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
import { expectNoLocks, settledViews, until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const LARGE = 'select id, n, note from large where n > 3';

describe('regions in motion', () => {
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;
  let tidb: SqlClient;
  const seed = seedOf('regions in motion');
  const random = new Random(seed);
  const moved = { splits: 0, merges: 0, leaders: 0, refused: 0 };

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50, stores: 3, seed });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await client.runAll(
      'create database w',
      'use w',
      ...WRITTEN_TABLES_DDL,
      'create table digits (d int)',
      'insert into digits values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)',
      'create table large (id int primary key, n int, note varchar(100))',
      "insert into large select x.d + 10 * y.d + 100 * z.d + 1000 * v.d + 10000 * u.d, x.d * y.d, repeat('n', 90) " +
        'from digits x, digits y, digits z, digits v, digits u where u.d < 2',
    );
    await tidb.run('use w');
    await fillWrittenTables(tidb, seed, 150);
    for (const view of WRITTEN_VIEWS.slice(0, 5)) await client.run(createStatement(view));
  });

  after(async () => {
    await client.close();
    await tidb.close();
    await tiview.stop();
    await rig.stop();
  });

  function expected() {
    return expectedViews(WRITTEN_VIEWS.slice(0, 5).map(({ name }) => name));
  }

  /** Splits, merges and moves leaders of the tables' regions until told to stop. */
  async function disturb(signal: AbortSignal): Promise<void> {
    const regions: bigint[] = [];
    while (!signal.aborted) {
      try {
        const kind = random.int(0, 9);
        if (kind < 5) {
          regions.push(...(await rig.split(await randomKey())));
          moved.splits++;
        } else if (kind < 7 && regions.length > 2) {
          await rig.merge(random.pick(regions));
          moved.merges++;
        } else if (regions.length > 0) {
          await rig.transferLeader(random.pick(regions), BigInt(random.int(1, 3)));
          moved.leaders++;
        }
      } catch (error) {
        // A region that was merged away, a key that is a border already.
        if (!(error instanceof Error) || !error.message.startsWith('rig:')) throw error;
        moved.refused++;
      }
      await sleep(random.int(5, 150));
    }
  }

  /** A key of a row of a table of the users, or of the system schema, that may or may not be there. */
  async function randomKey(): Promise<Uint8Array> {
    await using session = await SqlClient.open({ port: rig.mysqlPort });
    const rows = await session.rows(
      "select tidb_table_id from information_schema.tables where table_schema in ('w', 'tiview')",
    );
    const ids = rows.map(([id]) => Number(id));
    const { start } = recordRange(random.pick(ids));
    const handle = Buffer.alloc(8);
    handle.writeBigUInt64BE(
      random.chance(0.7) ? (1n << 63n) + BigInt(random.int(0, 30_000)) : random.bits(64),
    );
    return Buffer.concat([start, handle]);
  }

  it('lose nothing during maintenance and builds', async () => {
    const over = new AbortController();
    const writers = new RandomWriters({
      port: rig.mysqlPort,
      database: 'w',
      seed,
      connections: 4,
      pauseMs: 10,
    });
    writers.start();
    const disturbing = disturb(over.signal);
    let rows = 0;
    try {
      for (let round = 0; round < roundsOf(2); round++) {
        await client.run(`create materialized view l_${round} as ${LARGE}`);
        await client.run(`admin check materialized view l_${round}`);
        rows += await expectViewsEqual(tidb, [...expected(), { name: `l_${round}`, definition: LARGE }]);
        await client.run(`drop materialized view l_${round}`);
      }
    } finally {
      over.abort();
      await disturbing;
      await writers.stop();
    }
    await client.run('refresh materialized view v_int');
    await expectLaw(client, tidb, expected());
    report(`${JSON.stringify(moved)}, ${writers.transactions} transactions, ${rows} rows compared`);
    expect(moved.splits).greaterThan(10);
  });

  it('a store that stops for some seconds, and PD without a leader, only cost time', async () => {
    const writers = new RandomWriters({
      port: rig.mysqlPort,
      database: 'w',
      seed,
      connections: 3,
      pauseMs: 10,
      expectsOutages: true,
    });
    writers.start();
    const outagesMs: number[] = [];
    try {
      for (const store of [1n, 3n]) {
        const building = client.run(`create materialized view s_${store} as ${LARGE}`);
        building.catch(() => undefined);
        await sleep(random.int(50, 400));
        await rig.stopStore(store);
        await rig.pdStepsDown(random.int(100, 600));
        await sleep(random.int(1500, 3000));
        await rig.startStore(store);
        const { tookMs } = await until('the views move again', 60_000, async () => {
          await using session = await tiview.connect({ database: 'w' });
          await session.run('refresh materialized view v_int');
          return true;
        });
        outagesMs.push(tookMs);
        await building;
        await expectViewsEqual(tidb, [...expected(), { name: `s_${store}`, definition: LARGE }]);
      }
    } finally {
      await writers.stop();
    }
    await client.run('refresh materialized view v_int');
    await expectLaw(client, tidb, [...expected(), { name: 's_1', definition: LARGE }]);
    await client.run('drop materialized view s_1, s_3');
    report(`fresh again ${outagesMs.map((ms) => ms.toFixed(0)).join(', ')} ms after the store came back`);
  });

  it('leave nothing behind', async () => {
    expect((await settledViews(tidb)).map(({ state }) => state)).deep.equal(Array(5).fill('READY'));
    await expectEpochsContiguous(tidb);
    await expectNoLocks(rig);
    await until('no hidden table is left', 60_000, async () =>
      (await hiddenTables(tidb)).length === 0 ? true : undefined,
    );
  });
});
