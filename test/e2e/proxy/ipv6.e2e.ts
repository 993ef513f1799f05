// IPv6 on both sides: TiView listens on ::1, and its tidb-server does. A machine without ::1 fails these tests, by that
// reason: nothing else would be shown there.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import { freePort } from '../../support/free-port.js';
import { type Rig, startRig } from '../../support/rig.js';
import { startTiView } from '../../support/tiview.js';
import { connectTo, makeFiles, resetSchema, startProxy } from './harness.js';
import { mysql2Session } from './mysql2-session.js';
import { makeCertificate } from './secure-rig.js';

const HOST = '::1';

describe('over IPv6', function () {
  this.timeout(120_000);
  let rig: Rig;

  before(async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    if (!addresses.some(({ address }) => address === HOST)) throw new Error(`this machine has no ${HOST}`);
    const tidbConfig = join(mkdtempSync(join(tmpdir(), 'tiview-ipv6-')), 'tidb.toml');
    writeFileSync(tidbConfig, `host = "${HOST}"\n`);
    rig = await startRig({ tidbConfig });
  });

  after(async () => {
    await rig.stop();
  });

  const root = (port: number): Promise<mysql.Connection> =>
    mysql.createConnection({ host: HOST, port, user: 'root', multipleStatements: true });

  it('a session is what it is without TiView', async () => {
    const listen = { host: HOST, port: 0 };
    const proxy = await startProxy([`[${HOST}]:${rig.mysqlPort}`], { listen });
    const directory = makeFiles();
    const sessions: string[] = [];
    for (const port of [rig.mysqlPort, proxy.port]) {
      await resetSchema({ host: HOST, port: rig.mysqlPort });
      sessions.push(await mysql2Session({ host: HOST, port, user: 'root' }, directory));
    }
    expect(sessions[1]).to.equal(sessions[0]);
    expect(proxy.proxy.address.host).to.equal(HOST);
    await proxy.stop();
  });

  it('a password that the client sends itself goes to a tidb-server on the same machine', async () => {
    const connection = await root(rig.mysqlPort);
    await connection.query("CREATE USER sha2 IDENTIFIED WITH caching_sha2_password BY 'right'");
    await connection.end();
    const clientTls = await makeCertificate(undefined, 'localhost', [{ type: 7, ip: HOST }]);
    const listen = { host: HOST, port: 0 };
    const proxy = await startProxy([`[${HOST}]:${rig.mysqlPort}`], { listen, clientTls });
    const ssl = { ca: clientTls.cert, verifyIdentity: false };
    const login = connectTo(proxy.port, { host: HOST, user: 'sha2', password: 'right', ssl });
    await (await login).end();
    await proxy.stop();
  });

  it('the whole program finds its servers, and maintains a view', async () => {
    const port = await freePort();
    const flags = ['--tidb', `[${HOST}]:${rig.mysqlPort}`, '--listen', `[${HOST}]:${port}`];
    await using tiview = await startTiView({ flags });
    const status = (await (await fetch(`${tiview.statusUrl}/status`)).json()) as {
      readonly servers: readonly {
        readonly address: string;
        readonly isListed: boolean;
        readonly health: string;
      }[];
    };
    // Listed: TiDB's own tables have it by this address.
    expect(status.servers).to.have.length(1);
    expect(status.servers[0]).to.include({
      address: `[${HOST}]:${rig.mysqlPort}`,
      isListed: true,
      health: 'healthy',
    });
    const connection = await root(port);
    await connection.query(`
      CREATE DATABASE sixth; USE sixth; CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2);
      CREATE MATERIALIZED VIEW v AS SELECT id FROM t WHERE id > 1`);
    const [rows] = await connection.query({ sql: 'SELECT * FROM v', rowsAsArray: true });
    expect(rows).to.deep.equal([[2]]);
    await connection.end();
  });
});
