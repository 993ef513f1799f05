// The slow-query and the audit log of the whole program, and that its own log tells nothing that is nobody's business.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { connectTo } from './harness.js';

type Line = Record<string, unknown>;

describe('logs of TiView', function () {
  this.timeout(120_000);
  const secret = 'pr1vate-w0rd';
  let rig: Rig;
  let folder: string;

  before(async () => {
    rig = await startRig();
    folder = mkdtempSync(join(tmpdir(), 'tiview-logs-'));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await rig.stop();
  });

  const lines = (name: string): Line[] =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);

  /** A session with much to tell of, well and badly. */
  async function use(tiview: TiView): Promise<void> {
    await using client = await tiview.connect();
    await client.runAll(
      'drop database if exists told',
      'create database told',
      'use told',
      'create table t (id int primary key, v varchar(100))',
      `insert into t values (1, '${secret}')`,
      `create materialized view told.mv as select id from t where v = '${secret}'`,
      "create user if not exists spy identified by 'pr1vate-w0rd'",
    );
    await client.error(`create materialized view bad as select '${secret}' from from`);
    await client.error(`create materialized view bad as select uuid(), '${secret}' from t`);
    await client.error(
      `create materialized view bad as select id from t where v = '${secret}' and nothing = 1`,
    );
    await client.error(`insert into mv values ('${secret}')`);
    await client.error(`select '${secret}' from nowhere`);
    await client.rows(`select sleep(0.4), '${secret}'`);
    await using other = await tiview.connect();
    // TiDB 8.5.4 fails when it is to kill a session that has not run a statement yet.
    await other.value('select 1');
    await client.run(`kill ${other.id}`);
    await client.run('drop materialized view mv');
    for (const password of [secret, 'wrong'])
      await connectTo(tiview.port, { user: 'spy', password }).then(
        (spy) => spy.end(),
        () => undefined,
      );
  }

  it('tell nothing of statements and passwords by default, however much is logged', async () => {
    const tiview = await startTiView({ tidbPort: rig.mysqlPort, flags: ['--log-level', 'debug'] });
    await use(tiview);
    expect(await tiview.stop()).to.deep.equal({ code: 0, signal: null });
    expect(tiview.log).to.contain('session ends');
    expect(tiview.log).to.not.contain(secret);
  });

  /** What is told on demand of what was slow, and of who did what. */
  async function expectTold(workers: number): Promise<void> {
    const [slowName, auditName] = [`slow${workers}`, `audit${workers}`];
    const files = [`--slow-log=${join(folder, slowName)}`, `--audit-log=${join(folder, auditName)}`];
    const flags = [...files, '--slow-threshold=300', `--workers=${workers}`];
    const tiview = await startTiView({ tidbPort: rig.mysqlPort, flags });
    await use(tiview);
    expect((await tiview.stop()).code).to.equal(0);

    const slow = lines(slowName).filter(({ kind }) => kind === 'select');
    expect(slow).to.have.lengthOf(1);
    expect(slow[0]).to.include({
      ...{ user: 'root', address: '127.0.0.1', database: 'told', command: 'query', errno: 0 },
      server: `127.0.0.1:${rig.mysqlPort}`,
    });
    expect(slow[0]?.['durationMs']).to.be.within(300, 30_000);
    expect(slow[0]?.['digest']).to.match(/^[0-9a-f]{32}$/);

    const audit = lines(auditName);
    const told = audit
      .filter(({ event }) => event === 'statement')
      .map(({ kind, object, errno }) => [kind, object, errno]);
    const killed = audit.find(({ kind }) => kind === 'kill')?.['object'];
    expect(told).to.deep.equal([
      ['create materialized view', 'told.mv', 0],
      ['create materialized view', 'bad', 1064],
      ['create materialized view', 'bad', 1235],
      ['create materialized view', 'bad', 1054],
      ['insert into', undefined, 1288],
      ['kill', killed, 0],
      ['drop materialized view', 'mv', 0],
    ]);
    const spy = audit.filter(({ user }) => user === 'spy').map(({ event, errno }) => [event, errno]);
    expect(spy).to.deep.equal([
      ['login', undefined],
      ['end', undefined],
      ['loginFailed', 1045],
    ]);
    const root = audit.filter(({ user, event }) => user === 'root' && event !== 'statement');
    expect(root.map(({ event }) => event).sort()).to.deep.equal(['end', 'end', 'login', 'login']);
    expect(JSON.stringify([slow, audit])).to.not.contain(secret);
  }

  it('tell on demand of what was slow, and of who did what', () => expectTold(1));
  it('tell the same when there are several front ends', () => expectTold(2));

  it('have the text of statements if asked for, but no password', async () => {
    const path = join(folder, 'texts');
    const flags = ['--slow-log', path, '--slow-threshold=0', '--log-statements'];
    const tiview = await startTiView({ tidbPort: rig.mysqlPort, flags });
    await use(tiview);
    expect((await tiview.stop()).code).to.equal(0);
    const texts = lines('texts').map(({ statement }) => statement);
    expect(texts).to.include(`select '${secret}' from nowhere`);
    const users = lines('texts').filter(({ digest }) => digest !== undefined);
    expect(users.map(({ kind }) => kind)).to.deep.equal(['create']);
  });

  it('are refused in one line when they cannot be opened', async () => {
    const path = join(folder, 'no', 'such', 'file');
    const refused = await startTiView({ tidbPort: rig.mysqlPort, flags: ['--audit-log', path] }).catch(
      (error: unknown) => String(error),
    );
    expect(refused).to.match(/tiview: audit-log: ENOENT/);
    expect(existsSync(path)).to.equal(false);
  });
});
