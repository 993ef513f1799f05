// Certificates that clients may give (--tls-ca), beside the rig's TiDB, which asks for them too: TiView lets in whom TiDB
// lets in. That TLS ends at TiView, and TiDB so sees another certificate, is the matter of tls-to-tidb.e2e.ts.
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import type { SslOptions } from 'mysql2';
import { frame } from '../../../src/wire/packet-writer.js';
import { Capability } from '../../../src/wire/capability.js';
import { printResponseHeader } from '../../../src/wire/ssl-request.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { needsClient, runProgram } from '../../clients/installed.js';
import { connectTo } from './harness.js';
import { type Certificate, type SecureRig, makeCertificate, startSecureRig } from './secure-rig.js';

const sslRequest = frame(1, (out) =>
  printResponseHeader(
    { capabilities: Capability.protocol41 | Capability.ssl, maxPacketBytes: 1 << 24, collation: 46 },
    out,
  ),
);

/** Has TLS 1.2 (whose sessions are there when the handshake is over), of an earlier session if there is one. */
async function secured(port: number, ssl: SslOptions | undefined, session?: Buffer): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'data');
  socket.write(sslRequest);
  const { ca, cert, key } = ssl ?? {};
  const secure = connectTls({ socket, ca, cert, key, session, host: '127.0.0.1', maxVersion: 'TLSv1.2' });
  await once(secure, 'secureConnect');
  return secure;
}

describe('the certificates of clients', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'tiview-client-certificates-'));
  let secure: SecureRig;
  let tiview: TiView;
  let ways: Readonly<Record<string, SslOptions | undefined>>;
  let caFile: string;

  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  before(async () => {
    secure = await startSecureRig();
    const { ca } = secure;
    const server = await makeCertificate(ca);
    caFile = file('ca.pem', ca.cert);
    tiview = await startTiView({
      tidbPort: secure.rig.mysqlPort,
      flags: [
        ...['--tls-cert', file('cert.pem', server.cert), '--tls-key', file('key.pem', server.key)],
        ...['--tls-ca', caFile],
      ],
    });
    const own = await makeCertificate(ca, 'a client');
    const strange = await makeCertificate(await makeCertificate(undefined, 'the CA of others'), 'a client');
    const itsOwn = await makeCertificate(undefined, 'a client');
    const withCertificate = ({ cert, key }: Certificate): SslOptions => ({ ca: ca.cert, cert, key });
    ways = {
      'no TLS': undefined,
      'no certificate': { ca: ca.cert },
      'one of the CA': withCertificate(own),
      'one of another CA': withCertificate(strange),
      'one that it has signed itself': withCertificate(itsOwn),
    };
    file('own.pem', `${own.cert}\n${own.key}`);
    file('strange.pem', `${strange.cert}\n${strange.key}`);
  });

  after(async () => {
    await tiview.stop();
    await secure.rig.stop();
  });

  const isLetIn = async (port: number, ssl: SslOptions | undefined): Promise<true | Error> => {
    try {
      const connection = await connectTo(port, ssl === undefined ? {} : { ssl });
      await connection.query('SELECT 1');
      await connection.end();
      return true;
    } catch (error) {
      return error as Error;
    }
  };

  for (const way of ['no TLS', 'no certificate', 'one of the CA']) {
    it(`let a client in as in TiDB: ${way}`, async () => {
      expect(await isLetIn(secure.rig.mysqlPort, ways[way])).to.equal(true);
      expect(await isLetIn(tiview.port, ways[way])).to.equal(true);
    });
  }

  for (const way of ['one of another CA', 'one that it has signed itself']) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`keep a client out as in TiDB, and say why: ${way}, ${maxVersion}`, async () => {
        const ssl = { ...ways[way], maxVersion };
        expect(await isLetIn(secure.rig.mysqlPort, ssl)).to.be.an.instanceOf(Error);
        const error = await isLetIn(tiview.port, ssl);
        expect(error).to.include({ errno: 1043 });
        expect(error)
          .to.have.property('message')
          .that.matches(/^Bad handshake: the client's certificate: \w/);
      });
    }
  }

  it('are known again when TLS is resumed, good or not', async () => {
    for (const [way, isGood] of [
      ['one of the CA', true],
      ['one of another CA', false],
    ] as const) {
      const first = await secured(tiview.port, ways[way]);
      const session = first.getSession();
      first.destroy();
      const second = await secured(tiview.port, ways[way], session);
      expect(second.isSessionReused(), way).to.equal(true);
      if (isGood) second.destroy();
      else expect(String(await once(second, 'data'))).to.include("the client's certificate");
    }
  });

  it('are shown by the mariadb client', async function () {
    await needsClient(this, 'mariadb');
    const login = (name: string): Promise<{ stdout: string; stderr: string }> =>
      runProgram('mariadb', [
        ...['--no-defaults', '-h127.0.0.1', `-P${tiview.port}`, '-uroot', `--ssl-ca=${caFile}`],
        ...[`--ssl-cert=${join(folder, name)}`, `--ssl-key=${join(folder, name)}`, '-N', '-e', 'SELECT 1'],
      ]);
    const { stdout, stderr } = await login('own.pem');
    expect(stdout, stderr).to.equal('1\n');
    expect((await login('strange.pem')).stderr).to.include("Bad handshake: the client's certificate");
  });
});
