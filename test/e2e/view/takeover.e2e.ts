/**
 * Two instances before one cluster. One maintains; when it is killed the other takes over within seconds. One that was
 * only stalled (SIGSTOP) and comes back commits nothing more, neither an epoch nor a batch of a build, and goes on as
 * a standby that serves its clients.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { expectEpochsContiguous, expectLaw, expectViewsEqual, hiddenTables } from '../../support/law.js';
import {
  RandomWriters,
  WRITTEN_TABLES_DDL,
  createStatement,
  expectedViews,
  fillWrittenTables,
  WRITTEN_VIEWS,
} from '../../support/random-writers.js';
import { type Rig, startRig } from '../../support/rig.js';
import { report, roundsOf, seedOf } from '../../support/seed.js';
import { expectNoLocks, settledViews, until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const TAKE_OVER_MS = 5_000;
const VIEWS = WRITTEN_VIEWS.slice(0, 3);

/** What a status page says of who reigns. */
interface Status {
  readonly role: 'owner' | 'standby';
}

interface Frontier {
  readonly epoch: bigint;
  readonly term: bigint;
  readonly owner: string;
}

describe('two instances', () => {
  let rig: Rig;
  let instances: TiView[];
  let tidb: SqlClient;
  let writers: RandomWriters;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    instances = [
      await startTiView({ tidbPort: rig.mysqlPort }),
      await startTiView({ tidbPort: rig.mysqlPort }),
    ];
    const seed = seedOf('two instances');
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await tidb.runAll(
      'create database w',
      'use w',
      ...WRITTEN_TABLES_DDL,
      'create table digits (d int)',
      'insert into digits values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)',
      'create table large (id int primary key, n int, note varchar(200))',
      "insert into large select x.d + 10 * y.d + 100 * z.d + 1000 * v.d + 10000 * u.d, x.d * y.d, repeat('n', 150) " +
        'from digits x, digits y, digits z, digits v, digits u where u.d < 6',
    );
    await fillWrittenTables(tidb, seed, 60);
    await using client = await instances[0]!.connect({ database: 'w' });
    for (const view of VIEWS) await client.run(createStatement(view));
    writers = new RandomWriters({
      port: rig.mysqlPort,
      database: 'w',
      seed,
      connections: 3,
      pauseMs: 20,
    }).start();
  });

  afterEach(function () {
    if (this.currentTest?.state !== 'failed') return;
    for (const { log } of instances) report(log.slice(-6000));
  });

  after(async () => {
    await writers.stop();
    await tidb.close();
    for (const instance of instances) await instance.kill();
    await rig.stop();
  });

  it('take over from each other within five seconds of a kill', async () => {
    const rounds = roundsOf(3);
    const tookMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { owner, standby } = await roles();
      const before = await frontier();
      await owner.kill('SIGKILL');
      const { tookMs: took } = await until('an epoch of another owner', 20_000, async () => {
        const now = await frontier();
        return now.owner !== before.owner && now.epoch > before.epoch ? now : undefined;
      });
      tookMs.push(took);
      await using client = await standby.connect({ database: 'w' });
      await client.run(`refresh materialized view ${VIEWS[0]!.name}`);
      await expectLaw(client, tidb, expected());
      await owner.start();
    }
    report(`took over after ${tookMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    expect(Math.max(...tookMs)).lessThan(TAKE_OVER_MS);
  });

  it('hand over at once when one is stopped in an orderly way', async () => {
    const { owner } = await roles();
    const before = await frontier();
    const startMs = performance.now();
    expect(await owner.stop()).deep.equal({ code: 0, signal: null });
    const stoppedMs = performance.now() - startMs;
    const { tookMs } = await until('another owner', 20_000, async () => {
      const now = await frontier();
      return now.owner !== before.owner && now.epoch > before.epoch ? now : undefined;
    });
    await owner.start();
    report(`stopped in ${stoppedMs.toFixed(0)} ms, the other maintained ${tookMs.toFixed(0)} ms later`);
    expect(tookMs).lessThan(2_000);
  });

  it('a stalled owner commits no epoch any more, and becomes a standby that serves', async () => {
    const { owner, standby } = await roles();
    const before = await frontier();
    owner.send('SIGSTOP');
    await until('an epoch of another owner', 20_000, async () => {
      const now = await frontier();
      return now.owner !== before.owner && now.epoch > before.epoch + 2n ? now : undefined;
    });
    const changed = await frontier();
    owner.send('SIGCONT');
    await until('the stalled one is a standby', 20_000, async () =>
      (await roleOf(owner)) === 'standby' ? true : undefined,
    );
    await sleep(1_000);
    const after = await frontier();
    expect(after.term, 'nobody reigned in between').equal(changed.term);
    expect(after.owner).equal(changed.owner);
    await expectEpochsContiguous(tidb);
    await using client = await owner.connect({ database: 'w' });
    await client.run(`refresh materialized view ${VIEWS[0]!.name}`);
    await client.run(createStatement(WRITTEN_VIEWS[6]!));
    await expectLaw(client, tidb, [...expected(), ...expectedViews([WRITTEN_VIEWS[6]!.name])]);
    await client.run(`drop materialized view ${WRITTEN_VIEWS[6]!.name}`);
    await using other = await standby.connect({ database: 'w' });
    expect(await other.rows('show materialized views')).deep.equal(
      await client.rows('show materialized views'),
    );
  });

  it('a stalled owner commits no batch of a build any more', async () => {
    for (const pauseMs of [0, 500]) {
      const { owner } = await roles();
      const before = await frontier();
      await using client = await owner.connect({ database: 'w' });
      const name = `l_${pauseMs}`;
      const create = client.run(
        `create materialized view ${name} as select id, n, note from large where n > 3`,
      );
      create.catch(() => undefined);
      await until('a batch of the build', 20_000, async () =>
        (await tidb.rows('select rows_written from tiview.builds where rows_written > 0')).length > 0
          ? true
          : undefined,
      );
      await sleep(pauseMs);
      owner.send('SIGSTOP');
      await until('another owner', 20_000, async () =>
        (await frontier()).owner !== before.owner ? true : undefined,
      );
      const { term } = await frontier();
      owner.send('SIGCONT');
      // No row of a build says the old term again, and the one of the new term only grows.
      let attempt = 0n;
      await until('the build is done by the new owner', 60_000, async () => {
        const [build] = await tidb.rows('select term, attempt from tiview.builds');
        if (build !== undefined) {
          expect(BigInt(build[0] ?? 0) >= term).equal(true);
          expect(BigInt(build[1] ?? 0) >= attempt).equal(true);
          attempt = BigInt(build[1] ?? 0);
        }
        return build === undefined ? true : undefined;
      });
      await create;
      await expectLaw(client, tidb, [
        { name, definition: 'select id, n, note from large where n > 3' },
        ...expected(),
      ]);
      await client.run(`drop materialized view ${name}`);
    }
    expect((await settledViews(tidb)).length).equal(VIEWS.length);
  });

  it('leave nothing behind', async () => {
    await writers.stop();
    await expectViewsEqual(tidb, expected());
    await expectEpochsContiguous(tidb);
    await expectNoLocks(rig);
    await until('nothing is left behind', 60_000, async () =>
      (await hiddenTables(tidb)).length === 0 ? true : undefined,
    );
  });

  function expected() {
    return expectedViews(VIEWS.map(({ name }) => name));
  }

  async function frontier(): Promise<Frontier> {
    const [row] = await tidb.rows('select epoch, term, owner from tiview.frontier');
    return { epoch: BigInt(row?.[0] ?? 0), term: BigInt(row?.[1] ?? 0), owner: row?.[2] ?? '' };
  }

  async function roleOf(instance: TiView): Promise<string> {
    return ((await instance.status()) as Status).role;
  }

  /** Who reigns; both must know. */
  async function roles(): Promise<{ readonly owner: TiView; readonly standby: TiView }> {
    const { value } = await until('one owner and one standby', 20_000, async () => {
      const found = await Promise.all(instances.map(roleOf));
      const owner = instances[found.indexOf('owner')];
      const standby = instances[found.indexOf('standby')];
      return owner === undefined || standby === undefined ? undefined : { owner, standby };
    });
    return value;
  }
});
