// What a health check finds of servers that are well, that refuse, that are silent, that talk nonsense, and what it
// leaves behind.
import { once } from 'node:events';
import { type Server as HttpServer, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import { limits } from '../../../src/base/limits.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { Backends } from '../../../src/proxy/backends.js';
import { EVENLY } from '../../../src/proxy/balance/balance-settings.js';
import { checkHealth } from '../../../src/proxy/health-check.js';
import { printProxyHeader } from '../../../src/proxy/proxy-header.js';
import { Capability } from '../../../src/wire/capability.js';
import { printErr } from '../../../src/wire/err-packet.js';
import { printGreeting } from '../../../src/wire/greeting.js';
import { frame } from '../../../src/wire/packet-writer.js';
import { failureOf } from '../../support/failure.js';
import { freePort } from '../../support/free-port.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';

const greeting = frame(0, (out) =>
  printGreeting(
    {
      ...{ serverVersion: '8.0.11-TiDB', connectionId: 7, authData: utf8('12345678901234567890\0') },
      ...{ capabilities: Capability.protocol41 | Capability.pluginAuth, collation: 46, status: 2 },
      authPlugin: 'mysql_native_password',
    },
    out,
  ),
);
const refusal = frame(0, (out) =>
  printErr({ errno: 1040, sqlState: '', message: 'Too many connections' }, out),
);

const runtime = systemRuntime((task, error) => {
  throw new Error(`${task} crashed`, { cause: error });
});

/** Checks one server. */
function check(
  port: number,
  options: {
    readonly statusPort?: number;
    readonly isTlsDemanded?: boolean;
    readonly preamble?: Uint8Array;
    readonly signal?: AbortSignal;
  } = {},
): Promise<string | undefined> {
  const { statusPort, isTlsDemanded = false, preamble, signal = new AbortController().signal } = options;
  const backends = new Backends(['seed:1'], silent.log, { settings: EVENLY, nowMs: () => 0 });
  const statusAddress = statusPort === undefined ? undefined : `127.0.0.1:${statusPort}`;
  backends.list([{ address: `127.0.0.1:${port}`, statusAddress }]);
  const [backend] = backends.all();
  if (backend === undefined) throw new Error('no server');
  return checkHealth(backend, { runtime, isTlsDemanded, statusTls: undefined, preamble }, signal);
}

/** Logins that TiDB has found wrong, and warned of. */
async function failedHandshakes(rig: Rig): Promise<number> {
  const metrics = await (await fetch(`http://${rig.status}/metrics`)).text();
  return Number(/^tidb_server_handshake_error_total (\d+)$/m.exec(metrics)?.[1]);
}

const portOf = (server: Server | HttpServer): number => (server.address() as AddressInfo).port;

describe('the health check', () => {
  const servers: (Server | HttpServer)[] = [];
  const open = new Set<Socket>();

  async function serve(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => undefined);
      // A socket that is not read from does not notice its end.
      socket.resume();
      onConnection(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return portOf(server);
  }

  async function serveStatus(code: number): Promise<number> {
    const server = createHttpServer((_, response) => response.writeHead(code).end('{}'));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return portOf(server);
  }

  afterEach(async () => {
    // A check leaves no connection behind.
    await until('all connections are closed', 5_000, () => Promise.resolve(open.size === 0 || undefined));
    for (const server of servers.splice(0)) server.close();
  });

  it('finds a server well that greets, in however many pieces', async () => {
    const port = await serve((socket) => {
      socket.write(greeting.subarray(0, 3));
      setImmediate(() => socket.write(greeting.subarray(3)));
    });
    expect(await check(port)).to.equal(undefined);
  });

  it('says first whose connection it is, where that is wanted', async () => {
    const port = await serve((socket) => {
      socket.once('data', (first) => {
        if (first.toString() === 'PROXY UNKNOWN\r\n') socket.write(greeting);
      });
    });
    expect(await check(port, { preamble: printProxyHeader('v1') })).to.equal(undefined);
  });

  it('believes a status port that answers, and no other', async () => {
    const port = await serve((socket) => socket.write(greeting));
    expect(await check(port, { statusPort: await serveStatus(200) })).to.equal(undefined);
    expect(await check(port, { statusPort: await serveStatus(500) })).to.equal('its status port says 500');
    expect(await check(port, { statusPort: await freePort() })).to.equal(undefined);
    const silentPort = await serve(() => undefined);
    expect(await check(port, { statusPort: silentPort })).to.equal(undefined);
  });

  it('says what is wrong with a greeting', async () => {
    const closed = await freePort();
    expect(await check(closed)).to.match(/ECONNREFUSED/);
    expect(await check(await serve((socket) => socket.end()))).to.equal(
      'it closed the connection before its greeting',
    );
    expect(await check(await serve((socket) => socket.end(refusal)))).to.equal(
      'it refuses connections: Too many connections (1040)',
    );
    expect(await check(await serve((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))).to.match(
      /./,
    );
    const plain = await serve((socket) => socket.write(greeting));
    expect(await check(plain, { isTlsDemanded: true })).to.equal('it does not offer TLS');
  });

  it('waits for a greeting no longer than it may', async () => {
    const port = await serve(() => undefined);
    const startMs = performance.now();
    expect(await check(port)).to.equal(`no greeting within ${limits.backendCheckMs} ms`);
    expect(performance.now() - startMs).to.be.within(
      limits.backendCheckMs - 50,
      limits.backendCheckMs + 1_500,
    );
  });

  it('ends when it is told to', async () => {
    const port = await serve(() => undefined);
    const stop = new AbortController();
    const failure = failureOf(check(port, { signal: stop.signal }));
    await until('the check has connected', 5_000, () => Promise.resolve(open.size > 0 || undefined));
    const reason = new Error('stop');
    stop.abort(reason);
    expect(await failure).to.equal(reason);
  });

  it('leaves no warning in the log of a TiDB', async () => {
    const rig: Rig = await startRig();
    const statusPort = Number(rig.status.split(':')[1]);
    // What the rig itself does to see that TiDB is up may be one such error.
    const failedBefore = await failedHandshakes(rig);
    for (let i = 0; i < 20; i++) expect(await check(rig.mysqlPort, { statusPort })).to.equal(undefined);
    // A bad login counts after them, so the count is not merely late.
    const rude = connect(rig.mysqlPort, '127.0.0.1');
    await once(rude, 'data');
    rude.write(Buffer.from('0100000101', 'hex'));
    await until(
      'the bad login is counted',
      5_000,
      async () => (await failedHandshakes(rig)) > failedBefore || undefined,
    );
    expect(await failedHandshakes(rig)).to.equal(failedBefore + 1);
    rude.destroy();
    await rig.stop();
  });
});
