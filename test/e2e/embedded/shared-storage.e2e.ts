/** TiDB and the embedded SQL front end on one TiKV: each reads what the other has written, to the byte. */
import { expect } from 'chai';
import { SqlFrontEnd } from '../../support/embedded/sql-front-end.js';
import { type Rig, startRig } from '../../support/rig.js';
import { SqlClient } from '../../support/sql-client.js';

const COLUMNS =
  'id int primary key auto_increment, a varchar(20) collate utf8mb4_general_ci, b decimal(12,3) unsigned, c datetime(2), ' +
  "d date, e time(1), f enum('x','y'), g set('p','q'), h double, i float, j bigint unsigned, k year, l bit(9), m blob, " +
  'n char(5), o binary(4), p timestamp null, q tinyint(1), unique key ua (a), key kb (b, a), unique key kc (c, j)';
const ROWS = [
  "(1, 'One', 1.5, '2024-01-02 03:04:05.67', '2024-02-29', '-10:11:12.5', 'x', 'p,q', 1.25, 0.5, 18446744073709551615, 2024, 300, 'bytes', 'ab', 'xy', '2024-06-01 12:00:00', 1)",
  "(-5, 'two  ', 0, null, null, null, null, '', -1e10, null, 0, null, 0, '', '', '', null, 0)",
  '(7, null, 999999999.999, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)',
].join(', ');

describe('embedded/sql on the TiKV of a real TiDB', () => {
  let rig: Rig;
  let frontEnd: SqlFrontEnd;
  let ours: SqlClient;
  let tidb: SqlClient;

  before(async () => {
    rig = await startRig();
    frontEnd = await SqlFrontEnd.start(rig);
    ours = await SqlClient.open({ port: frontEnd.port });
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    await ours.run("set time_zone = '+00:00'");
    await tidb.run("set time_zone = '+00:00'");
  });

  after(async () => {
    await ours.close();
    await tidb.close();
    await frontEnd[Symbol.asyncDispose]();
    await rig.stop();
  });

  /** A schema change of its own makes TiDB look at what has changed. */
  async function makeTidbLook(): Promise<void> {
    await tidb.runAll('create database if not exists look', 'drop database look');
  }

  /** TiDB reads whichever index it likes: the order of rows means nothing. */
  async function expectSameRows(table: string): Promise<void> {
    const [mine, theirs] = [
      await ours.rows(`select * from ${table}`),
      await tidb.rows(`select * from ${table}`),
    ];
    expect(mine.map((row) => row.join('|')).sort()).to.deep.equal(theirs.map((row) => row.join('|')).sort());
  }

  it('makes tables, rows, index entries and views that TiDB reads, checks and changes', async () => {
    await ours.runAll(
      'create database mine',
      `create table mine.t (${COLUMNS}) comment = 'typed'`,
      'create table mine.r (a int, b varchar(10), key (b))',
      'create table mine.s (a varchar(10), b int, c int, primary key (a, b), key (c))',
      `insert into mine.t values ${ROWS}`,
      "insert into mine.r values (1, 'x'), (1, 'x'), (null, null)",
      "insert into mine.s values ('A', 1, 2), ('a', 1, 3), ('b ', 2, null)",
      "update mine.t set a = 'changed', j = 5 where id = 7",
      'delete from mine.r where b is null',
      "replace into mine.s values ('A', 1, 9)",
      'create view mine.v as select id, a from mine.t where (id > 0)',
    );
    await makeTidbLook();
    for (const table of ['t', 'r', 's']) {
      await expectSameRows(`mine.${table}`);
      await tidb.run(`admin check table mine.${table}`);
      const [shown] = await tidb.rows(`show create table mine.${table}`);
      const [own] = await ours.rows(`show create table mine.${table}`);
      expect(shown?.[1]?.replace(/ AUTO_INCREMENT=\d+/, '')).to.equal(own?.[1]);
    }
    expect(await tidb.rows('select * from mine.v order by id')).to.deep.equal(
      await ours.rows('select * from mine.v order by id'),
    );
    await tidb.runAll(
      "insert into mine.t (a) values ('by TiDB')",
      "insert into mine.r values (2, 'y')",
      "update mine.s set c = 10 where a = 'b'",
    );
    for (const table of ['t', 'r', 's']) await expectSameRows(`mine.${table}`);
  });

  it('reads and changes what TiDB has made', async () => {
    await tidb.runAll(
      'create database theirs',
      `create table theirs.t (${COLUMNS})`,
      `insert into theirs.t values ${ROWS}`,
      'create table theirs.r (a int, b varchar(10), unique key (b))',
      "insert into theirs.r values (1, 'x')",
      'create view theirs.v as select a, count(*) n from theirs.r group by a',
    );
    expect(await ours.rows('select * from theirs.t')).to.deep.equal(
      await tidb.rows('select * from theirs.t'),
    );
    expect(await ours.rows('select * from theirs.v')).to.deep.equal([['1', '1']]);
    expect(await ours.rows('show create table theirs.r')).to.deep.equal(
      await tidb.rows('show create table theirs.r'),
    );
    expect((await ours.error("insert into theirs.r values (2, 'x')")).errno).to.equal(1062);
    await ours.runAll(
      "insert into theirs.t (a, b) values ('ours', 2)",
      "insert into theirs.r values (2, 'y') on duplicate key update a = 3",
      "insert into theirs.r values (2, 'y') on duplicate key update a = 3",
      'delete from theirs.t where id = -5',
      'alter table theirs.t add index kd (d)',
      'rename table theirs.r to theirs.moved',
    );
    for (const table of ['theirs.t', 'theirs.moved']) await ours.run(`admin check table ${table}`);
    await makeTidbLook();
    await tidb.runAll('admin check table theirs.t', 'admin check table theirs.moved');
    expect(await tidb.rows('select * from theirs.moved order by a')).to.deep.equal([
      ['1', 'x'],
      ['3', 'y'],
    ]);
    expect(await tidb.rows("select id from theirs.t where d = '2024-02-29'")).to.deep.equal([['1']]);
  });

  it('writes the canonical text of views as TiDB does', async () => {
    await tidb.runAll(
      'create database names',
      'create table names.t (id int primary key, a int, b varchar(20))',
      'create table names.u (c int, id int, d int)',
    );
    const selects = [
      'select * from t',
      'select x.* from t x where x.a in (1,2) or (x.b like "a%" and not (x.id > 3))',
      'select a+1, a+1, -a, (a), ((a)) from t',
      "select concat(b, 'x') c, b as `d e` from t group by b having count(*) > 1",
      'select * from t join u using (id)',
      'select * from t right join u using (id)',
      'select * from u natural left join t',
      'select t.id, u.b x, w.b from t left join t u on t.id=u.a right join t w on w.id = u.id',
      'select t.id, (select max(u.a) from t u where u.id = t.id) from t',
      'select id from t union all select a from t',
      'select x.* from (select id, a+1 k from t) x, t',
      'with w as (select id from t) select * from w',
      "select case a when 1 then 'one' else null end, if(a, b, 'n'), a is null, a between 1 and 2 from t",
      'select distinct a, cast(b as char(5)), substr(b, 2), count(distinct a) from t group by a, b, substr(b, 2)',
      'select id from t where exists (select * from t u where u.id=t.a) and id not in (select a from t)',
      "select 1.50, .5, 1e3, 'it''s', \"dq\", true, null n from t",
    ];
    await ours.run('use names');
    await tidb.run('use names');
    const ask =
      "select view_definition from information_schema.views where table_schema = 'names' and table_name = 'v'";
    for (const select of selects) {
      const texts: (string | null)[] = [];
      for (const client of [tidb, ours]) {
        await client.run(`create or replace view names.v as ${select}`).catch((error: unknown) => {
          throw new Error(`${client === ours ? 'ours' : 'TiDB'} refuses: ${select}`, { cause: error });
        });
        texts.push(await client.value(ask));
        await client.run('drop view names.v');
        if (client === ours) await makeTidbLook();
      }
      expect(texts[1], select).to.equal(texts[0]);
    }
  });
});
