// The same session, byte for byte, whatever the two sides of the proxy have agreed on: capabilities, the user's
// plugin and what the client begins with, TLS and compression on each side. All pairs of these, and random cases for
// as long as there is time. The direct connection that each is compared with is never compressed, because TiDB numbers
// packets by frames there.
import { expect } from 'chai';
import { NO_BYTES, concatBytes, fromHex, utf8 } from '../../../src/base/bytes.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { type Factors, pairwiseCases, randomCase } from '../../support/covering.js';
import { Random } from '../../support/random.js';
import { report, roundsOf, seedOf } from '../../support/seed.js';
import { type TestProxy, resetSchema, startProxy } from './harness.js';
import { BASE_CAPABILITIES, RawClient } from './raw-client.js';
import { LoginRefused, type RawLogin, reply } from './raw-login.js';
import { type SecureRig, startSecureRig } from './secure-rig.js';

/** One way to connect. */
interface Way {
  readonly user: 'root' | 'native' | 'sha2' | 'sm3' | 'token' | 'nobody';
  readonly password: 'right' | 'wrong';
  /** What the client begins with. */
  readonly plugin: 'mysql_native_password' | 'caching_sha2_password';
  readonly isClientSecure: boolean;
  readonly isBackendSecure: boolean;
  readonly isClientCompressed: boolean;
  readonly isBackendCompressed: boolean;
  readonly deprecateEof: boolean;
  readonly pluginAuth: boolean;
  readonly pluginAuthLenencData: boolean;
  readonly secureConnection: boolean;
  readonly connectWithDb: boolean;
  readonly connectAttributes: boolean;
  readonly sessionTrack: boolean;
  readonly foundRows: boolean;
}

const OFF_AND_ON = [false, true] as const;

const FACTORS: Factors<Way> = {
  user: ['root', 'native', 'sha2', 'sm3', 'token', 'nobody'],
  password: ['right', 'right', 'right', 'wrong'],
  plugin: ['mysql_native_password', 'caching_sha2_password'],
  isClientSecure: OFF_AND_ON,
  isBackendSecure: OFF_AND_ON,
  isClientCompressed: OFF_AND_ON,
  isBackendCompressed: OFF_AND_ON,
  deprecateEof: OFF_AND_ON,
  // Mostly as clients of today are: whoever is refused shows nothing of the rest.
  pluginAuth: [false, true, true, true],
  pluginAuthLenencData: OFF_AND_ON,
  secureConnection: [false, true, true, true],
  connectWithDb: OFF_AND_ON,
  connectAttributes: OFF_AND_ON,
  sessionTrack: OFF_AND_ON,
  foundRows: OFF_AND_ON,
};

/** Capabilities that are factors, by their names. */
const OPTIONAL = [
  ...(['deprecateEof', 'pluginAuth', 'pluginAuthLenencData', 'secureConnection', 'connectWithDb'] as const),
  ...(['connectAttributes', 'sessionTrack', 'foundRows'] as const),
];

/** Random cases beyond the pairs, in CI. */
const RANDOM_CASES = 40;

const u32 = (value: number): Uint8Array => fromHex(Buffer.of(value, 0, 0, 0).toString('hex'));

function loginOf(way: Way, { passwords, ca }: SecureRig, isCompressed: boolean): RawLogin {
  const { user, plugin, isClientSecure } = way;
  let capabilities = BASE_CAPABILITIES | (isCompressed ? Capability.compress : 0);
  for (const name of OPTIONAL) {
    if (way[name]) capabilities |= Capability[name];
    else capabilities &= ~Capability[name];
  }
  // An old client's proof ends at its first zero byte, and any proof may have one: TiDB refuses it by chance.
  const isOldForm = !way.secureConnection && !way.pluginAuthLenencData;
  const right = passwords[user] ?? '';
  const password = isOldForm ? '' : way.password === 'right' ? right : 'wrong';
  return {
    ...{ user, password, plugin, capabilities: capabilities >>> 0, database: 'clients' },
    ...{ attributes: [['program_name', 'cross-product']] },
    ...(isClientSecure && { tls: { ca: ca.cert } }),
  };
}

/** What a connection comes to: each answer's bytes. */
async function session(port: number, login: RawLogin): Promise<string[]> {
  const client = RawClient.open(port);
  try {
    await client.enter(login);
  } catch (error) {
    client.socket.destroy();
    // What a client without a form for the server's wish would do does not matter.
    if (error instanceof LoginRefused) return [Buffer.from(error.payload).toString('latin1')];
    if (error instanceof Error) return [error.message];
    throw error;
  }
  const answers = [...(await statements(client)), ...(await prepared(client)), ...(await files(client))];
  answers.push(...(await resets(client, login)));
  await client.quit();
  return answers.map((answer) => Buffer.from(answer).toString('latin1'));
}

async function statements(client: RawClient): Promise<Buffer[]> {
  return [
    await client.command(Command.ping),
    await client.command(Command.initDb, 'clients'),
    await client.query('SELECT * FROM types'),
    await client.query('SELECT 1; SELECT * FROM loaded; DO 1; SELECT nonsense; SELECT 2'),
    await client.query("SELECT id, REPEAT('long', 10000 + id) FROM types, (SELECT 1 UNION SELECT 2) t"),
    await client.query('UPDATE types SET s = s WHERE id < 2'),
    await client.query('SET NAMES utf8mb4'),
    await client.query(`SELECT LENGTH('${'x'.repeat(150_000)}')`),
  ];
}

async function prepared(client: RawClient): Promise<Buffer[]> {
  const id = fromHex('01000000');
  const run = concatBytes(id, fromHex('00' + '01000000' + '00' + '01' + '0300'), u32(2));
  const cursor = concatBytes(id, fromHex('01' + '01000000' + '00' + '00'), u32(2));
  const answers = [
    await client.command(Command.stmtPrepare, 'SELECT types.* FROM types WHERE id < ?'),
    await client.command(Command.stmtExecute, run),
    await client.command(Command.stmtExecute, cursor),
    await client.command(Command.stmtFetch, concatBytes(id, u32(1))),
    await client.command(Command.stmtFetch, concatBytes(id, u32(9))),
    await client.command(Command.stmtReset, id),
  ];
  client.send(Command.stmtClose, id);
  answers.push(await client.command(Command.stmtPrepare, 'SELECT MD5(?)'));
  for (let i = 0; i < 3; i++)
    client.send(Command.stmtSendLongData, concatBytes(u32(2), fromHex('0000'), utf8('x'.repeat(30_000))));
  const long = concatBytes(u32(2), fromHex('00' + '01000000' + '00' + '01' + 'fc00'));
  return [...answers, await client.command(Command.stmtExecute, long)];
}

async function files(client: RawClient): Promise<Buffer[]> {
  // What the last session left.
  await client.query('DELETE FROM clients.loaded2');
  const answers: Buffer[] = [];
  const request = await client.query(
    "SELECT 1; LOAD DATA LOCAL INFILE 'x' INTO TABLE clients.loaded2; SELECT 2",
  );
  const first = (request.at(-3) ?? 0) + 1;
  const pieces = Array.from({ length: 300 }, (_, i) => framePayload((first + i) & 0xff, utf8(`${i}\trow\n`)));
  client.write(concatBytes(...pieces, framePayload((first + 300) & 0xff, NO_BYTES)));
  answers.push(request, await client.answers([AnswerKind.result]));
  return [...answers, await client.query('SELECT COUNT(*), MAX(id) FROM clients.loaded2')];
}

async function resets(client: RawClient, login: RawLogin): Promise<Buffer[]> {
  const answers = [
    await client.query('SET @x = 1'),
    await client.command(Command.resetConnection),
    await client.query('SELECT @x'),
  ];
  const hasPlugins = (login.capabilities & Capability.pluginAuth) !== 0;
  const user = hasPlugins
    ? 'native\0\0clients\0\u002e\0caching_sha2_password\0'
    : 'root\0\0clients\0\u002e\0';
  client.send(Command.changeUser, utf8(user));
  if (hasPlugins) {
    const request = await client.chunk();
    if (request === undefined) throw new Error('no AuthSwitchRequest');
    // The salt differs from session to session.
    answers.push(request.subarray(0, 27));
    const proof = reply({ ...login, password: 'right' }, request.subarray(4, -1), false);
    client.write(framePayload((request[3] ?? 0) + 1, proof ?? NO_BYTES));
  }
  answers.push(await client.answers([AnswerKind.auth]));
  return [...answers, await client.query('SELECT CURRENT_USER(), DATABASE(), @x')];
}

describe('any way to connect', function () {
  this.timeout(120_000);
  let secure: SecureRig;
  const proxies = new Map<string, TestProxy>();
  const direct = new Map<string, string[]>();
  const keyOf = ({ isBackendSecure, isBackendCompressed }: Way): string =>
    `${String(isBackendSecure)} ${String(isBackendCompressed)}`;

  before(async () => {
    secure = await startSecureRig();
    const { rig, ca } = secure;
    await resetSchema({ port: rig.mysqlPort });
    for (const isSecure of OFF_AND_ON) {
      for (const isCompressed of OFF_AND_ON) {
        const proxy = await startProxy([`127.0.0.1:${rig.mysqlPort}`], {
          clientTls: ca,
          backendCompression: isCompressed ? 'always' : 'never',
          ...(isSecure && { backendTls: { ca: ca.cert } }),
        });
        proxies.set(`${String(isSecure)} ${String(isCompressed)}`, proxy);
      }
    }
  });

  after(async () => {
    for (const proxy of proxies.values()) await proxy.stop();
    await secure.rig.stop();
  });

  /** @returns whether the client was let in. */
  async function compare(way: Way): Promise<boolean> {
    // What a direct connection shows of it.
    const seen = { ...way, isBackendSecure: false, isBackendCompressed: false, isClientCompressed: false };
    const key = JSON.stringify(seen);
    const expected = direct.get(key) ?? (await session(secure.rig.mysqlPort, loginOf(way, secure, false)));
    direct.set(key, expected);
    const port = proxies.get(keyOf(way))?.port ?? 0;
    const relayed = await session(port, loginOf(way, secure, way.isClientCompressed));
    if (expected.length === 1 || relayed.length === 1)
      expect(relayed[0], JSON.stringify(way)).to.equal(expected[0]);
    for (const [i, answer] of expected.entries()) {
      if (relayed[i] !== answer)
        expect.fail(`${JSON.stringify(way)}: answer ${i}: ${difference(relayed[i] ?? '', answer)}`);
    }
    return expected.length > 1;
  }

  /** @returns the share of those that were let in. */
  async function compareAll(ways: readonly Way[]): Promise<number> {
    let letIn = 0;
    for (const way of ways) letIn += Number(await compare(way));
    report(`${ways.length} ways, ${letIn} of them let in`);
    return letIn / ways.length;
  }

  it('gives the same bytes as a direct connection: all pairs of settings', async () => {
    const random = new Random(seedOf('pairs of settings'));
    const factors: Factors<Way> = { ...FACTORS, user: ['root', 'native'], password: ['right'] };
    expect(await compareAll(pairwiseCases(factors, random))).to.be.greaterThan(0.3);
  });

  it('lets in or refuses as a direct connection does: all pairs of settings and users', async () => {
    await compareAll(pairwiseCases(FACTORS, new Random(seedOf('pairs of settings and users'))));
  });

  it('gives the same bytes as a direct connection: random settings', async () => {
    const random = new Random(seedOf('random settings'));
    const good = { user: 'native', password: 'right', pluginAuth: true, secureConnection: true } as const;
    const ways = Array.from({ length: roundsOf(RANDOM_CASES) }, () => ({
      ...randomCase(FACTORS, random),
      ...good,
    }));
    expect(await compareAll(ways)).to.equal(1);
  });

  for (const isBackendSecure of OFF_AND_ON) {
    for (const user of ['root', 'native', 'sha2', 'sm3', 'token'] as const) {
      it(`lets in whom TiDB lets in over TLS: ${user}, TLS towards TiDB ${isBackendSecure ? 'too' : 'not'}`, async () => {
        const flags = Object.fromEntries(OPTIONAL.map((name) => [name, true])) as Record<
          (typeof OPTIONAL)[number],
          true
        >;
        const way: Way = {
          ...{ user, password: 'right', plugin: 'caching_sha2_password', ...flags },
          ...{ isClientSecure: true, isBackendSecure, isClientCompressed: true, isBackendCompressed: true },
        };
        expect(await compare(way)).to.equal(true);
      });
    }
  }
});

function difference(got: string, wanted: string): string {
  let at = 0;
  while (at < wanted.length && got[at] === wanted[at]) at++;
  const from = Math.max(0, at - 40);
  const part = (text: string): string => JSON.stringify(text.slice(from, at + 40));
  return `${got.length} bytes, not ${wanted.length}; they differ at ${at}: ${part(got)}, not ${part(wanted)}`;
}
