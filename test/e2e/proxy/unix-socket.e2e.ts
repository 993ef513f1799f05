// Clients on a Unix socket, before a real TiDB; and the life of the socket's file.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Connection, createConnection } from 'mysql2/promise';
import { failureOf } from '../../support/failure.js';
import { type Rig, startRig } from '../../support/rig.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { servingWorkers } from './fleet.js';
import { connectTo } from './harness.js';

describe('a Unix socket', function () {
  this.timeout(180_000);
  let rig: Rig;
  let folder: string;
  let path: string;
  let tiview: TiView | undefined;

  before(async () => {
    rig = await startRig();
    const admin = await connectTo(rig.mysqlPort);
    await admin.query("CREATE USER sha2 IDENTIFIED WITH caching_sha2_password BY 'right'");
    await admin.end();
  });
  after(() => rig.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tiview-socket-'));
    path = join(folder, 'tiview.sock');
  });
  afterEach(async () => {
    await tiview?.kill();
    tiview = undefined;
    rmSync(folder, { recursive: true });
  });

  const start = async (...flags: string[]): Promise<TiView> => {
    tiview = await startTiView({ tidbPort: rig.mysqlPort, flags: ['--listen-socket', path, ...flags] });
    return tiview;
  };
  const connect = (user = 'root', password = ''): Promise<Connection> =>
    createConnection({ socketPath: path, user, password });
  const valueOf = async (connection: Connection, sql: string): Promise<unknown> => {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return (rows as unknown[][])[0]?.[0];
  };

  it('serves as a port does: statements, views, passwords; clients are at localhost', async () => {
    const audit = join(folder, 'audit.json');
    const running = await start('--audit-log', audit, '--max-connections-per-address', '2');
    expect(statSync(path).mode & 0o777).to.equal(0o777);
    const root = await connect();
    expect(await valueOf(root, 'SELECT USER()')).to.equal('root@127.0.0.1');
    await root.query('CREATE DATABASE sockets');
    await root.query('CREATE TABLE sockets.t (id INT PRIMARY KEY)');
    await root.query('INSERT INTO sockets.t VALUES (7)');
    await root.query('CREATE MATERIALIZED VIEW sockets.v AS SELECT id FROM sockets.t');
    expect(await valueOf(root, 'SELECT id FROM sockets.v')).to.equal(7);
    // TiDB asks for the password itself, which clients only send where nobody can read it.
    const other = await connect('sha2', 'right');
    expect(await valueOf(other, 'SELECT 1')).to.equal(1);
    const third = (await failureOf(connect())) as { errno?: number; message: string };
    expect(third.message).to.contain('localhost');
    expect(third.errno).to.equal(1040);
    // The limit of one address is not another's.
    await (await connectTo(running.port)).end();
    await root.query('DROP DATABASE sockets');
    await root.end();
    await other.end();
    await running.stop();
    const logins = readFileSync(audit, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"login"'))
      .map((line) => (JSON.parse(line) as { address: string }).address);
    expect(logins).to.deep.equal(['localhost', 'localhost', '127.0.0.1']);
    expect(existsSync(path)).to.equal(false);
  });

  it('that a process left behind, which did not end orderly, is replaced', async () => {
    const running = await start();
    await running.kill();
    expect(existsSync(path)).to.equal(true);
    await running.start();
    await (await connect()).end();
  });

  it('is not taken from whoever listens, and no other file is touched', async () => {
    const server = await new Promise<Server>((resolve) => {
      const made = createServer().listen(path, () => resolve(made));
    });
    const taken = await failureOf(start());
    expect(taken).to.be.an('error');
    expect((taken as Error).message).to.contain(`cannot listen on ${path}: another process listens there`);
    expect(existsSync(path)).to.equal(true);
    await new Promise((resolve) => server.close(resolve));
    writeFileSync(path, 'precious');
    const file = await failureOf(start());
    expect((file as Error).message).to.contain('it is no socket');
    expect(readFileSync(path, 'utf8')).to.equal('precious');
  });

  it('is shared by several front ends, also when they are replaced', async () => {
    const running = await start('--workers', '2', '--drain-timeout', '1000');
    const before = await servingWorkers(running, 2);
    await (await connect()).end();
    running.send('SIGUSR2');
    for (;;) {
      const now = await servingWorkers(running, 2);
      if (now.every(({ pid }) => before.every((old) => old.pid !== pid))) break;
    }
    for (let i = 0; i < 8; i++) await (await connect()).end();
    await running.stop();
    expect(existsSync(path)).to.equal(false);
  });
});
