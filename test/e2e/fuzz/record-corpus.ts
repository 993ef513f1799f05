/**
 * Records the corpus of the fuzzer from the rig's TiDB: sessions with every kind of message, straight, and those with
 * statements on views before and behind the proxy. By hand, when messages have come that it lacks:
 *
 *     node dist/test/e2e/fuzz/record-corpus.js
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { NO_BYTES, concatBytes, fromHex, utf8 } from '../../../src/base/bytes.js';
import { ViewGates } from '../../../src/proxy/intercept/view-gates.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { projectRoot } from '../../support/project-root.js';
import { startRig } from '../../support/rig.js';
import { SqlClient } from '../../support/sql-client.js';
import { startProxy } from '../proxy/harness.js';
import { RawClient } from '../proxy/raw-client.js';
import { fakeViews } from './fake-views.js';
import { PLAIN, printScenario } from './scenario.js';

type Side = 'client' | 'server';

/** Lies before a server and notes each side's turns. */
class Tap {
  readonly #server: Server;
  #connections: { side: Side; parts: Buffer[] }[][] = [];

  constructor(port: number) {
    this.#server = createServer((client) => {
      const turns: { side: Side; parts: Buffer[] }[] = [];
      this.#connections.push(turns);
      const server = connect(port, '127.0.0.1');
      const pass = (side: Side, from: Socket, to: Socket): void => {
        from.on('data', (chunk: Buffer) => {
          const last = turns[turns.length - 1];
          if (last?.side === side) last.parts.push(chunk);
          else turns.push({ side, parts: [chunk] });
          to.write(chunk);
        });
        from.on('end', () => to.end());
        from.on('error', () => to.destroy());
      };
      pass('client', client, server);
      pass('server', server, client);
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** One side's turns of the connection that had most of them, since this was last called. */
  take(side: Side): Buffer[] {
    const [longest = []] = this.#connections.sort((a, b) => b.length - a.length);
    return longest.filter((turn) => turn.side === side).map(({ parts }) => Buffer.concat(parts));
  }

  clear(): void {
    this.#connections = [];
  }

  close(): void {
    this.#server.close();
  }
}

type Session = (port: number) => Promise<void>;

/** A session of root's; the last is COM_QUIT. */
const session =
  (script: (client: RawClient) => Promise<unknown>, more = 0, database?: string): Session =>
  async (port) => {
    const client = await RawClient.login(port, more, database);
    await script(client);
    await client.quit();
  };

const queries = (...statements: readonly string[]): ((client: RawClient) => Promise<void>) => {
  return async (client) => {
    for (const sql of statements) await client.query(sql);
  };
};

const { deprecateEof } = Capability;
const u32 = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0);
const NO_PARAMETERS = fromHex('0001000000');
const ONE_INTEGER = fromHex('0001000000' + '00' + '01' + '0300');

async function prepared(client: RawClient): Promise<void> {
  await client.command(Command.stmtPrepare, 'select id, v from fuzz.t where id > ?');
  await client.command(Command.stmtExecute, concatBytes(u32(1), ONE_INTEGER, u32(0)));
  await client.command(Command.stmtReset, u32(1));
  client.send(Command.stmtSendLongData, concatBytes(u32(1), fromHex('0000'), utf8('1')));
  await client.command(
    Command.stmtExecute,
    concatBytes(u32(1), fromHex('0001000000' + '00' + '01' + 'fc00')),
  );
  client.send(Command.stmtClose, u32(1));
  await client.command(Command.stmtPrepare, 'set @x = 1');
  await client.command(Command.stmtExecute, concatBytes(u32(2), NO_PARAMETERS));
  await client.command(Command.stmtExecute, concatBytes(u32(9), NO_PARAMETERS));
}

async function cursor(client: RawClient): Promise<void> {
  await client.command(Command.stmtPrepare, 'select id, v from fuzz.t');
  await client.command(Command.stmtExecute, concatBytes(u32(1), fromHex('0101000000')));
  await client.command(Command.stmtFetch, concatBytes(u32(1), u32(3)));
  await client.command(Command.stmtFetch, concatBytes(u32(1), u32(100)));
  client.send(Command.stmtClose, u32(1));
}

async function file(client: RawClient): Promise<void> {
  await client.query("load data local infile 'x' replace into table fuzz.t");
  client.socket.write(framePayload(2, utf8('100\tfrom a file\n')));
  client.socket.write(framePayload(3, NO_BYTES));
  await client.answers([AnswerKind.single]);
}

async function pipeline(client: RawClient): Promise<void> {
  const kinds = Array.from({ length: 30 }, (_, i) => {
    if (i % 3 === 0) client.send(Command.ping);
    else client.send(Command.query, utf8(i % 3 === 1 ? 'select 1' : 'select nonsense'));
    return i % 3 === 0 ? AnswerKind.single : AnswerKind.result;
  });
  await client.answers(kinds);
}

async function administration(client: RawClient): Promise<void> {
  await client.command(Command.initDb, 'fuzz');
  await client.command(Command.initDb, 'missing');
  await client.command(Command.fieldList, 't\0%');
  await client.command(Command.statistics);
  await client.command(Command.setOption, fromHex('0000'));
  await client.command(Command.refresh, fromHex('01'));
  await client.command(Command.resetConnection);
  await client.command(Command.debug);
  await client.command(0x7f);
}

async function changeUser(client: RawClient): Promise<void> {
  const response = concatBytes(utf8('native\0'), fromHex('00'), utf8('fuzz\0'), fromHex('2d00'));
  client.send(Command.changeUser, concatBytes(response, utf8('mysql_native_password\0')));
  await client.chunk();
  client.socket.write(framePayload(3, new Uint8Array(20)));
  await client.chunk();
}

/** A login by mysql2, of a user with a password. */
const login =
  (user: string, password: string): Session =>
  async (port) => {
    try {
      const connection = await createConnection({
        host: '127.0.0.1',
        port,
        user,
        password,
        database: 'fuzz',
      });
      await connection.end();
    } catch {
      // A refused login is a session like any other.
    }
  };

/** Straight to TiDB. */
const SESSIONS: Readonly<Record<string, Session>> = {
  login: session(queries('select 1')),
  'login-database': session(queries('select database()'), deprecateEof, 'fuzz'),
  'login-native': login('native', 'secret'),
  'login-sha2': login('sha2', 'secret'),
  'login-refused': login('native', 'wrong'),
  result: session(queries('select * from fuzz.t', 'select * from fuzz.types')),
  'result-deprecate-eof': session(queries('select * from fuzz.t', 'select * from fuzz.types'), deprecateEof),
  'result-long': session(queries("select repeat('x', 20000) a, repeat('y', 300) b"), deprecateEof),
  several: session(queries('select 1; do 1; select nonsense; select 2', 'select 3; select 4')),
  'several-deprecate-eof': session(queries('select 1; do 1; select 2'), deprecateEof),
  errors: session(queries('select', 'select * from missing.t', '', '/* nothing */')),
  transaction: session(
    queries('begin', "replace into fuzz.t values (7, 'seven')", 'select * from fuzz.t', 'commit'),
  ),
  'set-statements': session(
    queries("set sql_mode = 'ANSI_QUOTES'", 'use fuzz', 'set names gbk', "select 'a'"),
  ),
  prepared: session(prepared),
  'prepared-deprecate-eof': session(prepared, deprecateEof),
  cursor: session(cursor),
  'cursor-deprecate-eof': session(cursor, deprecateEof),
  file: session(file),
  pipeline: session(pipeline),
  administration: session(administration),
  'change-user': session(changeUser),
};

const VIEW_STATEMENTS = [
  'show materialized views',
  'create materialized view fuzz.v2 as select id from fuzz.t',
  'refresh materialized view fuzz.mv',
  'delete from fuzz.mv',
  'select * from fuzz.mv',
];

async function preparedOnViews(client: RawClient): Promise<void> {
  await client.command(Command.stmtPrepare, 'show materialized views');
  await client.command(Command.stmtExecute, concatBytes(fromHex('01000080'), NO_PARAMETERS));
  await client.query("prepare p from 'show materialized views'");
  await client.query('execute p');
  await client.query('deallocate prepare p');
}

/** Through the proxy: what the client sends, and what TiDB answers to the proxy. */
const VIEW_SESSIONS: Readonly<Record<string, Session>> = {
  'view-statements': session(queries(...VIEW_STATEMENTS)),
  'view-statements-deprecate-eof': session(queries(...VIEW_STATEMENTS), deprecateEof, 'fuzz'),
  'view-several': session(queries('select 1; show materialized views; select 2', 'drop database fuzz2')),
  'view-prepared': session(preparedOnViews),
};

const rig = await startRig();
const admin = await SqlClient.open({ port: rig.mysqlPort });
await admin.runAll(
  'create database fuzz',
  'create database fuzz2',
  'use fuzz',
  'create table t (id int primary key, v varchar(100))',
  `insert into t values ${Array.from({ length: 10 }, (_, i) => `(${i}, repeat('v', ${i}))`).join()}`,
  'create table mv like t',
  `create table types (i bigint unsigned, d decimal(30,10), f double, dt datetime(6), tm time, b blob, j json,
     e enum('a', 'b'), bt bit(12), n int)`,
  `insert into types values (18446744073709551615, 1.5, -2.25e100, '2024-02-29 12:34:56.7', '-838:59:59', x'fb00ff',
     '{"a": [1]}', 'b', b'1010', null)`,
  "create user native identified with mysql_native_password by 'secret'",
  "create user sha2 identified with caching_sha2_password by 'secret'",
  'grant all on *.* to native',
  'grant all on *.* to sha2',
);
const before = new Tap(rig.mysqlPort);
const behind = new Tap(rig.mysqlPort);
const folder = join(projectRoot(), 'test/e2e/fuzz/corpus');
const write = (name: string, client: Tap, server: Tap): void => {
  const scenario = { name, client: client.take('client'), server: server.take('server'), options: PLAIN };
  writeFileSync(join(folder, `${name}.session`), printScenario(scenario));
};
const directPort = await before.listen();
for (const [name, run] of Object.entries(SESSIONS)) {
  before.clear();
  await run(directPort);
  write(name, before, before);
}
const gates = new ViewGates(fakeViews, {
  mayBeOurs: () => false,
  answeredUser: () => Promise.resolve(undefined),
  interrupt: () => Promise.resolve(),
  presentId: (id) => Promise.resolve(id),
});
const proxy = await startProxy([`127.0.0.1:${await behind.listen()}`], { gates });
const front = new Tap(proxy.port);
const frontPort = await front.listen();
for (const [name, run] of Object.entries(VIEW_SESSIONS)) {
  front.clear();
  behind.clear();
  await run(frontPort);
  write(name, front, behind);
}
await proxy.stop();
for (const tap of [before, behind, front]) tap.close();
await admin.close();
await rig.stop();
