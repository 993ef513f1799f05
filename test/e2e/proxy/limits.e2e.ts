// Limits on clients, before a real TiDB, which is asked how it words its own where it has the same.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ClientLimits } from '../../../src/proxy/client-limits.js';
import { Command } from '../../../src/wire/command.js';
import { root } from '../../clients/installed.js';
import { startTiView } from '../../support/tiview.js';
import { servingWorkers } from './fleet.js';
import { type TestProxy, connectTo, startProxy } from './harness.js';
import { RawClient } from './raw-client.js';
import { type Tidb, startTidb } from './tidb.js';

/** The payload of a packet that is one ERR: number, state and message, without header. */
const errOf = (packet: Buffer): string => packet.subarray(4).toString('latin1');
const sequenceOf = (packet: Buffer): number | undefined => packet[3];

describe('limits on clients', function () {
  this.timeout(120_000);
  let tidb: Tidb;
  let proxy: TestProxy | undefined;

  before(async () => {
    tidb = await startTidb();
    const admin = await connectTo(tidb.port, { multipleStatements: true });
    await admin.query("CREATE USER guest IDENTIFIED BY ''; CREATE USER other IDENTIFIED BY ''");
    await admin.end();
  });

  after(() => tidb.stop());

  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });

  const portWith = async (limits: Partial<ClientLimits>): Promise<number> => {
    proxy = await startProxy([tidb.address], { limits });
    return proxy.port;
  };
  /** What becomes of a login: the user whom TiDB sees, or the error. */
  const login = async (port: number, user = 'root'): Promise<string> => {
    try {
      const connection = await connectTo(port, { user });
      opened.push(() => connection.end());
      return 'let in';
    } catch (error) {
      const { errno, sqlState, message } = error as { errno?: number; sqlState?: string; message: string };
      return `${errno} ${sqlState ?? ''} ${message}`;
    }
  };
  let opened: (() => Promise<void>)[] = [];
  afterEach(() => (opened = []));
  const leave = async (): Promise<void> => {
    const count = proxy?.proxy.counts.openConnections ?? 0;
    await opened.shift()?.();
    // The place is free when both sides are closed.
    while (proxy !== undefined && proxy.proxy.counts.openConnections === count)
      await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it('refuses one connection too many, in all and of an address, until another has gone', async () => {
    for (const limits of [{ connections: 2 }, { connectionsPerAddress: 2 }]) {
      const port = await portWith(limits);
      expect([await login(port), await login(port)]).to.deep.equal(['let in', 'let in']);
      expect(await login(port)).to.match(/^1040 .*Too many connections/);
      expect(proxy?.proxy.counts.refusedConnections).to.equal(1);
      await leave();
      expect(await login(port)).to.equal('let in');
      while (opened.length > 0) await leave();
      await proxy?.stop();
    }
    proxy = undefined;
  });

  it('holds for each of several front ends by itself', async () => {
    const flags = ['--workers', '2', '--max-connections', '1'];
    await using tiview = await startTiView({ tidbPort: tidb.port, flags });
    const refused = async (): Promise<number> => {
      const text = await (await fetch(`${tiview.statusUrl}/metrics`)).text();
      return Number(/^tiview_refused_connections_total (\d+)$/m.exec(text)?.[1]);
    };
    const told: string[] = [];
    // Which of them accepts a client is up to the system.
    while (opened.length < 2 && told.length < 1_000) {
      const outcome = await login(tiview.port);
      if (outcome !== 'let in') told.push(outcome);
    }
    for (let i = 0; i < 10; i++) told.push(await login(tiview.port));
    expect(new Set(told.map((text) => text.slice(0, 4)))).to.deep.equal(new Set(['1040']));
    expect(opened).to.have.length(2);
    const workers = await servingWorkers(tiview, 2);
    expect(workers.map(({ connections }) => connections)).to.deep.equal([1, 1]);
    // They are published once a second.
    while ((await refused()) < told.length) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await refused()).to.equal(told.length);
    for (const leave of opened) await leave();
  });

  it('refuses one connection of a user too many, whoever he was at first', async () => {
    const port = await portWith({ connectionsPerUser: 1 });
    expect(await login(port, 'guest')).to.equal('let in');
    expect(await login(port, 'guest')).to.equal(
      "1203 42000 User guest already has more than 'maxUserConnections' active connections",
    );
    // Who is not let in by TiDB is told that, and takes nobody's place.
    const wrong = await connectTo(port, { user: 'other', password: 'wrong' }).then(
      () => 'let in',
      (error: unknown) => (error as { errno?: number }).errno,
    );
    expect(wrong).to.equal(1045);
    const other = await connectTo(port, { user: 'other' });
    const refused = await other.changeUser({ user: 'guest' }).then(
      () => 'changed',
      (error: unknown) => (error as { errno?: number }).errno,
    );
    expect(refused).to.equal(1203);
    const [rows] = await other.query({ sql: 'SELECT CURRENT_USER()', rowsAsArray: true });
    expect(rows).to.deep.equal([['other@%']]);
    await leave();
    await other.changeUser({ user: 'guest' });
    expect(await login(port, 'guest')).to.match(/^1203 /);
    expect(await login(port, 'other')).to.equal('let in');
    await leave();
    await other.end();
  });

  it('slows down who connects too fast', async () => {
    const port = await portWith({ connectsPerSecondPerAddress: 2 });
    expect([await login(port), await login(port)]).to.deep.equal(['let in', 'let in']);
    const tries = [await login(port), await login(port), await login(port)];
    expect(tries.join()).to.match(/1040 .*Too many connections from 127\.0\.0\.1 in one second/);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await login(port)).to.equal('let in');
    while (opened.length > 0) await leave();
  });

  it('cuts a login that takes too long, as TiDB words it', async () => {
    const port = await portWith({ handshakeMs: 300 });
    const text = (await RawClient.open(port).untilEnd()).toString('latin1');
    expect(text).to.contain('#08S01Got timeout reading communication packets');
  });

  it('ends a silent session as TiDB does: without a word', async () => {
    const wait = async (port: number, ...statements: string[]): Promise<string> => {
      const raw = await RawClient.login(port);
      for (const sql of statements) await raw.query(sql);
      const end = await Promise.race([
        raw.untilEnd().then((bytes) => `ended after ${bytes.length} bytes`),
        new Promise<string>((resolve) => setTimeout(resolve, 4_000, 'goes on')),
      ]);
      raw.socket.destroy();
      return end;
    };
    const oracle = await wait(tidb.port, 'SET wait_timeout = 1');
    const port = await portWith({ idleMs: 1_000 });
    expect(oracle).to.equal('ended after 0 bytes');
    const ends = await Promise.all([
      wait(port),
      wait(port, 'SELECT SLEEP(2)'),
      wait(port, 'BEGIN', 'SELECT 1'),
    ]);
    expect(ends).to.deep.equal([oracle, oracle, 'goes on']);
    await proxy?.stop();
    const told = await portWith({ idleTransactionMs: 1_000 });
    expect(await Promise.all([wait(told), wait(told, 'BEGIN')])).to.deep.equal(['goes on', oracle]);
    expect(proxy?.proxy.counts.silentSessions).to.equal(1);
  });

  it('never ends a session that asks now and then, or waits for its answer', async () => {
    const port = await portWith({ idleMs: 1_000 });
    const busy = await RawClient.login(port);
    const slow = await RawClient.login(port);
    const answer = slow.query('SELECT SLEEP(3), 7');
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      await busy.command(Command.ping);
    }
    expect((await answer).toString('latin1')).to.contain('7');
    await busy.quit();
    await slow.quit();
  });

  it('refuses a packet that is too large in the words of TiDB, and ends the session like it', async () => {
    const admin = await connectTo(tidb.port);
    await admin.query('SET GLOBAL max_allowed_packet = 4096');
    try {
      const port = await portWith({ maxPacketBytes: 2048 });
      const tooLarge = async (to: number, bytes: number): Promise<Buffer> => {
        const raw = await RawClient.login(to);
        // A session of TiDB's does not know its variables before its first statement.
        await raw.query('SELECT 1');
        raw.send(Command.query, Buffer.from(`select '${'x'.repeat(bytes)}'`));
        return raw.untilEnd();
      };
      const theirs = await tooLarge(tidb.port, 4096);
      const ours = await tooLarge(port, 2048);
      expect(errOf(theirs)).to.contain("#08S01Got a packet bigger than 'max_allowed_packet' bytes");
      expect([errOf(ours), sequenceOf(ours)]).to.deep.equal([errOf(theirs), sequenceOf(theirs)]);
      const raw = await RawClient.login(port);
      expect((await raw.query(`select '${'x'.repeat(2000)}'`)).toString('latin1')).to.contain('xxx');
      await raw.quit();
    } finally {
      await admin.query('SET GLOBAL max_allowed_packet = DEFAULT');
      await admin.end();
    }
  });
});

describe('the status port of TiView', () => {
  it('is not opened to others without a token', async () => {
    const program = join(root, 'dist/src/cli/main.js');
    const child = spawn(process.execPath, [program, '--status', '0.0.0.0:0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(stderr).to.equal(
      'tiview: status: 0.0.0.0:0 is not on loopback, so --status-token-file must be given\n',
    );
    expect(code).to.equal(2);
  }).timeout(60_000);
});
