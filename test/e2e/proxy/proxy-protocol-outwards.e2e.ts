// TiDB hears where clients are, by PROXY headers, which it demands here from 127.0.0.1: each of TiView's connections to
// it must begin with one. Tests connect from other addresses of this machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise';
import { parseNetworks } from '../../../src/proxy/networks.js';
import type { ProxyOptions } from '../../../src/proxy/proxy.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/settled.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { type TestProxy, startProxy } from './harness.js';
import { MoveRig } from './move-rig.js';
import { type SecureRig, startSecureRig } from './secure-rig.js';

const DEMANDED = '[proxy-protocol]\nnetworks = "127.0.0.1"\n';
const FAR = '127.0.0.5';
const ADMIN = '127.0.0.9';
const WITHIN_MS = 15_000;

/** A session from an address of this machine. @param first - is sent before anything else. */
async function connectFrom(
  localAddress: string,
  port: number,
  { first = '', ...more }: ConnectionOptions & { first?: string } = {},
): Promise<{ connection: Connection; localPort: () => number }> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  if (first !== '') socket.write(first);
  const connection = await createConnection({ user: 'root', ...more, stream: () => socket });
  connection.on('error', () => undefined);
  return { connection, localPort: () => (socket.address() as AddressInfo).port };
}

async function valueOf(connection: Connection, sql: string): Promise<unknown> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return (rows as unknown[][])[0]?.[0];
}

const HOST = 'SELECT host FROM information_schema.processlist WHERE id = CONNECTION_ID()';

describe('PROXY headers for TiDB', function () {
  this.timeout(180_000);
  let secure: SecureRig;
  let proxy: TestProxy | undefined;

  before(async () => {
    secure = await startSecureRig(DEMANDED, async (port) => (await connectFrom(ADMIN, port)).connection);
    const { connection } = await connectFrom(ADMIN, secure.rig.mysqlPort);
    await connection.query(`CREATE USER 'far'@'${FAR}'`);
    await connection.end();
  });
  after(() => secure.rig.stop());
  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });

  const start = async (options: Partial<ProxyOptions>): Promise<number> => {
    proxy = await startProxy([`127.0.0.1:${secure.rig.mysqlPort}`], options);
    return proxy.port;
  };

  it('are demanded by this TiDB: without them nobody gets in', async () => {
    expect(await failureOf(connectFrom(FAR, await start({})))).to.be.an('error');
  });

  for (const tidbProxyProtocol of ['v1', 'v2'] as const) {
    for (const hasTls of [false, true]) {
      it(`carry the client's own address: ${tidbProxyProtocol}${hasTls ? ', before TLS' : ''}`, async () => {
        const backendTls = { ca: secure.ca.cert, serverName: 'localhost' };
        const port = await start({ tidbProxyProtocol, ...(hasTls && { backendTls }) });
        const { connection, localPort } = await connectFrom(FAR, port, { user: 'far' });
        expect(await valueOf(connection, 'SELECT USER()')).to.equal(`far@${FAR}`);
        expect(await valueOf(connection, HOST)).to.equal(`${FAR}:${localPort()}`);
        const [cipher] = (await connection.query("SHOW STATUS LIKE 'Ssl_cipher'")) as unknown as [
          { Value: string }[],
        ];
        expect(cipher[0]?.Value !== '').to.equal(hasTls);
        await connection.end();
        const elsewhere = (await failureOf(connectFrom(ADMIN, port, { user: 'far' }))) as { errno?: number };
        expect(elsewhere.errno).to.equal(1045);
      });
    }

    it(`carry what a load balancer says: ${tidbProxyProtocol}`, async () => {
      const port = await start({ tidbProxyProtocol, proxyProtocol: parseNetworks('127.0.0.1') ?? [] });
      for (const [first, user, host] of [
        ['PROXY TCP4 203.0.113.7 10.0.0.1 56324 4000\r\n', 'root@203.0.113.7', '203.0.113.7:56324'],
        ['PROXY TCP6 2001:db8::7 ::1 7 4000\r\n', 'root@2001:db8::7', '[2001:db8::7]:7'],
        ['PROXY UNKNOWN\r\n', 'root@127.0.0.1', undefined],
      ] as const) {
        const { connection } = await connectFrom('127.0.0.1', port, { first });
        expect(await valueOf(connection, 'SELECT USER()')).to.equal(user);
        if (host !== undefined) expect(await valueOf(connection, HOST)).to.equal(host);
        await connection.end();
      }
    });

    it(`go before what is passed through: ${tidbProxyProtocol}`, async () => {
      await start({ tidbProxyProtocol, listenPassThrough: { host: '127.0.0.1', port: 0 } });
      const port = proxy?.proxy.passThroughAddress?.port ?? 0;
      const ssl = { ca: secure.ca.cert };
      const { connection } = await connectFrom(FAR, port, { user: 'far', ssl });
      expect(await valueOf(connection, 'SELECT USER()')).to.equal(`far@${FAR}`);
      await connection.end();
    });

    it(`go before health checks, which TiDB finds nothing wrong with: ${tidbProxyProtocol}`, async () => {
      const failed = async (): Promise<number> => {
        const metrics = await (await fetch(`http://${secure.rig.status}/metrics`)).text();
        return Number(/^tidb_server_handshake_error_total (\d+)$/m.exec(metrics)?.[1]);
      };
      const before = await failed();
      await start({ tidbProxyProtocol });
      await until('the server is checked', WITHIN_MS, () =>
        Promise.resolve(proxy?.proxy.backends[0]?.health === 'healthy' || undefined),
      );
      const { connection } = await connectFrom(FAR, proxy?.port ?? 0);
      await connection.end();
      expect(await failed()).to.equal(before);
    });
  }

  it('are sent by the whole program: its own sessions, several front ends, a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tiview-outwards-'));
    const socketPath = join(folder, 'tiview.sock');
    const flags = ['--tidb-proxy-protocol', 'v2', '--workers', '2', '--listen-socket', socketPath];
    const tiview: TiView = await startTiView({ tidbPort: secure.rig.mysqlPort, flags });
    try {
      const { connection } = await connectFrom(FAR, tiview.port);
      expect(await valueOf(connection, 'SELECT USER()')).to.equal(`root@${FAR}`);
      await connection.query('CREATE DATABASE outwards');
      await connection.query('CREATE TABLE outwards.t (id INT PRIMARY KEY)');
      await connection.query('CREATE MATERIALIZED VIEW outwards.v AS SELECT id FROM outwards.t');
      await connection.query('DROP DATABASE outwards');
      await connection.end();
      const local = await createConnection({ socketPath, user: 'root' });
      expect(await valueOf(local, 'SELECT USER()')).to.equal('root@127.0.0.1');
      await local.end();
    } finally {
      await tiview.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it('are the same on the server that a session moves to, so that its account is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tiview-outwards-'));
    const tidbConfig = join(folder, 'tidb.toml');
    writeFileSync(tidbConfig, DEMANDED);
    try {
      await using rig = await MoveRig.start({ tidbConfig, proxy: { tidbProxyProtocol: 'v2' } });
      const admin = await connectFrom(ADMIN, rig.servers[0].mysqlPort);
      await admin.connection.query(`CREATE USER 'far'@'${FAR}'`);
      await admin.connection.end();
      const { connection } = await connectFrom(FAR, rig.port, { user: 'far' });
      const here = (await valueOf(connection, 'SELECT @@port')) as number;
      const index = rig.servers[0].mysqlPort === here ? 0 : 1;
      const stopped = rig.stop(index);
      await rig.left(index);
      expect(await valueOf(connection, 'SELECT @@port')).to.not.equal(here);
      expect(await valueOf(connection, 'SELECT USER()')).to.equal(`far@${FAR}`);
      expect(await valueOf(connection, HOST)).to.match(/^127\.0\.0\.5:/);
      connection.destroy();
      await stopped;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
