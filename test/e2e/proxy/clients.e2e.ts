// The same session through TiView and straight to TiDB gives the same bytes, both ways, and the same output: for
// mysql2, the mariadb command-line client, PyMySQL and Connector/J (test/clients/install.sh brings the last three).
// TiView is the whole program in a process of its own, and it maintains a view, so that every statement is scanned.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { clientScripts, connectorJar, needsClient, python, runProgram } from '../../clients/installed.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { makeFiles, resetSchema } from './harness.js';
import { mysql2Session } from './mysql2-session.js';
import { type Recording, Recorder, comparable } from './recorder.js';
import { type Tidb, startTidb } from './tidb.js';

/** Runs a whole session and gives what it printed. */
type Session = (port: number, directory: string) => Promise<string>;

async function program(
  command: string,
  args: string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, args, options);
  expect(code, `${command} failed:\n${stderr}`).to.equal(0);
  return `${stdout}\n--- stderr ---\n${stderr}`;
}

const pymysql: Session = (port, directory) =>
  program(
    python,
    [join(clientScripts, 'pymysql/session.py'), '127.0.0.1', String(port), 'root', '', directory],
    { env: { PYTHONIOENCODING: 'utf-8' } },
  );

const connectorj: Session = (port, directory) =>
  program('java', [
    ...['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-Xmx1g', '-cp', connectorJar],
    ...[join(clientScripts, 'connectorj/Session.java'), '127.0.0.1', String(port), 'root', '', directory],
  ]);

const mariadb: Session = (port, directory) => {
  const script = readFileSync(join(clientScripts, 'mariadb/session.sql'), 'utf8').replaceAll(
    'DIRECTORY',
    directory,
  );
  const long = [16777215 - 1, 16777215, 17_000_000].map(
    (length) => `SELECT LENGTH('${'x'.repeat(length)}');\n`,
  );
  const repeated = [16777215 - 9, 17_000_000].map((length) => `SELECT REPEAT('y', ${length});\n`);
  const args = ['--no-defaults', '--skip-ssl', '-h127.0.0.1', `-P${port}`, '-uroot', '--local-infile=1'];
  const how = [
    '--batch',
    '--force',
    '--auto-rehash',
    '--column-type-info',
    '--max-allowed-packet=64M',
    '-Dclients',
  ];
  return program('mariadb', [...args, ...how, '--default-character-set=utf8mb4'], {
    input: script + long.join('') + repeated.join(''),
  });
};

const mysql2: Session = (port, directory) =>
  mysql2Session({ host: '127.0.0.1', port, user: 'root' }, directory);

describe('a session through TiView', function () {
  this.timeout(180_000);
  let tidb: Tidb;
  let tiview: TiView;
  let directory: string;

  before(async () => {
    tidb = await startTidb();
    tiview = await startTiView({ tidbPort: tidb.port });
    directory = makeFiles();
    await using client = await tiview.connect();
    await client.runAll(
      'create database elsewhere',
      'use elsewhere',
      'create table source (id int primary key, v varchar(10))',
      'create materialized view loaded as select id, v from source where id > 5',
    );
  });

  after(async () => {
    await tiview.stop();
    await tidb.stop();
  });

  async function record(
    session: Session,
    port: number,
  ): Promise<{ output: string; recordings: Recording[] }> {
    await resetSchema(tidb);
    const recorder = await Recorder.start(port);
    const output = await session(recorder.port, directory);
    return { output, recordings: (await recorder.stop()).map(comparable) };
  }

  async function compare(session: Session): Promise<string> {
    const direct = await record(session, tidb.port);
    const relayed = await record(session, tiview.port);
    expect(relayed.output).to.equal(direct.output);
    expect(relayed.recordings.length).to.equal(direct.recordings.length);
    direct.recordings.forEach((recording, i) => {
      expectSame(relayed.recordings[i]?.fromClient, recording.fromClient, 'from the client');
      expectSame(relayed.recordings[i]?.fromServer, recording.fromServer, 'from the server');
    });
    return direct.output;
  }

  it('is the same for mysql2', async () => {
    const output = await compare(mysql2);
    expect(output).to.include('Unknown column');
    expect(output).to.include('18446744073709551615');
  });

  it('is the same for PyMySQL', async function () {
    await needsClient(this, 'pymysql');
    expect(await compare(pymysql)).to.include('str of 33554430');
  });

  it('is the same for Connector/J', async function () {
    await needsClient(this, 'connectorj');
    expect(await compare(connectorj)).to.include('after COM_CHANGE_USER');
  });

  it('is the same for the mariadb client', async function () {
    await needsClient(this, 'mariadb');
    expect(await compare(mariadb)).to.include('still here');
  });
});

function expectSame(got: Buffer | undefined, wanted: Buffer, what: string): void {
  if (got !== undefined && Buffer.compare(got, wanted) === 0) return;
  const at = wanted.findIndex((byte, i) => got?.[i] !== byte);
  const from = Math.max(0, at - 40);
  const part = (bytes: Buffer | undefined): string =>
    JSON.stringify(bytes?.subarray(from, at + 80).toString('latin1'));
  expect.fail(
    `${what}: ${got?.length} bytes, not ${wanted.length}; they differ at ${at}: ${part(got)}, not ${part(wanted)}`,
  );
}
