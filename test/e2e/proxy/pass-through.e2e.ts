// Clients who are passed through: to a real TiDB with TLS from end to end, and to servers that behave badly.
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { ProxyOptions } from '../../../src/proxy/proxy.js';
import { failureOf } from '../../support/failure.js';
import { freePort } from '../../support/free-port.js';
import { until } from '../../support/settled.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { type TestProxy, connectTo, startProxy } from './harness.js';
import { type SecureRig, makeCertificate, startSecureRig } from './secure-rig.js';

const PASS = { listenPassThrough: { host: '127.0.0.1', port: 0 } };
const WITHIN_MS = 10_000;
const MB = 1024 * 1024;

const portOf = ({ proxy }: TestProxy): number => proxy.passThroughAddress?.port ?? 0;
/** The number of the error that a promise is rejected with. */
async function errnoOf(promise: Promise<unknown>): Promise<number | undefined> {
  return ((await failureOf(promise)) as { errno?: number } | undefined)?.errno;
}

describe('passing through, before a real TiDB', function () {
  this.timeout(180_000);
  let secure: SecureRig;
  let proxy: TestProxy | undefined;

  before(async () => {
    secure = await startSecureRig();
    const admin = await connectTo(secure.rig.mysqlPort);
    await admin.query("CREATE USER x509 IDENTIFIED BY 'right' REQUIRE X509");
    await admin.end();
  });
  after(() => secure.rig.stop());
  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });
  const start = async (options: Partial<ProxyOptions> = {}): Promise<number> => {
    proxy = await startProxy([`127.0.0.1:${secure.rig.mysqlPort}`], { ...PASS, ...options });
    return portOf(proxy);
  };

  it('takes TLS from end to end: a certificate of a client reaches TiDB', async () => {
    const own = await makeCertificate(secure.ca, 'a client');
    const port = await start();
    const ssl = { ca: secure.ca.cert, ...own };
    const client = await connectTo(port, { user: 'x509', password: 'right', ssl });
    const [rows] = await client.query({ sql: "SHOW STATUS LIKE 'Ssl_cipher'", rowsAsArray: true });
    expect((rows as string[][])[0]?.[1]).to.match(/^TLS_/);
    await client.end();
    const bare = await errnoOf(connectTo(port, { user: 'x509', password: 'right' }));
    expect(bare).to.equal(1045);
    // Through the ordinary port the certificate ends here.
    const relayed = await errnoOf(connectTo(proxy?.port ?? 0, { user: 'x509', password: 'right' }));
    expect(relayed).to.equal(1045);
  });

  it('counts connections and bytes, and refuses one too many', async () => {
    const port = await start({ limits: { connectionsPerAddress: 1 } });
    const client = await connectTo(port);
    const [backend] = proxy?.proxy.backends ?? [];
    expect(proxy?.proxy.counts.openConnections).to.equal(1);
    expect(backend?.connections).to.equal(1);
    const refused = await errnoOf(connectTo(proxy?.port ?? 0));
    expect(refused).to.equal(1040);
    const [rows] = await client.query({ sql: `SELECT REPEAT('x', ${MB})`, rowsAsArray: true });
    expect((rows as string[][])[0]?.[0]?.length).to.equal(MB);
    await client.end();
    await until('the connection is closed', WITHIN_MS, () =>
      Promise.resolve(backend?.connections === 0 || undefined),
    );
    expect(proxy?.proxy.counts.openConnections).to.equal(0);
    expect(proxy?.proxy.counts.bytesFromBackends).to.be.within(MB, 2 * MB);
    expect(backend?.counts.bytesFromClients).to.be.within(50, 10_000);
    const again = await connectTo(port);
    await again.end();
  });

  it('waits for connections when it drains, and then ends them', async () => {
    const port = await start();
    const quick = await connectTo(port);
    const slow = await connectTo(port);
    slow.on('error', () => undefined);
    const answer = quick.query({ sql: 'SELECT SLEEP(0.5), 7', rowsAsArray: true });
    // It is on its way before the drain begins.
    await slow.query('SELECT 1');
    const draining = proxy?.stop(2_000);
    const [rows] = await answer;
    expect((rows as unknown[][])[0]?.[1]).to.equal(7);
    await quick.end();
    const beganMs = performance.now();
    await draining;
    proxy = undefined;
    expect(performance.now() - beganMs).to.be.within(800, 2_500);
    expect(await failureOf(slow.query('SELECT 1'))).to.be.an('error');
  });

  it('is a flag of the program; statements on views reach TiDB, which does not know them', async () => {
    const passThrough = await freePort();
    const tiview: TiView = await startTiView({
      tidbPort: secure.rig.mysqlPort,
      flags: ['--listen-pass-through', `127.0.0.1:${passThrough}`],
    });
    try {
      const client = await connectTo(passThrough);
      const refused = await errnoOf(client.query('CREATE MATERIALIZED VIEW test.v AS SELECT 1'));
      expect(refused).to.equal(1064);
      await client.end();
    } finally {
      await tiview.stop();
    }
  });
});

describe('passing through, to servers of all kinds', function () {
  this.timeout(60_000);
  const servers: Server[] = [];
  const open = new Set<Socket>();
  let proxy: TestProxy | undefined;

  afterEach(async () => {
    await proxy?.stop(0);
    proxy = undefined;
    for (const socket of open) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  async function serve(onConnection: (socket: Socket) => void): Promise<string> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  async function client(...backends: string[]): Promise<Socket> {
    proxy = await startProxy(backends, PASS);
    const socket = connect({ port: portOf(proxy), host: '127.0.0.1', allowHalfOpen: true });
    open.add(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }
  async function textOf(socket: Socket): Promise<string> {
    let text = '';
    for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
    return text;
  }

  it('goes to the next when one refuses, ends or is silent before its greeting', async () => {
    const refusing = `127.0.0.1:${await freePort()}`;
    const ending = await serve((socket) => void socket.end());
    const silentOne = await serve(() => undefined);
    const good = await serve((socket) => void socket.end('hello'));
    // Health checks find out about them too: this client is to come before these have.
    const socket = await client(refusing, ending, silentOne, good);
    expect(await textOf(socket)).to.equal('hello');
  });

  it('tells its client when there is none', async () => {
    const socket = await client(`127.0.0.1:${await freePort()}`);
    const text = await textOf(socket);
    expect(text).to.contain('no tidb-server');
    expect(text.charCodeAt(4)).to.equal(0xff);
    expect(text.charCodeAt(5) + 256 * text.charCodeAt(6)).to.equal(1105);
  });

  it('passes on what either side sends after the other has ended', async () => {
    const address = await serve((socket) => {
      socket.write('greeting;');
      let received = '';
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('end', () => setTimeout(() => socket.end(`got ${received}`), 200));
    });
    const socket = await client(address);
    socket.write('one;');
    socket.end('two');
    expect(await textOf(socket)).to.equal('greeting;got one;two');
  });

  it('carries much both ways, unchanged', async () => {
    const sent = randomBytes(32 * MB);
    const address = await serve((socket) => {
      socket.write('>');
      socket.pipe(socket);
    });
    const socket = await client(address);
    const hash = createHash('sha1').update('>');
    const received = (async () => {
      const got = createHash('sha1');
      for await (const chunk of socket) got.update(chunk as Buffer);
      return got.digest('hex');
    })();
    socket.end(sent);
    expect(await received).to.equal(hash.update(sent).digest('hex'));
  });

  it('does not read from who sends faster than the other side reads', async () => {
    let flood = 0;
    const piece = Buffer.alloc(64 * 1024);
    const address = await serve((socket) => {
      const pour = (): void => {
        while (socket.write(piece)) flood += piece.length;
      };
      socket.on('drain', pour);
      pour();
    });
    const socket = await client(address);
    socket.pause();
    const rss = process.memoryUsage().rss;
    await sleep(1_500);
    const before = flood;
    await sleep(500);
    expect(flood).to.equal(before);
    expect(process.memoryUsage().rss - rss).to.be.below(100 * MB);
  });

  it('ends one side when the other breaks', async () => {
    const ends: string[] = [];
    let last: Socket | undefined;
    const address = await serve((socket) => {
      last = socket;
      socket.write('greeting');
      socket.on('end', () => ends.push('server'));
      socket.resume();
    });
    const first = await client(address);
    await once(first, 'data');
    first.resetAndDestroy();
    await until("the server's side ends", WITHIN_MS, () => Promise.resolve(ends.length === 1 || undefined));
    const second = connect({ port: proxy === undefined ? 0 : portOf(proxy), host: '127.0.0.1' });
    second.on('error', () => undefined);
    await once(second, 'data');
    last?.resetAndDestroy();
    await once(second.resume(), 'close');
    await until('nobody is connected', WITHIN_MS, () =>
      Promise.resolve(proxy?.proxy.counts.openConnections === 0 || undefined),
    );
  });
});
