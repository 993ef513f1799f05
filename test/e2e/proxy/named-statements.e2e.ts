// PREPARE, EXECUTE and DEALLOCATE of statements of ours, beside TiDB's own, in one session; and that nobody writes to a
// view by them.
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import { isServerError } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { type Tidb, startTidb } from './tidb.js';

describe('statements prepared by name', function () {
  this.timeout(120_000);
  let tidb: Tidb;
  let tiview: TiView;
  let session: mysql.Connection;

  beforeEach(async () => {
    session = await mysql.createConnection({
      ...{ host: '127.0.0.1', port: tiview.port, user: 'root', database: 'named', multipleStatements: true },
    });
  });

  afterEach(() => session.destroy());

  before(async () => {
    tidb = await startTidb();
    tiview = await startTiView({ tidbPort: tidb.port });
    const first = await mysql.createConnection({ host: '127.0.0.1', port: tiview.port, user: 'root' });
    await first.query('create database named');
    await first.query('create table named.t (id int primary key, v int)');
    await first.query('insert into named.t values (1, 1), (2, 2)');
    await first.query('create materialized view named.mv as select id from named.t');
    await first.end();
  });

  after(async () => {
    await tiview.stop();
    await tidb.stop();
  });

  /** `rows …`, `done` or `error <number>`. */
  async function outcome(sql: string): Promise<string> {
    try {
      const [rows] = await session.query<never[]>({ sql, rowsAsArray: true });
      return Array.isArray(rows) ? `rows ${rows.map((row) => String(row)).join(' / ')}` : 'done';
    } catch (error) {
      if (!isServerError(error)) throw error;
      return `error ${error.errno}`;
    }
  }

  async function expectCourse(course: readonly (readonly [string, string])[]): Promise<void> {
    const shown: string[] = [];
    for (const [sql] of course) shown.push(`${sql} → ${await outcome(sql)}`);
    expect(shown).to.deep.equal(course.map(([sql, expected]) => `${sql} → ${expected}`));
  }

  const courses: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    'make, show and drop a view, again and again': [
      [`prepare c from 'create materialized view late as select id from t where id > 1'`, 'done'],
      [`prepare d from 'drop materialized view late;'`, 'done'],
      ['execute d', 'error 1146'],
      ['execute c', 'done'],
      ['execute c', 'error 1050'],
      ['select * from late', 'rows 2'],
      ['prepare s from "show materialized views like \\"late\\""', 'done'],
      ['/* x */ execute `s`;', 'rows late'],
      ['execute d', 'done'],
      ['execute c', 'done'],
      ['execute d', 'done'],
      ['deallocate prepare c', 'done'],
      ['drop prepare d', 'done'],
      ['execute c', 'error 8111'],
      ['drop prepare d', 'error 8111'],
    ],
    'have names of their own, in which case matters': [
      [`prepare p from 'show materialized views'`, 'done'],
      ['execute P', 'error 8111'],
      [`prepare P from 'select 7'`, 'done'],
      ['execute P', 'rows 7'],
      ['execute p', 'rows mv'],
    ],
    'take each other’s place': [
      [`prepare p from 'select 7'`, 'done'],
      [`prepare p from 'show materialized views'`, 'done'],
      ['execute p', 'rows mv'],
      [`prepare p from 'select 8'`, 'done'],
      ['execute p', 'rows 8'],
      [`prepare p from 'show materialized views'`, 'done'],
      ['deallocate prepare p', 'done'],
      ['execute p', 'error 8111'],
    ],
    'stay what they were when a PREPARE fails': [
      [`prepare p from 'show materialized views'`, 'done'],
      [`prepare p from 'selec 1'`, 'error 1064'],
      ['execute p', 'rows mv'],
      [`prepare p from 'show materialized vie'`, 'error 1064'],
      [`prepare p from 'select 1; select 2'`, 'error 8115'],
      [`prepare p from 'select 1; show materialized views'`, 'error 8115'],
      ['execute p', 'rows mv'],
      [`prepare p from 'delete from mv'`, 'error 1288'],
      ['execute p', 'rows mv'],
    ],
    'have no parameters': [
      [`prepare p from 'show materialized views'`, 'done'],
      ['set @a = 1', 'done'],
      ['execute p using @a', 'error 8112'],
      [`prepare p from 'create materialized view w as select id from t where id = ?'`, 'done'],
      ['execute p', 'error 1149'],
    ],
    'may come from a variable': [
      [`set @v = 'show materialized views'`, 'done'],
      ['prepare p from @v', 'done'],
      ['execute p', 'rows mv'],
      [`set @v = 'select 9'`, 'done'],
      ['prepare p from @`v`', 'done'],
      ['execute p', 'rows 9'],
      ['prepare p from @nothing', 'error 1064'],
      ['set @v = 5', 'done'],
      ['prepare p from @v', 'error 1064'],
      ['execute p', 'rows 9'],
    ],
    'are not prepared twice over': [
      [`prepare p from 'prepare q from ''show materialized views'''`, 'error 1295'],
      [`set @v = 'prepare q from ''show materialized views'''`, 'done'],
      ['prepare p from @v', 'error 1295'],
    ],
    'are read as the session reads them': [
      [`set sql_mode = 'ANSI_QUOTES'`, 'done'],
      ['prepare p from "show materialized views"', 'error 1064'],
      [`set sql_mode = 'NO_BACKSLASH_ESCAPES'`, 'done'],
      [`prepare p from 'show materialized views like ''m_'''`, 'done'],
      ['execute p', 'rows mv'],
    ],
    'cannot write to a view': [
      [`prepare p from 'delete from mv'`, 'error 1288'],
      [`prepare p from 'drop database named'`, 'error 1288'],
      [`set @v = 'insert into mv values (9)'`, 'done'],
      ['prepare p from @v', 'error 1288'],
      ['/*! prepare p from @v */', 'error 1288'],
      ['execute p', 'error 8111'],
      ['select count(*) from mv', 'rows 2'],
    ],
    'cannot write to a table that became a view': [
      ['create table late (id int primary key)', 'done'],
      [`prepare p from 'insert into late values (9)'`, 'done'],
      [`set @v = 'delete from named.late'`, 'done'],
      ['prepare q from @v', 'done'],
      ['execute p', 'done'],
      ['execute q', 'done'],
      ['drop table late', 'done'],
      ['create materialized view late as select id from t', 'done'],
      ['execute p', 'error 1288'],
      ['execute q', 'error 1288'],
      ['use mysql', 'done'],
      ['execute p', 'error 1288'],
      ['use named', 'done'],
      ['select count(*) from late', 'rows 2'],
      [`prepare p from 'select 1'`, 'done'],
      ['execute p', 'rows 1'],
      ['deallocate prepare q', 'done'],
      ['execute q', 'error 8111'],
      ['drop materialized view late', 'done'],
    ],
  };

  for (const [what, course] of Object.entries(courses)) {
    it(what, () => expectCourse(course));
  }

  it('run in one packet with others, each as it was prepared before it', async () => {
    const sql = `prepare p from 'show materialized views'; execute p; prepare p from 'select 5'; execute p`;
    const [results] = await session.query<never[]>({ sql, rowsAsArray: true });
    expect(results.filter((one) => Array.isArray(one))).to.deep.equal([[['mv']], [[5]]]);
  });

  it('are what was prepared last, however fast the client sends', async () => {
    await session.query(`prepare p from 'show materialized views'`);
    const [, [rows]] = await Promise.all([
      session.query(`prepare p from 'select 5'`),
      session.query<never[]>({ sql: 'execute p', rowsAsArray: true }),
    ]);
    expect(rows).to.deep.equal([[5]]);
  });

  it('are forgotten with the session’s state', async () => {
    const forget = [() => session.reset(), () => session.changeUser({ user: 'root', database: 'named' })];
    for (const reset of forget) {
      await session.query(`prepare p from 'show materialized views'`);
      await reset();
      expect(await outcome('execute p')).to.equal('error 8111');
    }
  });

  it('are not prepared by the client’s library', async () => {
    const sql = `prepare p from 'show materialized views'`;
    const error: unknown = await session.execute(sql).catch((reason: unknown) => reason);
    expect(error).to.include({ errno: 1295 });
  });
});
