// Logins with and without TLS on either side of the proxy, by both kinds of password, right and wrong. The rig's TiDB
// has no TLS, so a proxy that offers it stands before it as the "tidb-server" that has.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import selfsigned from 'selfsigned';
import { ListenError } from '../../../src/proxy/listening.js';
import { clientScripts, connectorJar, needsClient, python, runProgram } from '../../clients/installed.js';
import { type TestProxy, connectTo, makeFiles, resetSchema, startProxy } from './harness.js';
import { mysql2Session } from './mysql2-session.js';
import { RawClient } from './raw-client.js';
import { type Tidb, startTidb } from './tidb.js';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

async function makeCertificate(): Promise<Certificate> {
  const pems = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { cert: pems.cert, key: pems.private };
}

/** What a login comes to: the user TiDB sees, or its error. */
async function login(port: number, user: string, password: string, ca?: string): Promise<string> {
  try {
    const ssl = ca === undefined ? {} : { ssl: { ca } };
    const connection = await connectTo(port, { user, password, ...ssl });
    const [rows] = await connection.query<never[]>({ sql: 'SELECT CURRENT_USER()', rowsAsArray: true });
    await connection.end();
    return String(rows[0]);
  } catch (error) {
    const { errno, code, message } = error as { errno?: number; code?: string; message: string };
    return `${errno ?? code ?? 'error'} ${message}`;
  }
}

describe('logins', function () {
  this.timeout(120_000);
  let tidb: Tidb;
  let certificate: Certificate;
  let directory: string;
  let caFile: string;
  const proxies: Record<string, TestProxy> = {};

  before(async () => {
    tidb = await startTidb();
    certificate = await makeCertificate();
    directory = makeFiles();
    caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, certificate.cert);
    await resetSchema(tidb);
    const connection = await connectTo(tidb.port, { multipleStatements: true });
    await connection.query(`
      CREATE USER native IDENTIFIED WITH mysql_native_password BY 'right';
      CREATE USER sha2 IDENTIFIED WITH caching_sha2_password BY 'right';
      CREATE USER empty IDENTIFIED WITH caching_sha2_password BY '';
      GRANT ALL ON *.* TO native, sha2, empty`);
    await connection.end();
    const clientTls = certificate;
    const backendTls = { ca: certificate.cert };
    const secure = await startProxy([tidb.address], { clientTls });
    const secured = [`127.0.0.1:${secure.port}`];
    proxies['plain, plain'] = await startProxy([tidb.address]);
    proxies['TLS, plain'] = secure;
    proxies['plain, TLS'] = await startProxy(secured, { backendTls });
    proxies['TLS, TLS'] = await startProxy(secured, { backendTls, clientTls });
  });

  after(async () => {
    for (const name of ['plain, TLS', 'TLS, TLS', 'TLS, plain', 'plain, plain']) await proxies[name]?.stop();
    await tidb.stop();
  });

  const port = (name: string): number => proxies[name]?.port ?? 0;

  for (const path of ['plain, plain', 'plain, TLS', 'TLS, plain', 'TLS, TLS']) {
    const isSecure = path.startsWith('TLS');

    for (const user of ['root', 'native', 'sha2', 'empty', 'nobody']) {
      for (const password of ['', 'right', 'wrong']) {
        it(`are let in or not as by TiDB (client side, server side: ${path}): ${user} with '${password}'`, async () => {
          const direct = await login(tidb.port, user, password);
          const relayed = await login(port(path), user, password, isSecure ? certificate.cert : undefined);
          // TiDB lets caching_sha2_password pass over TLS only, which is what the client's side has here.
          if (isSecure && user === 'sha2' && password === 'right') expect(relayed).to.equal('sha2@%');
          else if (isSecure && user === 'sha2' && password === 'wrong')
            expect(relayed).to.match(/^1045 Access denied/);
          else expect(relayed).to.equal(direct);
        });
      }
    }

    it(`are followed by a whole session (client side, server side: ${path})`, async () => {
      await resetSchema(tidb);
      const direct = await mysql2Session(
        { host: '127.0.0.1', port: tidb.port, user: 'native', password: 'right' },
        directory,
      );
      await resetSchema(tidb);
      const ssl = isSecure ? { ssl: { ca: certificate.cert } } : {};
      const options = { host: '127.0.0.1', port: port(path), user: 'native', password: 'right', ...ssl };
      expect(await mysql2Session(options, directory)).to.equal(direct);
    });
  }

  it('by the mariadb client go through TLS with both kinds of password', async function () {
    await needsClient(this, 'mariadb');
    for (const user of ['native', 'sha2']) {
      for (const password of ['right', 'wrong']) {
        const args = ['--no-defaults', '-h127.0.0.1', `-P${port('TLS, TLS')}`, `-u${user}`, `-p${password}`];
        const { stdout, stderr } = await runProgram('mariadb', [
          ...[
            ...args,
            `--ssl-ca=${caFile}`,
            '--ssl-verify-server-cert',
            '--batch',
            '-N',
            '-e',
            'SELECT CURRENT_USER(); \\s',
          ],
        ]);
        if (password === 'right') {
          expect(stdout, stderr).to.include(`${user}@%`);
          expect(stdout).to.match(/SSL:\s+Cipher in use/);
        } else {
          expect(stderr).to.include('ERROR 1045');
        }
      }
    }
  });

  it('by PyMySQL go through TLS, with a whole session', async function () {
    await needsClient(this, 'pymysql');
    const script = join(clientScripts, 'pymysql/session.py');
    const env = { PYTHONIOENCODING: 'utf-8' };
    const run = async (at: number, user: string, password: string, ...more: string[]): Promise<string> => {
      await resetSchema(tidb);
      const { stdout, stderr } = await runProgram(
        python,
        [script, '127.0.0.1', `${at}`, user, password, directory, ...more],
        { env },
      );
      return stdout + stderr;
    };
    expect(await run(port('TLS, plain'), 'sha2', 'right', caFile)).to.equal(
      await run(tidb.port, 'native', 'right'),
    );
    expect(await run(port('TLS, plain'), 'sha2', 'wrong', caFile)).to.include('1045');
  });

  it('by Connector/J go through TLS, with a whole session', async function () {
    await needsClient(this, 'connectorj');
    await resetSchema(tidb);
    const script = join(clientScripts, 'connectorj/Session.java');
    const options = [
      '-Dfile.encoding=UTF-8',
      '-Dstdout.encoding=UTF-8',
      '-Xmx1g',
      '-cp',
      connectorJar,
      script,
    ];
    const args = ['127.0.0.1', String(port('TLS, TLS')), 'sha2', 'right', directory, 'tls'];
    const { code, stdout, stderr } = await runProgram('java', [...options, ...args]);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include('after COM_CHANGE_USER');
  });

  it('are refused where TLS is demanded of a tidb-server that has none', async () => {
    const test = await startProxy([tidb.address], { backendTls: { ca: certificate.cert } });
    expect(await login(test.port, 'root', '')).to.match(/1105 the tidb-server does not offer TLS/);
    await test.stop();
  });

  it('are refused where the tidb-server shows a certificate that is not trusted', async () => {
    const { cert: ca } = await makeCertificate();
    const test = await startProxy([`127.0.0.1:${port('TLS, plain')}`], { backendTls: { ca } });
    expect(await login(test.port, 'root', '')).to.match(
      /1105 the tidb-server broke off the login: .*self.signed/,
    );
    await test.stop();
  });

  it('are refused if the client speaks TLS unasked', async () => {
    const client = RawClient.open(port('plain, plain'));
    await client.chunk();
    client.socket.write(
      Buffer.concat([Buffer.from([32, 0, 0, 1]), Buffer.from([0, 0x0a, 0, 0]), Buffer.alloc(28)]),
    );
    expect((await client.untilEnd()).toString('latin1')).to.match(/Bad handshake/);
    client.socket.destroy();
  });

  it('end if TLS does not begin as announced', async () => {
    const client = RawClient.open(port('TLS, plain'));
    await client.chunk();
    client.socket.write(
      Buffer.concat([Buffer.from([32, 0, 0, 1]), Buffer.from([0, 0x0a, 0, 0]), Buffer.alloc(28)]),
    );
    client.socket.write('this is no ClientHello at all, not even nearly');
    await client.untilEnd();
    client.socket.destroy();
  });
});

describe('a proxy', () => {
  it('says when it cannot listen', async () => {
    const test = await startProxy(['127.0.0.1:1']);
    const error: unknown = await startProxy(['127.0.0.1:1'], {
      listen: { host: '127.0.0.1', port: test.port },
    }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ListenError);
    await test.stop();
  });
});
