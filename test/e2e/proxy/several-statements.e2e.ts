// Packets of several statements, of which TiView answers some and TiDB the others: what the client gets is what TiDB
// would send if it knew the statements, byte for byte where it does.
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import { asBuffer, concatBytes, utf8 } from '../../../src/base/bytes.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { PacketSplitter } from '../../../src/wire/packet-splitter.js';
import { isServerError } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { MB, residentBytes } from './process-memory.js';
import { RawClient } from './raw-client.js';
import { type Tidb, startTidb } from './tidb.js';

/** Ours, as a statement that changes nothing and answers OK, and TiDB's that does the same. */
const OURS = 'drop materialized view if exists several.nothing';
const THEIRS = 'do 0';

describe('several statements in one packet', function () {
  this.timeout(120_000);
  let tidb: Tidb;
  let tiview: TiView;
  let connection: mysql.Connection;

  const open = (options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> =>
    mysql.createConnection({
      ...{ host: '127.0.0.1', port: tiview.port, user: 'root', multipleStatements: true },
      ...options,
    });

  async function errnoOf(run: Promise<unknown>): Promise<number> {
    try {
      await run;
      return 0;
    } catch (error) {
      if (isServerError(error)) return error.errno;
      throw error;
    }
  }

  const count = async (table: string): Promise<number> => {
    const [rows] = await connection.query<never[][]>({
      sql: `select count(*) from ${table}`,
      rowsAsArray: true,
    });
    return Number(rows[0]?.[0]);
  };

  before(async () => {
    tidb = await startTidb();
    tiview = await startTiView({ tidbPort: tidb.port });
    connection = await open();
    await connection.query('create database several');
    await connection.query('use several');
    await connection.query(
      'create table t (id int primary key, v varchar(10)); insert into t values (1, "a")',
    );
    await connection.query('create table log (n int)');
    await connection.query('create materialized view mv as select id, v from t');
  });

  after(async () => {
    await connection.end();
    await tiview.stop();
    await tidb.stop();
  });

  it('may be a whole life of a view', async () => {
    const [results] = await connection.query<never[]>({
      sql: [
        'create table b (id int primary key)',
        'insert into b values (1), (2)',
        'create materialized view late as select id from b where id > 1',
        'select id from late',
        'insert into b values (3)',
        'refresh materialized view late',
        'select count(*) from late',
        'show materialized views like "late"',
        'drop materialized view late; drop table b',
      ].join(';\n'),
      rowsAsArray: true,
    });
    expect(results.filter((result) => Array.isArray(result))).to.deep.equal([[[2]], [[2]], [['late']]]);
    expect(results).to.have.length(10);
  });

  const packets: Readonly<Record<string, readonly string[]>> = {
    'with nothing but OK': ['do 1; %; do 2', '%; do 2', 'do 1; %', '%; %;;% ; # end'],
    'with results, in which NULL and long rows are': [
      "select 1, null; %; select repeat('x', 300), id from several.t; %; select * from several.t where false",
    ],
    'with several results side by side': ['select 1; select 2; do 3; %; select 4; select 5'],
    'with transactions': ['begin; select * from several.t; rollback; %; begin; select 1; commit; select 2'],
    'with a comment that is code': ['/*! select 1; select 2 */; %; select 3'],
    'with an error': ['select 1; %; select * from several.nothing; %', '%; select 1; select nothing; do 1'],
    'with a row of 300 columns': [`select ${Array.from({ length: 300 }, (_, i) => i).join()}; %; do 1`],
    'with 300 results': [`${'select 1; '.repeat(300)}%; select 2`],
    'with a row of over 16 MiB': ["select repeat('y', 17000000); %; select 2"],
    'of over 16 MiB': [`select length('${'z'.repeat(17_000_000)}'); %; select 2`],
    'with a large result': [
      'with recursive n as (select 1 as i union all select i + 1 from n where i < 900) ' +
        "select a.i, b.i, repeat('r', 50) from n a, n b order by 1, 2 limit 200000; %; select 3",
    ],
  };

  for (const [name, capabilities] of [
    ['EOF packets', 0],
    ['no EOF packets', Capability.deprecateEof],
  ] as const) {
    for (const [what, texts] of Object.entries(packets)) {
      it(`are answered as TiDB answers a packet ${what} (${name})`, async () => {
        const direct = await RawClient.login(tidb.port, capabilities);
        const through = await RawClient.login(tiview.port, capabilities);
        for (const client of [direct, through]) await client.query('set cte_max_recursion_depth = 10000');
        for (const text of texts) {
          const expected = await direct.query(text.replaceAll('%', THEIRS));
          const actual = await through.query(text.replaceAll('%', OURS));
          expect(withoutOurs(actual), text.slice(0, 100)).to.deep.equal(withoutOurs(expected));
        }
        await direct.quit();
        await through.quit();
      });
    }
  }

  it('are refused at their place, what stands before them having run', async () => {
    const before = await count('log');
    const sql = 'insert into log values (1); delete from mv; insert into log values (2)';
    expect(await errnoOf(connection.query(sql))).to.equal(1288);
    expect(await count('log')).to.equal(before + 1);
    expect(await errnoOf(connection.query('use mysql; use several; truncate mv'))).to.equal(1288);
    await connection.query('use several');
    expect(await errnoOf(connection.query('do 1; alter table t drop column v'))).to.equal(1105);
    expect(await count('mv')).to.equal(1);
  });

  it('mean the database that a USE before them named', async () => {
    await connection.query(
      'create database other; use other; create table mv (id int); insert into mv values (1)',
    );
    await connection.query('delete from mv; use several');
    expect(
      await errnoOf(connection.query('use other; delete from mv; use several; delete from mv')),
    ).to.equal(1288);
    const sql =
      'use other; create materialized view w as select id from mv; drop materialized view w; use several';
    await connection.query(sql);
    expect(await count('mv')).to.equal(1);
    await connection.query('drop database other');
  });

  it('may drop a database with its views', async () => {
    await connection.query('create database gone; create table gone.t (id int primary key)');
    const sql = 'create materialized view gone.v as select id from gone.t; drop database gone; select 1';
    expect(await errnoOf(connection.query(sql))).to.equal(0);
    expect(await errnoOf(connection.query('select * from gone.v'))).to.equal(1146);
  });

  it('do not begin when one of ours is malformed', async () => {
    const before = await count('log');
    const sql = 'insert into log values (1); create materialized vie';
    expect(await errnoOf(connection.query(sql))).to.equal(1064);
    expect(await count('log')).to.equal(before);
  });

  it('are TiDB’s to forbid', async () => {
    const session = await open({ multipleStatements: false });
    expect(await errnoOf(session.query(`do 1; ${OURS}`))).to.equal(8130);
    expect(await errnoOf(session.query('do 1; delete from several.mv'))).to.equal(8130);
    await session.query("set tidb_multi_statement_mode = 'ON'");
    expect(await errnoOf(session.query(`do 1; ${OURS}`))).to.equal(0);
    await session.end();
    const raw = await RawClient.login(tiview.port);
    await raw.command(Command.setOption, Uint8Array.of(1, 0));
    expect((await raw.query(`do 1; ${OURS}`)).readUInt16LE(5)).to.equal(8130);
    await raw.command(Command.setOption, Uint8Array.of(0, 0));
    expect((await raw.query(`do 1; ${OURS}`))[4]).to.equal(0);
    await raw.quit();
  });

  it('cannot be prepared together', async () => {
    expect(await errnoOf(connection.execute(`do 1; ${OURS}`))).to.equal(8115);
  });

  it('end where KILL QUERY finds them', async () => {
    const victim = await open({ database: 'several' });
    await connection.query('truncate log');
    const running = errnoOf(
      victim.query(`${OURS}; select 1; select id from t where sleep(60) = 0; insert into log values (1)`),
    );
    const sleeping =
      "select 1 from information_schema.processlist where info like '%sleep(60)%' and info not like '%processlist%'";
    for (let rows: unknown[] = []; rows.length === 0;) [rows] = await connection.query<never[]>(sleeping);
    await connection.query(`do 1; kill query ${victim.threadId}`);
    expect(await running).to.equal(1317);
    expect(await count('log')).to.equal(0);
    expect(await errnoOf(victim.query('select 1'))).to.equal(0);
    await victim.end();
  });

  it('hold TiDB back while the client does not read', async () => {
    const client = await RawClient.login(tiview.port);
    client.socket.pause();
    const before = residentBytes(tiview.pid ?? 0);
    const big = "select repeat('b', 1000000) from information_schema.columns limit 150";
    client.send(Command.query, utf8(`${OURS}; ${big}; ${OURS}; select 9`));
    // Whoever gathered 150 MB here would show it before these are answered.
    let most = before;
    for (let i = 0; i < 10; i++) {
      await connection.query("select repeat('b', 1000000) from information_schema.columns limit 2");
      most = Math.max(most, residentBytes(tiview.pid ?? 0));
    }
    expect(most - before).to.be.below(80 * MB);
    client.socket.resume();
    const answer = await client.answers([AnswerKind.result]);
    expect(answer.length).to.be.above(150_000_000);
    await client.quit();
  });
});

/** The packets of an answer, in which ours and TiDB's OK differ by their warnings: those are left out. */
function withoutOurs(answer: Buffer): string[] {
  const splitter = new PacketSplitter('tidb', 1 << 26);
  splitter.feed(answer);
  const shown: string[] = [];
  for (let next = splitter.next(); next !== undefined; next = splitter.next()) {
    const { payload } = next;
    const isOk = payload[0] === 0 && payload.length >= 7;
    const kept = isOk ? concatBytes(payload.subarray(0, 5)) : payload;
    const text = asBuffer(kept).toString('latin1');
    shown.push(`${next.sequence} ${text.length > 2000 ? `${text.length} ${text.slice(0, 50)}` : text}`);
  }
  return shown;
}
