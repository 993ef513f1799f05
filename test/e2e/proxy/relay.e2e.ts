// What a relay must stand: large results, clients that stop reading, servers that die, many connections, Ctrl-C,
// shutdown.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import { AnswerFollower } from '../../../src/wire/answer-follower.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Command } from '../../../src/wire/command.js';
import { needsClient } from '../../clients/installed.js';
import { ChildProxy, type ProxyStats } from './child-proxy.js';
import { type TestProxy, connectTo, resetSchema, startProxy } from './harness.js';
import { RawClient } from './raw-client.js';
import { type Tidb, startTidb } from './tidb.js';

const MB = 1024 * 1024;

/** About 200 MB in rows of 1,000 bytes. */
const LARGE = `SELECT REPEAT('x', 990) FROM clients.loaded a, clients.loaded b, clients.loaded c, clients.loaded d LIMIT 210000`;
/** About 200 MB in rows of some 95 bytes. */
const LARGE_NARROW = `SELECT a.id, REPEAT('x', 80) FROM clients.loaded a, clients.loaded b, clients.loaded c, clients.loaded d LIMIT 2300000`;

/** Polls until something holds; the test's own time limit is the bound. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function drainAnswer(client: RawClient): Promise<number> {
  const follower = new AnswerFollower(false, 0);
  follower.expect(AnswerKind.result);
  let bytes = 0;
  while (follower.pendingCount > 0) {
    const chunk = await client.chunk();
    if (chunk === undefined) throw new Error(`the answer ended after ${bytes} bytes`);
    follower.feed(chunk, 0, chunk.length);
    bytes += chunk.length;
  }
  return bytes;
}

describe('the relay', function () {
  this.timeout(120_000);
  let tidb: Tidb;

  before(async () => {
    tidb = await startTidb();
    await resetSchema(tidb);
  });

  after(async () => {
    await tidb.stop();
  });

  describe('in a process of its own', () => {
    let child: ChildProxy;

    beforeEach(async () => {
      child = await ChildProxy.start(tidb.address);
    });

    afterEach(async () => {
      await child.stop();
    });

    for (const [rows, sql] of [
      ['wide', LARGE],
      ['narrow', LARGE_NARROW],
    ] as const) {
      it(`passes on a result of 200 MB in ${rows} rows without growing by more than 50 MB`, async () => {
        const client = await RawClient.login(child.port);
        await client.query('SELECT 1');
        child.peakRss();
        const before = (await child.stats()).rss;
        client.send(Command.query, utf8(sql));
        expect(await drainAnswer(client)).to.be.greaterThan(195 * MB);
        const growth = child.peakRss() - before;
        console.log(`      grew by ${(growth / MB).toFixed(1)} MB`);
        expect(growth).to.be.lessThan(50 * MB);
        await client.quit();
      });
    }

    it('stops only a client that stops reading, and goes on where it stopped', async () => {
      const direct = await RawClient.login(tidb.port);
      direct.send(Command.query, utf8(LARGE));
      const whole = await drainAnswer(direct);
      await direct.quit();

      const stopped = await Promise.all(Array.from({ length: 10 }, () => RawClient.login(child.port)));
      await (await RawClient.login(child.port)).quit();
      child.peakRss();
      const before = (await child.stats()).rss;
      for (const client of stopped) {
        client.socket.pause();
        client.send(Command.query, utf8(LARGE));
      }
      const other = await RawClient.login(child.port);
      for (let i = 0; i < 200; i++) await other.query('SELECT 1');
      await other.quit();
      const growth = child.peakRss() - before;
      console.log(`      ten stopped clients: grew by ${(growth / MB).toFixed(1)} MB`);
      expect(growth).to.be.lessThan(50 * MB);
      const [first, ...others] = stopped;
      first?.socket.resume();
      expect(first === undefined ? 0 : await drainAnswer(first)).to.equal(whole);
      for (const client of others) client.socket.destroy();
      await until(async () => (await child.stats()).openConnections === 1);
      await first?.quit();
    });

    it('passes on a large statement to a server that reads slowly without growing by more than 50 MB', async () => {
      // A "tidb-server" that greets, logs in, and then does not read.
      const greeting = (await RawClient.login(tidb.port)).greeting;
      expect(greeting).not.to.equal(undefined);
      const client = await RawClient.login(child.port);
      child.peakRss();
      const before = (await child.stats()).rss;
      const sql = Buffer.concat([
        Buffer.from("SELECT LENGTH('"),
        Buffer.alloc(15 * MB, 'x'),
        Buffer.from("')"),
      ]);
      for (let i = 0; i < 10; i++) client.send(Command.query, sql);
      await client.answers(Array.from({ length: 10 }, () => AnswerKind.result));
      const growth = child.peakRss() - before;
      console.log(`      150 MB of pipelined statements: grew by ${(growth / MB).toFixed(1)} MB`);
      expect(growth).to.be.lessThan(50 * MB);
      await client.quit();
    });

    it('leaves nothing behind of 500 connections, however they end', async () => {
      const open = async (count: number): Promise<void> => {
        const clients = await Promise.all(Array.from({ length: count }, () => RawClient.login(child.port)));
        await Promise.all(
          clients.map(async (client, i) => {
            await client.query('SELECT 1');
            if (i % 3 === 0) await client.quit();
            else if (i % 3 === 1) client.socket.resetAndDestroy();
            else client.socket.destroy();
          }),
        );
      };
      const settled = async (): Promise<ProxyStats> => {
        await until(async () => (await child.stats()).sockets === 1);
        return child.stats();
      };
      await open(100);
      const before = await settled();
      for (let i = 0; i < 5; i++) await open(100);
      const after = await settled();
      expect(after.openConnections).to.equal(0);
      expect(after.connections).to.equal(600);
      expect(after.commands).to.equal(600 + 34 * 6);
      console.log(`      heap ${(before.heapUsed / MB).toFixed(1)} → ${(after.heapUsed / MB).toFixed(1)} MB`);
      expect(after.rss - before.rss).to.be.lessThan(20 * MB);
      const control = await connectTo(tidb.port);
      await until(async () => (await control.query<never[]>('SHOW PROCESSLIST'))[0].length === 1);
      await control.end();
    });
  });

  describe('with servers that come and go', () => {
    it('ends the session of a server that dies in the middle of a result, and no other', async () => {
      const doomed = await startTidb();
      await resetSchema(doomed);
      const test = await startProxy([doomed.address, tidb.address]);
      const clients = await Promise.all([RawClient.login(test.port), RawClient.login(test.port)]);
      const ports = await Promise.all(clients.map((client) => client.query('SELECT @@port')));
      const isDoomed = (i: number): boolean => ports[i]?.includes(String(doomed.port)) === true;
      // Least connections: one on each.
      expect([isDoomed(0), isDoomed(1)].sort()).to.deep.equal([false, true]);
      const [victim, survivor] = isDoomed(0) ? clients : [clients[1], clients[0]];
      victim.send(Command.query, utf8(LARGE));
      await victim.chunk();
      doomed.kill();
      await victim.untilEnd();
      await survivor.query('SELECT 1');
      // New clients go to the server that is left, at once.
      for (let i = 0; i < 10; i++) {
        const client = await RawClient.login(test.port);
        expect((await client.query('SELECT @@port')).includes(String(tidb.port))).to.equal(true);
        await client.quit();
      }
      await survivor.quit();
      await test.stop();
      await doomed.stop();
    });

    it('says so in the place of the greeting when no server can be reached', async () => {
      const closed = createServer();
      closed.listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const { port } = closed.address() as AddressInfo;
      closed.close();
      const test = await startProxy([`127.0.0.1:${port}`]);
      const client = RawClient.open(test.port);
      const text = (await client.untilEnd()).toString('latin1');
      expect(text).to.equal(
        '\u001d\0\0\0\u00ff\u0051\u0004no tidb-server reachable'.replace('\u001d', '\u001b'),
      );
      client.socket.destroy();
      const error: unknown = await connectTo(test.port).catch((reason: unknown) => reason);
      expect(error).to.include({ errno: 1105 });
      // It takes clients again as soon as there is a server.
      test.proxy.setBackends([{ address: `127.0.0.1:${port}` }, { address: tidb.address }]);
      await (await RawClient.login(test.port)).quit();
      await test.stop();
    });

    it('tries the next server when one closes before its greeting', async () => {
      const rude = createServer((socket) => socket.destroy());
      rude.listen(0, '127.0.0.1');
      await once(rude, 'listening');
      const test = await startProxy([`127.0.0.1:${(rude.address() as AddressInfo).port}`, tidb.address]);
      for (let i = 0; i < 4; i++) await (await RawClient.login(test.port)).quit();
      expect(test.proxy.counts.backendFailures).to.equal(1);
      await test.stop();
      rude.close();
    });

    it('ends a session whose server ends it', async () => {
      const test = await startProxy([tidb.address]);
      const client = await RawClient.login(test.port);
      await client.query('SET wait_timeout = 1');
      await client.untilEnd();
      client.socket.destroy();
      await until(() => test.proxy.counts.openConnections === 0);
      await test.stop();
    });
  });

  describe('with clients that misbehave', () => {
    let test: TestProxy;

    before(async () => {
      test = await startProxy([tidb.address]);
    });

    after(async () => {
      await test.stop();
    });

    const told = async (first: Uint8Array): Promise<string> => {
      const client = RawClient.open(test.port);
      await client.chunk();
      client.socket.write(first);
      const text = (await client.untilEnd()).toString('latin1');
      client.socket.destroy();
      return text;
    };

    it('tells them what is wrong with their response', async () => {
      expect(await told(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))).to.match(/Bad handshake/);
      expect(await told(Buffer.from('01000001' + '05', 'hex'))).to.match(/malformed handshake response/);
      expect(
        await told(Buffer.concat([Buffer.from('20000001' + '20820000', 'hex'), Buffer.alloc(28)])),
      ).to.match(/malformed handshake response/);
      const compressed = Buffer.concat([Buffer.from('22000001' + '00820004', 'hex'), Buffer.alloc(30)]);
      expect(await told(compressed)).to.match(/zstd compression was not offered/);
    });

    it('tells them of packets out of order, after the answers to what was in order', async () => {
      const client = await RawClient.login(test.port);
      client.send(Command.query, utf8("SELECT 'in order'"));
      client.socket.write(Buffer.from('0100000503', 'hex'));
      const text = (await client.untilEnd()).toString('latin1');
      expect(text).to.match(/in order[^]*#HY000packets out of order/);
      client.socket.destroy();
    });

    it('tells them of an empty command', async () => {
      const client = await RawClient.login(test.port);
      client.socket.write(Buffer.alloc(4));
      expect((await client.untilEnd()).toString('latin1')).to.match(/an empty packet where a command begins/);
      client.socket.destroy();
    });

    it('forgets them when they only open and close, half-open too', async () => {
      for (let i = 0; i < 50; i++) {
        const socket = connect(test.port, '127.0.0.1');
        await once(socket, 'connect');
        if (i % 2 === 0) socket.resetAndDestroy();
        else socket.end();
        socket.resume();
      }
      await until(() => test.proxy.counts.openConnections === 0);
      expect(test.proxy.counts.backendFailures).to.equal(0);
    });

    it('still answers a client that has closed its sending side', async () => {
      const client = await RawClient.login(test.port);
      client.send(Command.query, utf8("SELECT 'the answer'"));
      client.socket.end();
      expect((await client.untilEnd()).toString('latin1')).to.include('the answer');
      await until(() => test.proxy.counts.openConnections === 0);
    });
  });

  it('lets Ctrl-C in the mariadb client stop its statement', async function () {
    await needsClient(this, 'mariadb');
    const test = await startProxy([tidb.address]);
    const args = ['--no-defaults', '-h127.0.0.1', `-P${test.port}`, '-uroot', '-e', 'SELECT SLEEP(100)'];
    const child = spawn('mariadb', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const control = await connectTo(tidb.port);
    const isRunning = async (): Promise<boolean> => {
      const [rows] = await control.query<never[]>({ sql: 'SHOW PROCESSLIST', rowsAsArray: true });
      return JSON.stringify(rows).includes('SLEEP');
    };
    await until(isRunning);
    child.kill('SIGINT');
    await once(child, 'close');
    expect(output).to.match(/Ctrl-C -- query killed/);
    await until(async () => !(await isRunning()));
    await control.end();
    await test.stop();
  });

  describe('when it shuts down', () => {
    it('ends idle sessions at once and lets transactions and statements finish', async () => {
      const test = await startProxy([tidb.address]);
      const idle = await RawClient.login(test.port);
      const busy = await RawClient.login(test.port);
      const writer = await RawClient.login(test.port, 0, 'clients');
      await idle.query('SELECT 1');
      await writer.query('BEGIN');
      busy.send(Command.query, utf8("SELECT SLEEP(0.5), 'finished'"));
      await until(() => test.proxy.counts.commands === 3);
      const drained = test.stop(30_000);
      await idle.untilEnd();
      expect((await busy.untilEnd()).toString('latin1')).to.include('finished');
      const refused = RawClient.open(test.port);
      await refused.untilEnd();
      await writer.query("INSERT INTO loaded2 VALUES (777, 'x')");
      await writer.query('COMMIT');
      await writer.untilEnd();
      await drained;
      for (const client of [idle, busy, writer, refused]) client.socket.destroy();
      const control = await connectTo(tidb.port);
      const [rows] = await control.query('SELECT v FROM clients.loaded2 WHERE id = 777');
      expect(rows).to.deep.equal([{ v: 'x' }]);
      await control.end();
    });

    it('ends what has not finished in time', async () => {
      const test = await startProxy([tidb.address]);
      const client = await RawClient.login(test.port);
      await client.query('BEGIN');
      await test.stop(50);
      await client.untilEnd();
      client.socket.destroy();
    });
  });
});
