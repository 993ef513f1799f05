// Whoever tries to write to a view through TiView gets error 1288, however the statement is written and sent, and the
// view stays as it is. TiDB would carry out, or try to, each of these statements.
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import { isServerError } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { type Tidb, startTidb } from './tidb.js';

const statements: Readonly<Record<string, readonly string[]>> = {
  deletes: [
    'delete from mv',
    'DELETE FROM holes . MV where 1',
    'delete from `holes`.`mv`',
    'delete mv from mv join t using(id)',
    'delete from x using mv x join t',
    'delete x from mv as x',
    'with c as (select 1) delete from mv',
    'batch on id limit 1 delete from mv',
    'truncate mv',
    'truncate table mv',
  ],
  updates: [
    'update mv set a=1',
    'update t join mv using (id) set mv.a = 9',
    'update t, mv set mv.a = 9 where t.id = mv.id',
    'update t join mv m using (id) set m.a = 9',
    'with c as (select 1 as x) update mv set a = 2',
  ],
  inserts: [
    'replace into mv values (1,1)',
    'insert ignore mv values (8,8)',
    'insert into mv set id=8',
    'insert into mv select * from t',
    'insert into mv values (1,1) on duplicate key update a=5',
    "load data local infile 'x' into table mv",
    "load data infile '/x' into table mv",
    "import into mv from '/x.csv'",
  ],
  'statements in comments, in one packet with others, or inside others': [
    '/*!50000 delete from mv */',
    '/*T! delete from mv */',
    '/*!50000 delete */ from mv',
    'delete /*! from */ mv',
    'delete from holes.mv; select 1',
    'select 1; delete from mv',
    'use test; use holes; update mv set a = 1',
    'explain analyze delete from mv',
    'explain analyze format=brief update mv set a=8',
    'desc analyze delete from mv',
    'trace delete from mv',
    "trace format='row' delete from mv",
    "prepare q from 'delete from mv'",
  ],
  locks: [
    'select * from mv for update',
    'select * from mv for share',
    'select * from mv lock in share mode',
    'select * from t, mv for update',
    'select * from (select * from mv for update) d',
    'lock tables mv write',
    'lock table mv write, t read',
  ],
  definitions: [
    'drop table mv',
    'drop table t2x, mv',
    'drop tables if exists mv',
    'drop view mv',
    'drop view if exists mv',
    'rename table mv to x',
    'rename table t to tt, mv to x',
    'alter table mv add column z int',
    'alter table mv rename to y',
    'alter table mv cache',
    'create index i on mv (a)',
    'drop index i on mv',
    'create or replace view mv as select 1',
    'alter table p exchange partition p0 with table mv',
    'create table ch (id int, foreign key (id) references mv(id))',
    'admin cleanup index mv i',
    'admin recover index mv i',
  ],
};

describe('writes to views', function () {
  this.timeout(120_000);
  let tidb: Tidb;
  let tiview: TiView;
  let connection: mysql.Connection;

  const open = (options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> =>
    mysql.createConnection({
      ...{ host: '127.0.0.1', port: tiview.port, user: 'root', multipleStatements: true },
      infileStreamFactory: () => {
        throw new Error('a file was asked for');
      },
      ...options,
    });

  before(async () => {
    tidb = await startTidb();
    tiview = await startTiView({ tidbPort: tidb.port });
    connection = await open();
    await connection.query('create database holes; use holes');
    await connection.query('create table t (id int primary key, a int)');
    await connection.query('create table p (id int primary key, a int) partition by hash(id) partitions 2');
    await connection.query('insert into t values (1,1),(2,2),(3,3)');
    await connection.query('create materialized view mv as select id, a from t where a > 0');
  });

  after(async () => {
    await connection.end();
    await tiview.stop();
    await tidb.stop();
  });

  async function errnoOf(run: () => Promise<unknown>): Promise<number> {
    try {
      await run();
      return 0;
    } catch (error) {
      if (isServerError(error)) return error.errno;
      throw error;
    }
  }

  async function expectUntouched(): Promise<void> {
    await connection.query('refresh materialized view mv');
    const [rows] = await connection.query<never[]>({ sql: 'select id, a from mv', rowsAsArray: true });
    expect(rows).to.have.deep.members([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    await connection.query('admin check materialized view mv');
  }

  for (const [kind, texts] of Object.entries(statements)) {
    it(`are refused: ${kind}`, async () => {
      const outcomes: string[] = [];
      for (const sql of texts) {
        outcomes.push(`${sql} → ${await errnoOf(() => connection.query(sql))}`);
      }
      expect(outcomes).to.deep.equal(texts.map((sql) => `${sql} → 1288`));
      await expectUntouched();
    });
  }

  const sessions: Readonly<Record<string, (session: mysql.Connection) => Promise<unknown>>> = {
    'after COM_CHANGE_USER named the database': async (session) => {
      await session.changeUser({ user: 'root', database: 'holes' });
      await session.query('delete from mv');
    },
    'after a USE with comments': async (session) => {
      await session.query('/* x */ use /* y */ `holes`');
      await session.query('delete from mv');
    },
    'after a USE in a comment that is code': async (session) => {
      await session.query('/*! use holes */');
      await session.query('delete from mv');
    },
    'in ANSI quotes': async (session) => {
      await session.query("use holes; set sql_mode = 'ANSI_QUOTES'");
      await session.query('delete from "mv"');
    },
    'in another character set': async (session) => {
      await session.query('use holes; set names gbk');
      await session.query('delete from mv');
    },
    'in the text of a variable': async (session) => {
      await session.query("use holes; set @text = 'delete from mv where id = 1'");
      await session.query('prepare q from @text');
    },
    'prepared with parameters': async (session) => {
      await session.query('use holes');
      await session.execute('delete from mv where id = ?', [1]);
    },
  };

  for (const [name, run] of Object.entries(sessions)) {
    it(`are refused ${name}`, async () => {
      const session = await open();
      expect(await errnoOf(() => run(session))).to.equal(1288);
      session.destroy();
      await expectUntouched();
    });
  }

  it('past TiView make the view INVALID, rather than wrong', async () => {
    const session = await open({ database: 'holes', port: tidb.port });
    await session.query('delete from mv where id = 1');
    session.destroy();
    let errno = 0;
    while (errno === 0) errno = await errnoOf(() => connection.query('select * from mv'));
    // Between its renaming and our knowing of it there is no such table.
    while (errno === 1146) errno = await errnoOf(() => connection.query('select * from mv'));
    expect(errno).to.equal(1356);
    await connection.query('create or replace materialized view mv as select id, a from t where a > 0');
    await expectUntouched();
  });
});
