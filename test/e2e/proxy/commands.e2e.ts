// Every command there is, and orders of commands that no library sends: through the proxy as straight to TiDB.
import { expect } from 'chai';
import { NO_BYTES, concatBytes, fromHex, utf8 } from '../../../src/base/bytes.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { type TestProxy, resetSchema, startProxy } from './harness.js';
import { RawClient } from './raw-client.js';
import { type Tidb, startTidb } from './tidb.js';

/** An unsigned number in four bytes. */
const u32 = (value: number): Uint8Array => fromHex(Buffer.of(value, 0, 0, 0).toString('hex'));

/** Sends things and gives what came back. */
type Script = (client: RawClient) => Promise<readonly Buffer[]>;

const scripts: Readonly<Record<string, Script>> = {
  'commands that are one packet': async (client) => [
    await client.command(Command.ping),
    await client.command(Command.initDb, 'clients'),
    await client.command(Command.initDb, 'missing'),
    await client.command(Command.setOption, fromHex('0000')),
    await client.command(Command.setOption, fromHex('0100')),
    await client.command(Command.setOption, fromHex('0000')),
    await client.command(Command.resetConnection),
  ],
  'commands that TiDB does not know': async (client) => [
    await client.command(Command.sleep),
    await client.command(Command.processInfo),
    await client.command(Command.processKill, u32(1)),
    await client.command(Command.debug),
    await client.command(0x7f),
    await client.command(0xfe, 'x'),
    await client.query('SELECT 1'),
  ],
  COM_STATISTICS: async (client) => {
    const text = await client.command(Command.statistics);
    return [Buffer.from(text.subarray(4).toString().replace(/\d+/, 'N')), await client.query('SELECT 1')];
  },
  'COM_REFRESH, which TiDB answers twice for grants': async (client) => [
    await client.command(Command.refresh, fromHex('02')),
    await client.command(Command.refresh, fromHex('01')),
    await client.query('SELECT 1'),
  ],
  COM_FIELD_LIST: async (client) => [
    await client.command(Command.fieldList, 'types\0%'),
    await client.command(Command.fieldList, 'missing\0'),
    await client.query('SELECT 1'),
  ],
  'a query that ends with a zero byte, an empty one, and only a comment': async (client) => [
    await client.query('SELECT 1\0'),
    await client.query(''),
    await client.query('/* nothing */'),
    await client.query(';'),
  ],
  'several results, the last one an error': async (client) => [
    await client.query('SELECT 1; DO 1; SELECT * FROM types; SELECT nonsense; SELECT 2'),
    await client.query('SELECT 1'),
  ],
  'prepared statements, with cursors': async (client) => [
    await client.command(Command.stmtPrepare, 'SELECT id, v FROM loaded WHERE id > ? ORDER BY id'),
    await client.command(Command.stmtPrepare, 'SELECT nonsense'),
    await client.command(Command.stmtPrepare, 'SET @x = 1'),
    await client.command(
      Command.stmtExecute,
      concatBytes(u32(1), fromHex('00' + '01000000' + '00' + '01' + '0300'), u32(1)),
    ),
    await client.command(
      Command.stmtExecute,
      concatBytes(u32(1), fromHex('01' + '01000000' + '00' + '00'), u32(1)),
    ),
    await client.command(Command.stmtFetch, concatBytes(u32(1), u32(7))),
    await client.command(Command.stmtFetch, concatBytes(u32(1), u32(7))),
    await client.command(Command.stmtFetch, concatBytes(u32(1), u32(200))),
    await client.command(Command.stmtFetch, concatBytes(u32(1), u32(1))),
    await client.command(Command.stmtReset, u32(1)),
    await client.command(Command.stmtReset, u32(99)),
    await client.command(Command.stmtExecute, concatBytes(u32(3), fromHex('00' + '01000000'))),
    await client.command(Command.stmtClose, u32(1)),
    await client.command(Command.stmtExecute, concatBytes(u32(1), fromHex('00' + '01000000'))),
    await client.query('SELECT @x'),
  ],
  'long data, good and refused': async (client) => {
    const prepared = await client.command(Command.stmtPrepare, 'SELECT LENGTH(?)');
    for (let i = 0; i < 10; i++)
      client.send(Command.stmtSendLongData, concatBytes(u32(1), fromHex('0000'), utf8('x'.repeat(100))));
    const good = await client.command(
      Command.stmtExecute,
      concatBytes(u32(1), fromHex('00' + '01000000' + '00' + '01' + 'fc00')),
    );
    // No such statement; no such parameter; too short.
    const refused: Buffer[] = [];
    for (const piece of [concatBytes(u32(77), fromHex('0000')), concatBytes(u32(1), fromHex('0900'))]) {
      client.send(Command.stmtSendLongData, concatBytes(piece, utf8('x')));
      refused.push(await client.answers([AnswerKind.single]));
    }
    refused.push(await client.command(Command.stmtSendLongData, fromHex('0100')));
    return [prepared, good, ...refused, await client.query('SELECT 1')];
  },
  'long data that is refused while the next command is under way': async (client) => {
    client.send(Command.stmtSendLongData, concatBytes(u32(77), fromHex('0000'), utf8('x')));
    client.send(Command.query, utf8('SELECT 1'));
    client.send(Command.query, utf8('SELECT 2'));
    return [await client.answers([AnswerKind.single, AnswerKind.result, AnswerKind.result])];
  },
  'many commands sent at once': async (client) => {
    const kinds = Array.from({ length: 300 }, (_, i) => {
      if (i % 5 === 4) {
        client.send(Command.ping);
        return AnswerKind.single;
      }
      const queries = ['SELECT * FROM types', 'SELECT nonsense', 'SELECT 1; SELECT 2', 'DO 1'];
      client.send(Command.query, utf8(queries[i % 5] ?? ''));
      return AnswerKind.result;
    });
    return [await client.answers(kinds)];
  },
  'a command cut into single bytes': async (client) => {
    const bytes = framePayload(0, utf8('\u0003SELECT 12345'));
    for (const byte of bytes) {
      client.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return [await client.answers([AnswerKind.result])];
  },
  'a file for LOAD DATA LOCAL': async (client) => {
    const request = await client.query("LOAD DATA LOCAL INFILE 'x' INTO TABLE clients.loaded2");
    // Over 256 packets, so that a sequence id of 0 occurs in the middle.
    let sequence = 2;
    for (let i = 0; i < 300; i++) client.write(framePayload(sequence++ & 0xff, utf8(`${i}\trow\n`)));
    client.write(framePayload(sequence & 0xff, NO_BYTES));
    const end = await client.answers([AnswerKind.result]);
    return [request, end, await client.query('SELECT COUNT(*) FROM clients.loaded2')];
  },
  'an empty file, and one in the middle of several statements': async (client) => {
    const first = await client.query("LOAD DATA LOCAL INFILE 'x' INTO TABLE clients.loaded2");
    client.write(framePayload(2, NO_BYTES));
    const empty = await client.answers([AnswerKind.result]);
    const request = await client.query(
      "SELECT 1; LOAD DATA LOCAL INFILE 'x' INTO TABLE clients.loaded2; SELECT 2",
    );
    client.write(framePayload((request.at(-3) ?? 0) + 1, utf8('900001\tx\n')));
    client.write(framePayload((request.at(-3) ?? 0) + 2, NO_BYTES));
    return [first, empty, await client.answers([AnswerKind.result]), await client.query('SELECT 3')];
  },
  COM_CHANGE_USER: async (client) => {
    const user = (name: string): Uint8Array => utf8(`${name}\0\0clients\0\u002e\0mysql_native_password\0`);
    const first = await client.command(Command.changeUser, user('root'));
    const use = await client.query('SELECT DATABASE()');
    const old = utf8('root\0\0clients\0\u002e\0caching_sha2_password\0');
    client.send(Command.changeUser, old);
    const request = await client.chunk();
    if (request === undefined) throw new Error('no AuthSwitchRequest');
    client.write(framePayload(2, NO_BYTES));
    const ok = await client.answers([AnswerKind.auth]);
    // The salt differs from session to session.
    return [first, use, request.subarray(0, 27), ok, await client.query('SELECT USER()')];
  },
};

describe('commands through the proxy', function () {
  this.timeout(60_000);
  let tidb: Tidb;
  let test: TestProxy;

  before(async () => {
    tidb = await startTidb();
    test = await startProxy([tidb.address]);
  });

  after(async () => {
    await test.stop();
    await tidb.stop();
  });

  async function run(script: Script, port: number, capabilities: number): Promise<string[]> {
    await resetSchema(tidb);
    const client = await RawClient.login(port, capabilities, 'clients');
    const answers = await script(client);
    await client.quit();
    return answers.map((answer) => answer.toString('latin1'));
  }

  for (const [name, script] of Object.entries(scripts)) {
    for (const [form, capabilities] of [
      ['EOF packets', 0],
      ['no EOF packets', Capability.deprecateEof],
    ] as const) {
      it(`are answered as by TiDB: ${name}, ${form}`, async () => {
        const direct = await run(script, tidb.port, capabilities);
        const relayed = await run(script, test.port, capabilities);
        expect(relayed).to.deep.equal(direct);
        expect(test.proxy.counts.openConnections).to.be.at.most(1);
      });
    }
  }
});
