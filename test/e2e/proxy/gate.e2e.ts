// Statements that are answered by the proxy, between a real client and a real TiDB.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import type mysql from 'mysql2/promise';
import { utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { limits } from '../../../src/base/limits.js';
import {
  type LocalStatement,
  PASS,
  type SessionIdentity,
  type StatementGates,
  type StatementText,
} from '../../../src/proxy/statement-gate.js';
import { Capability } from '../../../src/wire/capability.js';
import { BinaryType } from '../../../src/wire/binary-type.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import type { ColumnDefinition } from '../../../src/wire/column-definition.js';
import { Command } from '../../../src/wire/command.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';
import { type TestProxy, connectTo, resetSchema, startProxy } from './harness.js';
import { RawClient } from './raw-client.js';
import { type Tidb, startTidb } from './tidb.js';

const columnOf = (name: string, type: number): ColumnDefinition => ({
  ...{
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: '',
    collation: 46,
    length: 1024,
    flags: 0,
    decimals: 0,
  },
  type,
});

const textOf = ({ bytes, start, end }: StatementText): string =>
  Buffer.from(bytes.subarray(start, end)).toString();

/** What statements of the form `VIEW name` do. */
const statements: Readonly<Record<string, LocalStatement>> = {
  rows: async (session, answer) => {
    answer.columns([
      columnOf('n', BinaryType.longlong),
      columnOf('s', 253),
      columnOf('d', BinaryType.datetime),
    ]);
    await answer.rows(
      [
        ['1', 'eins', '2024-02-29 12:34:56'],
        ['-2', null, null],
      ],
      session.signal,
    );
    answer.end();
  },
  many: async (session, answer) => {
    answer.columns([columnOf('n', BinaryType.longlong), columnOf('s', 253)]);
    for (let i = 0; i < 100; i++) {
      await answer.rows(
        Array.from({ length: 1000 }, (_, k) => [String(i * 1000 + k), 'x'.repeat(100)]),
        session.signal,
      );
    }
    answer.end();
  },
  ok: (_session, answer) => {
    answer.ok({ affectedRows: 5n, info: 'done here' });
    return Promise.resolve();
  },
  inside: async (session, answer) => {
    // On the client's own session: its transaction, its variables, its privileges.
    const { rows } = await session.query('SELECT @x, COUNT(*), CONNECTION_ID() FROM t', session.signal);
    await session.query("INSERT INTO t VALUES (NULL, 'from inside')", session.signal);
    answer.columns([columnOf('x', 253), columnOf('n', 253), columnOf('id', 253), columnOf('status', 253)]);
    const cells = (rows[0] ?? []).map((cell) => cell?.toString() ?? null);
    await answer.rows([[...cells, String(session.status)]], session.signal);
    answer.end();
  },
  error: async (session) => {
    await session.query('SELECT nonsense', session.signal);
  },
  own: () => Promise.reject(new SqlError(1235, '42000', 'refused by the view')),
  late: async (session, answer) => {
    answer.columns([columnOf('n', BinaryType.longlong)]);
    await answer.rows([['1'], ['2']], session.signal);
    throw new SqlError(1105, 'HY000', 'in the middle');
  },
  slow: async (session, answer) => {
    await session.query('SELECT SLEEP(100)', session.signal);
    answer.ok();
  },
  wait: (session) =>
    new Promise((_resolve, reject) => {
      session.signal.addEventListener('abort', () => reject(session.signal.reason as Error));
    }),
};

describe('statements answered by the proxy', function () {
  this.timeout(60_000);
  let tidb: Tidb;
  let test: TestProxy;
  const identities: SessionIdentity[] = [];

  const gates: StatementGates = {
    open: (identity) => {
      identities.push(identity);
      return {
        judge: (statement) => {
          if (statement.kind !== 'query' && statement.kind !== 'prepare') return PASS;
          const text = textOf(statement);
          if (!text.startsWith('VIEW'.slice(0, text.length))) return PASS;
          if (!statement.isComplete) return { kind: 'needMore' };
          const run = statements[text.slice('VIEW '.length)];
          if (run === undefined)
            return { kind: 'refuse', error: new SqlError(1064, '42000', `no '${text}'`) };
          return { kind: 'take', run };
        },
      };
    },
  };

  before(async () => {
    tidb = await startTidb();
    await resetSchema(tidb);
    const control = await connectTo(tidb.port, { database: 'clients' });
    await control.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))');
    await control.end();
    test = await startProxy([tidb.address], { gates });
  });

  after(async () => {
    await test.stop();
    await tidb.stop();
  });

  const connect = (): Promise<mysql.Connection> =>
    connectTo(test.port, { database: 'clients', dateStrings: true });

  it('give rows to text and prepared statements alike', async () => {
    const connection = await connect();
    const rows = [
      { n: 1, s: 'eins', d: '2024-02-29 12:34:56' },
      { n: -2, s: null, d: null },
    ];
    expect((await connection.query('VIEW rows'))[0]).to.deep.equal(rows);
    expect((await connection.execute('VIEW rows'))[0]).to.deep.equal(rows);
    expect((await connection.execute('VIEW rows'))[0]).to.deep.equal(rows);
    expect((await connection.execute('SELECT ? AS n', ['5']))[0]).to.deep.equal([{ n: '5' }]);
    expect((await connection.query('VIEW ok'))[0]).to.include({ affectedRows: 5 });
    const many = await connection.query<mysql.RowDataPacket[]>('VIEW many');
    expect(many[0]).to.have.length(100_000);
    await connection.end();
    expect(identities.at(-1)).to.include({ user: 'root', database: 'clients' });
    expect(((identities.at(-1)?.capabilities ?? 0) & Capability.protocol41) !== 0).to.equal(true);
  });

  it('work on the client’s own session and transaction', async () => {
    const connection = await connect();
    await connection.query('SET @x = 17');
    await connection.query('BEGIN');
    await connection.query("INSERT INTO t VALUES (NULL, 'uncommitted')");
    const [rows] = await connection.query<mysql.RowDataPacket[]>('VIEW inside');
    const id = connection.threadId;
    expect(rows).to.deep.equal([{ x: '17', n: '1', id: String(id), status: '3' }]);
    const [seen] = await connection.query<mysql.RowDataPacket[]>('SELECT v FROM t ORDER BY id');
    expect(seen.map((row) => String(row['v']))).to.deep.equal(['uncommitted', 'from inside']);
    await connection.query('ROLLBACK');
    expect((await connection.query('SELECT * FROM t'))[0]).to.deep.equal([]);
    await connection.end();
  });

  it('end with TiDB’s error, or one of their own, also in the middle', async () => {
    const connection = await connect();
    const failing = async (sql: string): Promise<unknown> =>
      connection.query(sql).catch((error: unknown) => error);
    expect(await failing('VIEW error')).to.include({ errno: 1054, sqlState: '42S22' });
    expect(await failing('VIEW own')).to.include({ errno: 1235, sqlState: '42000' });
    expect(await failing('VIEW late')).to.include({ errno: 1105 });
    expect(await failing('VIEW nothing')).to.include({ errno: 1064 });
    expect((await connection.query('SELECT 1 AS one'))[0]).to.deep.equal([{ one: 1 }]);
    await connection.end();
  });

  for (const capabilities of [0, Capability.deprecateEof]) {
    it(`keep their place among commands sent at once, EOF packets ${capabilities === 0 ? 'sent' : 'deprecated'}`, async () => {
      const client = await RawClient.login(test.port, capabilities, 'clients');
      const sent = [
        "SELECT 'one'",
        'VIEW rows',
        "SELECT 'two'",
        'VIEW inside',
        'VIEW nothing',
        'VIEW error',
        "SELECT 'three'",
      ];
      for (const sql of sent) client.send(Command.query, utf8(sql));
      const text = (await client.answers(sent.map(() => AnswerKind.result))).toString('latin1');
      expect(text).to.match(/one[^]*eins[^]*two[^]*status[^]*no 'VIEW nothing'[^]*Unknown column[^]*three/);
      await client.query('ROLLBACK');
      await client.quit();
    });
  }

  it('are interrupted by whoever knows the connection id', async () => {
    const connection = await connect();
    const id = connection.threadId;
    const waiting = connection.query('VIEW wait').catch((error: unknown) => error);
    while (!test.proxy.interrupt(id)) await new Promise((resolve) => setImmediate(resolve));
    expect(await waiting).to.include({ errno: 1317, sqlState: '70100' });
    expect(test.proxy.interrupt(id)).to.equal(false);
    await connection.end();
  });

  it('end with TiDB’s own interruption when their statement is killed there', async () => {
    const connection = await connect();
    const slow = connection.query('VIEW slow');
    const control = await connectTo(test.port);
    for (;;) {
      const [rows] = await control.query('SHOW PROCESSLIST');
      if (JSON.stringify(rows).includes('SLEEP')) break;
    }
    await control.query(`KILL QUERY ${String(connection.threadId)}`);
    await slow;
    await control.end();
    expect((await connection.query('SELECT 1 AS one'))[0]).to.deep.equal([{ one: 1 }]);
    await connection.end();
  });

  it('are aborted when their client goes, in the middle of a statement of theirs too', async () => {
    for (const sql of ['VIEW wait', 'VIEW slow']) {
      for (const isOrderly of [true, false]) {
        const client = await RawClient.login(test.port);
        client.send(Command.query, utf8(sql));
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (isOrderly) client.socket.end();
        else client.socket.resetAndDestroy();
        client.socket.resume();
      }
    }
    while (test.proxy.counts.openConnections > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

describe('deadlines', () => {
  it('end a login that does not go on, and a server that does not greet', async () => {
    const runtime = new VirtualRuntime();
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const tidb = await startTidb();
    const mute = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const test = await startProxy([mute, tidb.address], { runtime });
    // Nobody greets from the first server: after a while the second one does.
    const client = RawClient.open(test.port);
    await once(silent, 'connection');
    await runtime.advance(limits.backendConnectMs + 1_000);
    expect((await client.chunk())?.[4]).to.equal(10);
    // The client does not respond.
    await runtime.advance(limits.handshakeMs - 1_000);
    expect(test.proxy.counts.openConnections).to.equal(1);
    await runtime.advance(2_000);
    expect((await client.untilEnd()).toString('latin1')).to.match(/#08S01Got timeout/);
    // Nor does it close: it is forgotten all the same.
    await runtime.advance(limits.lingerMs + 1_000);
    while (test.proxy.counts.openConnections > 0) await new Promise((resolve) => setImmediate(resolve));
    client.socket.destroy();
    const drained = test.stop();
    await runtime.advance(10_000);
    await drained;
    silent.close();
    await tidb.stop();
  }).timeout(30_000);
});
