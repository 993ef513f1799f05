// TLS towards tidb-servers, from both ends: the certificate that TiView shows, which TiDB may ask for by account or of
// everybody, and the name that it wants to see on the server's.
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import type { ConnectionOptions } from 'mysql2';
import type { BackendTls } from '../../../src/proxy/tls-options.js';
import { HEADER_BYTES } from '../../../src/wire/packet-header.js';
import { SSL_REQUEST_BYTES } from '../../../src/wire/ssl-request.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { greet } from '../../unit/proxy/login-rig.js';
import { connectTo, startProxy } from './harness.js';
import { type Certificate, type SecureRig, makeCertificate, startSecureRig } from './secure-rig.js';

/** What a login comes to: the user TiDB sees, or the error. */
async function login(port: number, options: ConnectionOptions): Promise<string> {
  try {
    const connection = await connectTo(port, options);
    const [rows] = await connection.query<never[]>({ sql: 'SELECT CURRENT_USER()', rowsAsArray: true });
    await connection.end();
    return String(rows[0]);
  } catch (error) {
    const { errno, message } = error as { errno?: number; message: string };
    return `${errno ?? ''} ${message}`;
  }
}

/** The same through a proxy, from a client without TLS. */
async function loginThrough(
  backend: string,
  backendTls: BackendTls | undefined,
  user: string,
): Promise<string> {
  const proxy = await startProxy([backend], backendTls === undefined ? {} : { backendTls });
  const outcome = await login(proxy.port, { user });
  await proxy.stop();
  return outcome;
}

describe('TLS towards a tidb-server', function () {
  this.timeout(120_000);
  let secure: SecureRig;
  let own: Certificate;
  let strange: Certificate;
  let address: string;

  before(async () => {
    secure = await startSecureRig();
    own = await makeCertificate(secure.ca, 'tiview');
    strange = await makeCertificate(await makeCertificate(undefined, 'the CA of others'), 'tiview');
    address = `127.0.0.1:${secure.rig.mysqlPort}`;
    const connection = await connectTo(secure.rig.mysqlPort, { multipleStatements: true });
    await connection.query(`
      CREATE USER secured REQUIRE SSL; CREATE USER holder REQUIRE X509; CREATE USER named REQUIRE SUBJECT '/CN=tiview';
      CREATE USER other REQUIRE SUBJECT '/CN=other'; CREATE USER maintainer IDENTIFIED BY 'right' REQUIRE X509;
      GRANT ALL ON *.* TO maintainer WITH GRANT OPTION; GRANT ALL ON secured.* TO holder`);
    await connection.end();
  });

  after(async () => {
    await secure.rig.stop();
  });

  const waysOf = (): Readonly<Record<string, BackendTls | undefined>> => ({
    'no TLS': undefined,
    'TLS without a certificate': { ca: secure.ca.cert },
    'TLS and a certificate': { ca: secure.ca.cert, ...own },
  });

  for (const way of ['no TLS', 'TLS without a certificate', 'TLS and a certificate']) {
    it(`lets accounts in that REQUIRE things as a direct connection with the same does: ${way}`, async () => {
      const tls = waysOf()[way];
      const outcomes: string[] = [];
      for (const user of ['root', 'secured', 'holder', 'named', 'other']) {
        const direct = await login(secure.rig.mysqlPort, { user, ...(tls !== undefined && { ssl: tls }) });
        const relayed = await loginThrough(address, tls, user);
        expect(relayed, user).to.equal(direct);
        outcomes.push(relayed);
      }
      const letIn = { 'no TLS': 1, 'TLS without a certificate': 2, 'TLS and a certificate': 4 }[way];
      expect(outcomes.filter((outcome) => outcome.endsWith('@%')).length).to.equal(letIn);
    });
  }

  for (const [whose, what] of [
    [
      'ours is of another CA',
      /TLS failed: tlsv1 alert unknown ca \(it wants a certificate, or another one, from TiView\)$/,
    ],
    ["the server's is of another CA", /self.signed certificate in certificate chain|unable to/],
  ] as const) {
    it(`says what is wrong where a certificate is not trusted: ${whose}`, async () => {
      const tls =
        whose === 'ours is of another CA' ? { ca: secure.ca.cert, ...strange } : { ...own, ca: strange.cert };
      const outcome = await loginThrough(address, tls, 'root');
      expect(outcome).to.match(/^1105 the tidb-server broke off the login: /);
      expect(outcome).to.match(what);
    });
  }

  it('is what the whole program has, for clients and for the account that maintains', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tiview-tls-'));
    const start = (shown: Certificate | undefined): Promise<TiView> => {
      const texts = { ca: secure.ca.cert, ...shown };
      const files = Object.entries(texts).flatMap(([name, text]) => {
        writeFileSync(join(folder, name), text);
        return [`--tidb-tls-${name}`, join(folder, name)];
      });
      const environment = { TIVIEW_PASSWORD: 'right' };
      const flags = ['--user', 'maintainer', ...files];
      return startTiView({ tidbPort: secure.rig.mysqlPort, environment, flags });
    };
    expect(await reasonOf(start(undefined))).to.match(/Access denied for user 'maintainer'@'127.0.0.1'/);
    expect(await reasonOf(start(strange))).to.match(
      /no tidb-server reachable for maintenance.*alert unknown ca/s,
    );
    await using tiview = await start(own);
    await using client = await tiview.connect({ user: 'holder' });
    expect(await client.value('SELECT CURRENT_USER()')).to.equal('holder@%');
    await client.runAll(
      'CREATE DATABASE secured',
      'USE secured',
      'CREATE TABLE t (id INT PRIMARY KEY)',
      'INSERT INTO t VALUES (1), (2)',
      'CREATE MATERIALIZED VIEW v AS SELECT id FROM t WHERE id > 1',
    );
    expect(await client.rows('SELECT * FROM v')).to.deep.equal([['2']]);
  });

  it('asks for the server by its name, or by none where there is but an address', async () => {
    expect(await askedName('localhost', {})).to.equal('localhost');
    expect(await askedName('127.0.0.1', {})).to.equal(false);
    expect(await askedName('127.0.0.1', { serverName: 'tidb.example' })).to.equal('tidb.example');
  });

  it('wants that name on the certificate', async () => {
    const named = await makeCertificate(secure.ca, 'tidb', [{ type: 2, value: 'tidb.example' }]);
    // What it proves to TiView is a proxy's own, so this one is the "tidb-server".
    const server = await startProxy([address], { clientTls: named });
    const at = `127.0.0.1:${server.port}`;
    const ca = secure.ca.cert;
    expect(await loginThrough(at, { ca, serverName: 'tidb.example' }, 'root')).to.equal('root@%');
    expect(await loginThrough(at, { ca }, 'root')).to.match(
      /^1105 the tidb-server broke off the login: Hostname\/IP does not match certificate's altnames: IP: 127\.0\.0\.1/,
    );
    await server.stop();
  });

  it('says what is wrong where the server wants a certificate of everybody', async () => {
    const ssl = { ca: secure.ca.cert, ...own };
    const connection = await connectTo(secure.rig.mysqlPort, { ssl });
    await connection.query('SET GLOBAL require_secure_transport = ON');
    await connection.query('ALTER INSTANCE RELOAD TLS');
    await connection.end();
    expect(await loginThrough(address, ssl, 'root')).to.equal('root@%');
    expect(await loginThrough(address, { ca: secure.ca.cert }, 'root')).to.match(
      /^1105 the tidb-server broke off the login: TLS failed: .*alert certificate required \(it wants a certificate/,
    );
    expect(await loginThrough(address, undefined, 'root')).to.match(
      /^3159 Connections using insecure transport/,
    );
  });
});

/** Why something failed. @throws Error — it has not. */
async function reasonOf(attempt: Promise<unknown>): Promise<string> {
  const outcome: unknown = await attempt.catch((error: unknown) => error);
  if (outcome instanceof Error) return outcome.message;
  throw new Error('it did not fail');
}

/** The name that a proxy asks its server for when TLS begins; false: none. */
async function askedName(host: string, tls: BackendTls): Promise<string | false> {
  const names = ['localhost', 'tidb.example'].map((value) => ({ type: 2, value }) as const);
  const certificate = await makeCertificate(undefined, 'any', [...names, { type: 7, ip: '127.0.0.1' }]);
  const secured = createTlsServer(certificate);
  const asked = once(secured, 'secureConnection') as Promise<
    [Socket & { readonly servername: string | false }]
  >;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(greet());
    socket.once('data', (chunk: Buffer) => {
      // TLS may come in one piece with what announces it.
      socket.pause();
      socket.unshift(chunk.subarray(HEADER_BYTES + SSL_REQUEST_BYTES));
      secured.emit('connection', socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const backendTls = { ca: certificate.cert, ...tls };
  const refused = loginThrough(`${host}:${port}`, backendTls, 'root');
  const [socket] = await asked;
  socket.destroy();
  await refused;
  server.close();
  return socket.servername;
}
