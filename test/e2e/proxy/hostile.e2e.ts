// TiView, the whole program, among users who mean no good, clients that are broken, and servers that stop.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import { AnswerFollower } from '../../../src/wire/answer-follower.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Command } from '../../../src/wire/command.js';
import { needsClient } from '../../clients/installed.js';
import { type Rig, startRig } from '../../support/rig.js';
import type { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { connectTo } from './harness.js';
import { MB, peakResidentBytes, residentBytes } from './process-memory.js';
import { RawClient } from './raw-client.js';

/** Polls until something holds; the test's own time limit is the bound. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Bytes that are different for each seed (a linear congruence suffices to be odd). */
function noise(seed: number, length: number): Buffer {
  let state = (seed * 2654435761) >>> 0;
  return Buffer.from(
    Uint8Array.from({ length }, () => (state = (state * 1664525 + 1013904223) >>> 0) >>> 24),
  );
}

describe('TiView among enemies', function () {
  this.timeout(120_000);
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;

  before(async () => {
    rig = await startRig();
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    await client.runAll(
      'create database safe',
      'use safe',
      'create table t (id int primary key, v longtext)',
      "insert into t values (1, 'a'), (2, 'b')",
      'create materialized view mv as select id, v from t where id > 1',
    );
  });

  after(async () => {
    await client.close();
    await tiview.stop();
    await rig.stop();
  });

  afterEach(async () => {
    expect(await client.rows('select * from mv')).to.deep.equal([['2', 'b']]);
    await until(async () => ((await tiview.status()) as { connections: number }).connections === 1);
  });

  const openProblem = (options: Record<string, unknown>): Promise<string> =>
    connectTo(tiview.port, options).then(
      async (connection) => {
        await connection.end();
        return 'let in';
      },
      (error: unknown) => {
        const { errno, message } = error as { errno?: number; message: string };
        return `${errno} ${message}`;
      },
    );

  it('refuses strangers in the words of TiDB', async () => {
    await client.run("create user if not exists guest identified by 'secret'");
    expect(await openProblem({ user: 'guest', password: 'secret' })).to.equal('let in');
    expect(await openProblem({ user: 'guest', password: 'wrong' })).to.match(/^1045 Access denied/);
    expect(await openProblem({ user: 'nobody', password: 'x'.repeat(10_000) })).to.match(/^1045 /);
    expect(await openProblem({ user: 'x'.repeat(1000) })).to.match(/^1045 /);
    expect(await openProblem({ database: 'nowhere' })).to.match(/^1049 Unknown database/);
    expect(await openProblem({ user: 'guest', password: 'secret', database: 'safe' })).to.match(/^1044 /);
  });

  it('gives a user without privileges the errors of TiDB, and no view', async () => {
    await client.run("create user if not exists poor identified by ''");
    await client.run('grant select on safe.mv to poor');
    await using poor = await tiview.connect({ user: 'poor', database: 'safe' });
    const codes = async (...statements: string[]): Promise<number[]> => {
      const all: number[] = [];
      for (const sql of statements) all.push((await poor.error(sql)).errno);
      return all;
    };
    expect(
      await codes(
        'create materialized view safe.stolen as select * from safe.t',
        'create materialized view safe.stolen as select id from safe.mv',
        'create or replace materialized view safe.mv as select id from safe.mv',
        'drop materialized view safe.mv',
        'show create materialized view safe.missing',
        'select * from tiview.views',
        'insert into tiview.views values ()',
      ),
    ).to.deep.equal([1142, 1142, 1142, 1142, 1142, 1142, 1288]);
    expect(await poor.rows('show materialized views from safe')).to.deep.equal([['mv']]);
    await poor.run('refresh materialized view safe.mv');
  });

  it('survives noise in the place of a login, whole and in pieces', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const socket = connect(tiview.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      await once(socket, 'connect');
      const bytes = noise(seed, 1 + ((seed * 37) % 3000));
      // Every third looks like a packet that fits its header; every fourth breaks off in the middle.
      if (seed % 3 === 0) {
        bytes.writeUIntLE(Math.max(0, bytes.length - 4), 0, Math.min(3, bytes.length));
        if (bytes.length > 3) bytes[3] = 1;
      }
      socket.write(bytes.subarray(0, seed % 4 === 0 ? bytes.length / 2 : bytes.length));
      if (seed % 5 === 0) socket.resetAndDestroy();
      else socket.end();
      await once(socket, 'close');
    }
  });

  it('survives noise in the place of commands', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const raw = await RawClient.login(tiview.port);
      const bytes = noise(seed, 1 + ((seed * 53) % 500));
      if (seed % 2 === 0) {
        bytes.writeUIntLE(Math.max(0, bytes.length - 4), 0, Math.min(3, bytes.length));
        if (bytes.length > 3) bytes[3] = 0;
      }
      raw.socket.write(bytes);
      raw.socket.end();
      await raw.untilEnd();
      raw.socket.destroy();
    }
  });

  it('lets go of a client that connects and then says nothing', async () => {
    const raw = RawClient.open(tiview.port);
    const text = (await raw.untilEnd()).toString('latin1');
    expect(text).to.include('Got timeout reading communication packets');
    raw.socket.destroy();
  });

  for (const name of [
    'a b',
    'a`b',
    "a'b",
    'a"b',
    'ä€😀',
    'a.b',
    'a\\b',
    'select',
    'Ünï-CODE',
    '1',
    '0x',
    '--x',
  ]) {
    it(`knows views in a database of the name ${name}`, async () => {
      const quoted = `\`${name.replaceAll('`', '``')}\``;
      await client.run(`create database ${quoted}`);
      try {
        // TiDB itself does not let anybody in who names a database with a backtick.
        await using other = await tiview.connect(name.includes('`') ? {} : { database: name });
        await other.runAll(
          `use ${quoted}`,
          `create table ${quoted} (id int primary key, \`${name.replaceAll('`', '``')}x\` int)`,
          `insert into ${quoted} values (1, 1), (2, 2)`,
          `create materialized view v as select * from ${quoted} where id > 1`,
        );
        expect(await other.rows(`select * from ${quoted}.v`)).to.deep.equal([['2', '2']]);
        expect((await other.error('delete from v')).errno).to.equal(1288);
        expect((await other.error(`delete from ${quoted}.v`)).errno).to.equal(1288);
        await client.run(`use ${quoted}`);
        expect((await client.error('truncate table v')).errno).to.equal(1288);
        expect((await client.error('/* odd */ update v set id = 3')).errno).to.equal(1288);
        expect(await client.rows('show materialized views')).to.deep.equal([['v']]);
        await client.run('refresh materialized view v');
        await client.run('admin check materialized view v');
        await client.run('drop materialized view v');
      } finally {
        await client.run('use safe');
        await client.run(`drop database ${quoted}`);
      }
    });
  }

  it('bears statements of many megabytes that begin like ours', async () => {
    const long = 'x'.repeat(17 * MB);
    expect((await client.error(`create materialized view long as select '${long}`)).errno).to.equal(1064);
    expect((await client.error(`insert into mv values (9, '${long}')`)).errno).to.equal(1288);
    expect((await client.error(`/* ${long} */ delete from mv`)).errno).to.equal(1288);
    expect((await client.error(`create materialized view ${long} as select 1`)).errno).to.be.greaterThan(0);
    await using other = await tiview.connect({ database: 'safe' });
    const tooLong = await other.error(`delete from mv where v = '${'x'.repeat(65 * MB)}'`);
    expect(tooLong.errno).to.equal(1153);
  });

  it('has a REFRESH killed by KILL QUERY, but not by strangers', async () => {
    await using victim = await tiview.connect({ database: 'safe' });
    await using other = await tiview.connect();
    await client.run("create user if not exists killer identified by ''");
    await using stranger = await tiview.connect({ user: 'killer' });
    await rig.pauseResolved(3_000);
    let hasEnded = false;
    const refused = victim.error('refresh materialized view mv').finally(() => (hasEnded = true));
    expect((await stranger.error(`kill query ${victim.id}`)).errno).to.equal(1227);
    await other.run('do 1');
    expect(hasEnded).to.equal(false);
    await other.run(`/* a tool */ kill query ${victim.id}`);
    expect(await refused).to.include({ errno: 1317, sqlState: '70100' });
    await victim.run('refresh materialized view mv');
  });

  it('has a REFRESH stopped by Ctrl-C in the mariadb client', async function () {
    await needsClient(this, 'mariadb');
    await rig.pauseResolved(10_000);
    const args = ['--no-defaults', '-h127.0.0.1', `-P${tiview.port}`, '-uroot', '-Dsafe'];
    const child = spawn('mariadb', [...args, '-e', 'refresh materialized view mv'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until(async () => ((await tiview.status()) as { connections: number }).connections === 2);
    child.kill('SIGINT');
    await once(child, 'close');
    expect(output).to.match(/query killed/);
    await rig.pauseResolved(0);
  });

  describe('when TiDB stops', () => {
    it('says so to new clients while it stands still, and goes on when it does', async () => {
      process.kill(rig.pid, 'SIGSTOP');
      try {
        expect(await openProblem({ connectTimeout: 20_000 })).to.match(/^1105 no tidb-server reachable/);
      } finally {
        process.kill(rig.pid, 'SIGCONT');
      }
      await until(async () => (await openProblem({})) === 'let in');
      await client.run('refresh materialized view mv');
    });
  });
});

describe('TiView without its TiDB', function () {
  this.timeout(120_000);

  it('ends sessions, refuses new ones, answers on its status port, and ends in order', async () => {
    const rig = await startRig();
    const tiview = await startTiView({ tidbPort: rig.mysqlPort });
    const client = await RawClient.login(tiview.port);
    await client.query('SELECT 1');
    process.kill(rig.pid, 'SIGKILL');
    await client.untilEnd();
    client.socket.destroy();
    for (let i = 0; i < 20; i++) {
      const refused = RawClient.open(tiview.port);
      expect((await refused.untilEnd()).toString('latin1')).to.include('no tidb-server reachable');
      refused.socket.destroy();
    }
    expect(await tiview.status()).to.include({ connections: 0 });
    const { signal } = await tiview.stop();
    expect(signal).to.equal(null);
    await rig.stop();
  });
});

describe('the memory of TiView', function () {
  this.timeout(120_000);
  let rig: Rig;
  let tiview: TiView;

  before(async () => {
    rig = await startRig();
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    await using client = await tiview.connect();
    await client.runAll(
      'create database memory',
      'use memory',
      'create table fifty (id int primary key)',
      `insert into fifty values ${Array.from({ length: 50 }, (_, i) => `(${i})`).join()}`,
      'create materialized view mv as select id from fifty where id > 10',
    );
  });

  after(async () => {
    await tiview.stop();
    await rig.stop();
  });

  it('passes on a result of 200 MB without growing by more than 50 MB', async () => {
    const pid = tiview.pid ?? 0;
    const raw = await RawClient.login(tiview.port);
    await raw.query('SELECT 1');
    peakResidentBytes(pid);
    const before = residentBytes(pid);
    raw.send(
      Command.query,
      utf8(
        "select repeat('x', 990) from memory.fifty a, memory.fifty b, memory.fifty c, memory.fifty d limit 210000",
      ),
    );
    const follower = new AnswerFollower(false, 0);
    follower.expect(AnswerKind.result);
    let bytes = 0;
    while (follower.pendingCount > 0) {
      const chunk = await raw.chunk();
      if (chunk === undefined) throw new Error(`the answer ended after ${bytes} bytes`);
      follower.feed(chunk, 0, chunk.length);
      bytes += chunk.length;
    }
    const growth = peakResidentBytes(pid) - before;
    console.log(`      ${(bytes / MB).toFixed(0)} MB: grew by ${(growth / MB).toFixed(1)} MB`);
    expect(bytes).to.be.greaterThan(195 * MB);
    expect(growth).to.be.lessThan(50 * MB);
    await raw.quit();
  });

  it('holds 200 idle connections in little memory', async () => {
    const pid = tiview.pid ?? 0;
    const open = (): Promise<RawClient[]> =>
      Promise.all(Array.from({ length: 200 }, () => RawClient.login(tiview.port)));
    const before = residentBytes(pid);
    const idle = await open();
    await Promise.all(idle.map((raw) => raw.query('SELECT 1')));
    const each = (residentBytes(pid) - before) / idle.length;
    console.log(`      ${(each / 1024).toFixed(0)} KiB each`);
    expect(each).to.be.lessThan(100 * 1024);
    for (const raw of idle) await raw.quit();
  });
});
