// Several front-end processes before one view layer: each knows what the others do, and dies alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { type Worker, clientOf, servingWorkers, workersOf } from './fleet.js';
import { MB, residentBytes } from './process-memory.js';

const WITHIN_MS = 20_000;
const MEMORY_MAX = 100 * MB;

/** Whether a process is there. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('two front-end processes', () => {
  let rig: Rig;
  let tiview: TiView;
  let workers: readonly Worker[];
  let a: SqlClient;
  let b: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({
      tidbPort: rig.mysqlPort,
      flags: ['--workers', '2', '--drain-timeout', '1500'],
    });
    await using client = await tiview.connect();
    await client.runAll(
      'create database shop',
      'create table shop.t (id int primary key, a int)',
      'insert into shop.t values (1, 10), (2, 20)',
    );
  });

  after(async () => {
    await tiview.kill();
    await rig.stop();
  });

  beforeEach(async () => {
    workers = await servingWorkers(tiview, 2);
    a = await clientOf(tiview, workers[0]?.pid ?? 0, { database: 'shop' });
    b = await clientOf(tiview, workers[1]?.pid ?? 0, { database: 'shop' });
  });

  afterEach(async () => {
    await a.close();
    await b.close();
  });

  it('guard in all what is created through one, from the moment that it is answered', async () => {
    for (let round = 0; round < 5; round++) {
      const [maker, other] = round % 2 === 0 ? [a, b] : [b, a];
      await maker.run(`create materialized view v${round} as select id, a from t`);
      expect((await other.error(`delete from v${round}`)).errno).to.equal(1288);
      expect((await maker.error(`insert into v${round} values (3, 3)`)).errno).to.equal(1288);
      expect(await other.rows(`select * from v${round} order by id`)).to.deep.equal([
        ['1', '10'],
        ['2', '20'],
      ]);
      await other.run(`drop materialized view v${round}`);
      await maker.run(`create table v${round} (id int)`);
      await other.run(`insert into v${round} values (1)`);
      await maker.run(`drop table v${round}`);
    }
  });

  it('answer with the same errors and rows as one does', async () => {
    await a.run('create materialized view listed as select id from t');
    expect(await b.rows('show materialized views')).to.deep.equal([['listed']]);
    expect(await b.error('create materialized view listed as select id from t')).to.include({
      errno: 1050,
      sqlState: '42S01',
    });
    expect(await b.error('create materialized view w as select rand() from t')).to.include({
      errno: 1235,
      sqlState: '42000',
    });
    expect((await b.error('create materialized view as')).errno).to.equal(1064);
    await b.runAll('insert into t values (3, 30)', 'refresh materialized view listed');
    expect(await a.value('select count(*) from listed')).to.equal('3');
    await a.runAll('admin check materialized view listed', 'drop materialized view listed');
    await a.run('delete from t where id = 3');
  });

  it('kill what the other one answers, and only what may be killed', async () => {
    await a.run("create user if not exists killer identified by ''");
    await using stranger = await clientOf(tiview, workers[1]?.pid ?? 0, { user: 'killer' });
    await rig.pauseResolved(60_000);
    const outcome = a.error('create materialized view killed as select id, a from t');
    await until('the view is BUILDING', WITHIN_MS, async () => {
      const [status] = await b.rows('show materialized view status killed');
      return status?.[2] === 'BUILDING' || undefined;
    });
    expect((await stranger.error(`kill query ${a.id}`)).errno).to.equal(1227);
    await b.run(`kill query ${a.id}`);
    expect(await outcome).to.include({ errno: 1317, sqlState: '70100' });
    await rig.pauseResolved(0);
    expect(await b.rows('show materialized views')).to.deep.equal([]);
    expect(await a.value('select count(*) from t')).to.equal('2');
  });

  it("leave TiDB's own statements to TiDB's KILL", async () => {
    const sleeping = a.value('select sleep(30)');
    await until('it sleeps', WITHIN_MS, async () => {
      const rows = await b.rows('select info from information_schema.processlist');
      return rows.some(([info]) => info === 'select sleep(30)') || undefined;
    });
    await b.run(`kill query ${a.id}`);
    // TiDB's SLEEP says by 1 that it was interrupted.
    expect(await sleeping).to.equal('1');
  });

  it('add up what they count, and do not forget what one that died had counted', async () => {
    const commands = async (): Promise<number> => {
      const text = await (await fetch(`${tiview.statusUrl}/metrics`)).text();
      return Number(/^tiview_client_commands_total (\d+)$/m.exec(text)?.[1]);
    };
    const before = await commands();
    for (let i = 0; i < 50; i++) {
      await a.run('do 1');
      await b.run('do 1');
    }
    const { value } = await until('100 more', WITHIN_MS, async () => {
      const now = await commands();
      return now >= before + 100 ? now : undefined;
    });
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    await servingWorkers(tiview, 2);
    expect(await commands()).to.be.at.least(value);
    const status = (await tiview.status()) as { connections: number; servers: { connections: number }[] };
    const sum = (await workersOf(tiview)).reduce((total, { connections }) => total + connections, 0);
    expect(status.connections).to.equal(sum);
    expect(status.servers.reduce((total, { connections }) => total + connections, 0)).to.equal(sum);
  });

  it('die alone, and are replaced', async () => {
    await b.runAll('begin', 'insert into t values (9, 90)');
    const [victim, survivor] = workers;
    const refusals: unknown[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        const client = await SqlClient.open({ port: tiview.port }).catch((error: unknown) => {
          refusals.push(error);
          return undefined;
        });
        await client?.value('select 1').catch(() => undefined);
        client?.abandon();
      }
    })();
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    expect(await a.run('do 1').catch(() => 'gone')).to.equal('gone');
    expect(await b.value('select count(*) from t')).to.equal('3');
    await b.run('rollback');
    const now = await servingWorkers(tiview, 2);
    isOver = true;
    await load;
    expect(now.map(({ pid }) => pid)).to.include(survivor?.pid);
    expect(now.map(({ pid }) => pid)).not.to.include(victim?.pid);
    // Only who was just logging in at the one that was killed can have been refused.
    expect(refusals.length).to.be.at.most(1);
    const fresh = now.find(({ pid }) => pid !== survivor?.pid)?.pid ?? 0;
    await using client = await clientOf(tiview, fresh, { database: 'shop' });
    await b.run('create materialized view later as select id from t');
    expect((await client.error('delete from later')).errno).to.equal(1288);
    await client.run('drop materialized view later');
    expect(tiview.log).to.match(/a front end has ended; its clients are lost/);
  });

  it('go on with a build whose front end has died', async () => {
    await rig.pauseResolved(60_000);
    const outcome = a.run('create materialized view orphan as select id, a from t').catch(() => 'gone');
    await until('the view is BUILDING', WITHIN_MS, async () => {
      const [status] = await b.rows('show materialized view status orphan');
      return status?.[2] === 'BUILDING' || undefined;
    });
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    expect(await outcome).to.equal('gone');
    await rig.pauseResolved(0);
    await until('it is READY', WITHIN_MS, async () => {
      const [status] = await b.rows('show materialized view status orphan');
      return status?.[2] === 'READY' || undefined;
    });
    await b.run('drop materialized view orphan');
  });

  it('are replaced one by one on SIGUSR2, while clients come and transactions end', async () => {
    const old = workers.map(({ pid }) => pid);
    await a.runAll('begin', 'insert into t values (5, 50)');
    const refusals: unknown[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        try {
          await using client = await SqlClient.open({ port: tiview.port });
          await client.value('select 1');
        } catch (error) {
          refusals.push(error);
        }
      }
    })();
    tiview.send('SIGUSR2');
    await until(
      'one is leaving',
      WITHIN_MS,
      async () => (await workersOf(tiview)).some(({ state }) => state === 'leaving') || undefined,
    );
    expect(await a.value('select count(*) from t')).to.equal('3');
    await a.run('rollback');
    await until('all are new', WITHIN_MS, async () => {
      const now = await workersOf(tiview);
      return (now.length === 2 && now.every(({ pid }) => !old.includes(pid))) || undefined;
    });
    isOver = true;
    await load;
    expect(refusals).to.deep.equal([]);
    expect(tiview.log).not.to.match(/a front end did not drain/);
  });

  it('take no more than 100 MB each, after much has gone through', async () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => `(${i + 1000}, ${i})`).join(',');
    await a.run(`insert into t values ${rows}`);
    const big = 'select t.id, repeat("x", 200) from t, t u limit 200000';
    await Promise.all([a.rows(big), b.rows(big)]);
    await a.run('delete from t where id >= 1000');
    for (const { pid } of await workersOf(tiview)) {
      expect(residentBytes(pid), `front end ${pid}`).to.be.lessThan(MEMORY_MAX);
    }
  });
});

describe('the end of several front-end processes', () => {
  let rig: Rig;

  before(async () => {
    rig = await startRig();
  });

  after(async () => {
    await rig.stop();
  });

  it('comes after the transactions that are open, when they are told to drain', async () => {
    await using tiview = await startTiView({ tidbPort: rig.mysqlPort, flags: ['--workers', '2'] });
    const workers = await servingWorkers(tiview, 2);
    await using a = await clientOf(tiview, workers[0]?.pid ?? 0);
    await using b = await clientOf(tiview, workers[1]?.pid ?? 0);
    await using idle = await tiview.connect();
    await a.runAll('create table test.t (id int)', 'begin', 'insert into test.t values (1)');
    await b.runAll('begin', 'insert into test.t values (2)');
    const stopped = tiview.stop();
    expect(
      await until('the idle one has gone', WITHIN_MS, () =>
        idle.run('do 1').then(
          () => undefined,
          () => true,
        ),
      ),
    ).to.include({ value: true });
    await a.runAll('insert into test.t values (3)', 'commit');
    await b.runAll('insert into test.t values (4)', 'commit');
    expect(await stopped).to.deep.equal({ code: 0, signal: null });
    expect(workers.filter(({ pid }) => isAlive(pid))).to.deep.equal([]);
    await using direct = await SqlClient.open({ port: rig.mysqlPort });
    expect(await direct.value('select count(*) from test.t')).to.equal('4');
  });

  it('comes with that of the main process', async () => {
    await using tiview = await startTiView({ tidbPort: rig.mysqlPort, flags: ['--workers', '2'] });
    const workers = await servingWorkers(tiview, 2);
    await tiview.kill('SIGKILL');
    await until('none is left', 2_000, () =>
      Promise.resolve(workers.some(({ pid }) => isAlive(pid)) ? undefined : true),
    );
  });

  it('is told by the one line that says why they cannot begin', async () => {
    await using tiview = await startTiView({ tidbPort: rig.mysqlPort });
    const second = startTiView({
      tidbPort: rig.mysqlPort,
      flags: ['--workers', '2', '--listen', `127.0.0.1:${tiview.port}`],
    });
    const error = await second.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).to.match(/tiview: cannot listen on 127.0.0.1:\d+: .*EADDRINUSE/);
    await sleep(100);
  });
});
