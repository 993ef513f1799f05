/**
 * A rig whose TiDB has TLS and knows tokens, with users of each authentication plugin: what a login can meet. LDAP is
 * missing: that would need an LDAP server.
 */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import selfsigned from 'selfsigned';
import { type Rig, startRig } from '../../support/rig.js';
import { connectTo } from './harness.js';

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Whom a certificate is of. */
type AlternativeName =
  { readonly type: 2; readonly value: string } | { readonly type: 7; readonly ip: string };

const ALT_NAMES: readonly AlternativeName[] = [
  { type: 2, value: 'localhost' },
  { type: 7, ip: '127.0.0.1' },
];

/** A certificate, of localhost if nothing else is said; without a CA, its own. */
export async function makeCertificate(
  ca?: Certificate,
  name = 'localhost',
  altNames = ALT_NAMES,
): Promise<Certificate> {
  const pems = await selfsigned.generate([{ name: 'commonName', value: name }], {
    keySize: 2048,
    ...(ca !== undefined && { ca }),
    extensions: [
      { name: 'basicConstraints', cA: ca === undefined },
      { name: 'subjectAltName', altNames: [...altNames] },
    ],
  });
  return { cert: pems.cert, key: pems.private };
}

/** A running rig with TLS. */
export interface SecureRig {
  readonly rig: Rig;
  /** CA of TiDB's certificate and of those that it takes from clients. */
  readonly ca: Certificate;
  /** Passwords (a token for `token`) by user. */
  readonly passwords: Readonly<Record<string, string>>;
}

/** Users of {@link SecureRig}, by plugin. */
const USERS = {
  native: 'mysql_native_password',
  sha2: 'caching_sha2_password',
  sm3: 'tidb_sm3_password',
} as const;

const EMAIL = 'token@example.org';

/**
 * Starts one.
 *
 * @param more - of TiDB's configuration, TOML.
 * @param connect - logs in to its port as root.
 */
export async function startSecureRig(more = '', connect = connectTo): Promise<SecureRig> {
  const folder = mkdtempSync(join(tmpdir(), 'tiview-secure-'));
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const ca = await makeCertificate(undefined, 'the CA of a test');
  const server = await makeCertificate(ca);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = {
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'the-key', alg: 'RS256', use: 'sig' }],
  };
  const security = {
    'ssl-ca': file('ca.pem', ca.cert),
    'ssl-cert': file('cert.pem', server.cert),
    'ssl-key': file('key.pem', server.key),
    'auth-token-jwks': file('jwks.json', JSON.stringify(jwks)),
  };
  const lines = Object.entries(security).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const rig = await startRig({ tidbConfig: file('tidb.toml', `${more}\n[security]\n${lines.join('\n')}\n`) });
  const connection = await connect(rig.mysqlPort);
  for (const [user, plugin] of Object.entries(USERS)) {
    await connection.query(`CREATE USER ${user} IDENTIFIED WITH ${plugin} BY 'right'`);
    await connection.query(`GRANT ALL ON *.* TO ${user}`);
  }
  await connection.query(
    `CREATE USER token IDENTIFIED WITH tidb_auth_token REQUIRE TOKEN_ISSUER 'issuer' ATTRIBUTE '{"email": "${EMAIL}"}'`,
  );
  await connection.query(`GRANT ALL ON *.* TO token`);
  await connection.end();
  const token = jwt(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return {
    rig,
    ca,
    passwords: { root: '', native: 'right', sha2: 'right', sm3: 'right', token, nobody: 'x' },
  };
}

/** A token as `tidb_auth_token` wants it. */
function jwt(key: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const nowS = Math.floor(Date.now() / 1000);
  const claims = { sub: 'token', email: EMAIL, iss: 'issuer', iat: nowS - 5, exp: nowS + 3600 };
  const signed = `${part({ alg: 'RS256', kid: 'the-key', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), createPrivateKey(key)).toString('base64url')}`;
}
