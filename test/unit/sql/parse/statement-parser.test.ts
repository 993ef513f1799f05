import { expect } from 'chai';
import type { Query } from '../../../../src/sql/ast/select.js';
import type { Statement } from '../../../../src/sql/ast/statement.js';
import { printCanonical, printQuery } from '../../../../src/sql/parse/print-select.js';
import { parseSelect } from '../../../../src/sql/parse/select-parser.js';
import { parseStatement } from '../../../../src/sql/parse/statement-parser.js';
import { SyntaxError1064 } from '../../../../src/sql/parse/syntax-error.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';

function parsed<K extends Statement['kind']>(kind: K, sql: string): Extract<Statement, { kind: K }> {
  const statement = parseStatement(sql, DEFAULT_LEX_MODE);
  if (statement.kind !== kind) throw new Error(`${sql} is ${statement.kind}`);
  return statement as Extract<Statement, { kind: K }>;
}

function queryOf(sql: string): Query {
  const statement = parseStatement(sql, DEFAULT_LEX_MODE);
  if (statement.kind !== 'select') throw new Error(`${sql} is ${statement.kind}`);
  return statement.query;
}

describe('sql/parse/statement-parser', () => {
  it('reads what people leave out, and writes it as TiDB does', () => {
    const written: readonly (readonly [string, string])[] = [
      ['select a, b x from t as u, v', 'SELECT `a` AS `a`,`b` AS `x` FROM (`t` AS `u`) JOIN `v`'],
      [
        'SELECT count(*), t.`select`.x FROM t',
        'SELECT COUNT(1) AS `count(*)`,`t`.`select`.`x` AS `x` FROM `t`',
      ],
      ['select a+1 /* why */ from t -- because', 'SELECT `a`+1 AS `a+1` FROM `t`'],
      ['select "it""s", \'b\' "c" from t', "SELECT _UTF8MB4'it\"s' AS `it\"s`,_UTF8MB4'b' AS `c` FROM `t`"],
      [
        'select d + interval 1 day - interval a hour from t',
        'SELECT DATE_SUB(DATE_ADD(`d`, INTERVAL 1 DAY), INTERVAL `a` HOUR) AS `d + interval 1 day - interval a hour` FROM `t`',
      ],
      [
        'select 0x4a, .5, 1e3 from t limit 3 offset 2',
        "SELECT x'4a' AS `0x4a`,0.5 AS `.5`,1e+03 AS `1e3` FROM `t` LIMIT 2,3",
      ],
      [
        'select a is not unknown, std(a) from t',
        'SELECT `a` IS NOT NULL AS `a is not unknown`,STDDEV_POP(`a`) AS `std(a)` FROM `t`',
      ],
    ];
    for (const [typed, canonical] of written)
      expect(printCanonical(queryOf(typed)), typed).to.equal(canonical);
  });

  it('writes with every parenthesis what the grammar of definitions reads as the same', () => {
    for (const sql of [
      'select (a + 1) * 2 from t where not (a > 1 or b in (1, 2)) group by a having count(*) > 1',
      "select case when a then 'x' else b end from t join u on t.id = u.id where exists (select 1 from v)",
    ]) {
      const printed = printQuery(queryOf(sql));
      expect(printQuery(parseSelect(printed))).to.equal(printed);
    }
  });

  it('leaves the grammar of definitions as strict as it was', () => {
    for (const sql of [
      'SELECT a FROM `t`',
      'SELECT `a` `b` FROM `t`',
      'SELECT COUNT(*) FROM `t`',
      'SELECT `a` # x',
    ])
      expect(() => parseSelect(sql), sql).to.throw();
  });

  it('reads variables as calls whose names begin with @', () => {
    const { body } = queryOf('select @@session.sql_mode, @@GLOBAL.x, @My');
    const names = body.kind === 'select' ? body.items.map((item) => item.kind === 'item' && item.value) : [];
    expect(names.map((value) => value !== false && value.kind === 'call' && value.name)).to.deep.equal([
      '@@sql_mode',
      '@@GLOBAL.x',
      '@my',
    ]);
  });

  it('reads CREATE TABLE', () => {
    const { columns, keys, options } = parsed(
      'createTable',
      "create table d.t (id int unsigned not null auto_increment, `e` enum('a','b') default 'a' comment 'c', " +
        "primary key (id), unique u (e(3)), index (id, e)) engine=InnoDB default charset=utf8mb4 comment 'x'",
    );
    expect(columns.map(({ name, type }) => [name, type.name, type.parameters])).to.deep.equal([
      ['id', 'INT', []],
      ['e', 'ENUM', ['a', 'b']],
    ]);
    expect(columns[0]?.attributes).to.deep.equal({ isNotNull: true, isAutoIncrement: true });
    expect(keys.map((key) => key.kind === 'key' && [key.name, key.isUnique, key.parts.length])).to.deep.equal(
      [
        ['PRIMARY', true, 1],
        ['u', true, 1],
        [undefined, false, 2],
      ],
    );
    expect(options).to.deep.equal({ charset: 'utf8mb4', comment: 'x' });
  });

  it('reads changes of rows', () => {
    const insert = parsed(
      'insert',
      'insert ignore into t (a, b) values (1, default), (2, 3) on duplicate key update a = values(a) + 1',
    );
    expect([insert.isIgnoring, insert.columns, insert.rows?.length, insert.onDuplicate.length]).to.deep.equal(
      [true, ['a', 'b'], 2, 1],
    );
    expect(parsed('insert', 'replace t set a = 1, b = 2')).to.include({ isReplacing: true });
    expect(parsed('insert', 'insert into t select * from u').query?.body.kind).to.equal('select');
    expect(parsed('update', 'update t x set x.a = 1 where b = 2 order by a limit 3')).to.deep.include({
      alias: 'x',
      limit: { offset: 0n, count: 3n },
    });
    expect(parsed('delete', 'delete from d.t where a = 1').table).to.deep.equal({ database: 'd', name: 't' });
  });

  it('reads statements of sessions', () => {
    const { assignments } = parsed(
      'setVariables',
      "set session sql_mode = '', @x := 1, @@global.autocommit = on",
    );
    expect(assignments.map(({ name, isGlobal, isUser }) => [name, isGlobal, isUser])).to.deep.equal([
      ['sql_mode', false, false],
      ['x', false, true],
      ['autocommit', true, false],
    ]);
    expect(parsed('show', "show full columns from t from d like 'a%'")).to.deep.include({
      what: 'columns',
      isFull: true,
      table: { database: 'd', name: 't' },
      like: 'a%',
    });
    expect(parsed('renameTables', 'rename table a to b, d.c to a').renames).to.have.length(2);
    expect(parsed('begin', 'start transaction with consistent snapshot').isReadOnly).to.equal(false);
  });

  it('minds the sql_mode', () => {
    const ansi = { ...DEFAULT_LEX_MODE, ansiQuotes: true, noBackslashEscapes: true };
    const statement = parseStatement(`select "a b", 'x\\' from "t"`, ansi);
    if (statement.kind !== 'select') throw new Error(statement.kind);
    expect(printCanonical(statement.query)).to.equal(
      "SELECT `a b` AS `a b`,_UTF8MB4'x\\\\' AS `x\\` FROM `t`",
    );
  });

  it('refuses what is no statement', () => {
    for (const sql of ['selec 1', 'select a from where', 'create table t', 'insert into t', ''])
      expect(() => parseStatement(sql, DEFAULT_LEX_MODE), sql).to.throw(SyntaxError1064);
  });
});
