import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { DEFAULT_LEX_MODE, type LexMode } from '../../../../src/sql/scan/lex-mode.js';
import { NameIndex } from '../../../../src/sql/scan/name-index.js';
import { ScanBit, StatementScanner } from '../../../../src/sql/scan/statement-scanner.js';

const scanner = new StatementScanner(new NameIndex(['sales_by_day', 'v', 'Übersicht', 'my view', 'shop']));

function classOf(sql: string, mode: LexMode = DEFAULT_LEX_MODE): string {
  const bytes = utf8(sql);
  return scanner.classify(bytes, 0, bytes.length, mode);
}

function has(sql: string, bit: keyof typeof ScanBit, mode: LexMode = DEFAULT_LEX_MODE): boolean {
  const bytes = utf8(sql);
  return (scanner.scan(bytes, 0, bytes.length, mode) & ScanBit[bit]) !== 0;
}

const PASS = [
  '',
  ';',
  '  -- nothing\n',
  'SELECT 1',
  'select * from v where a = 1',
  '/* app */ SELECT 1',
  '(SELECT 1) UNION (SELECT 2)',
  'SELECT SUBSTRING(a FROM 1 FOR 3) FROM t',
  'SELECT a FROM t USE INDEX FOR ORDER BY (i)',
  "SELECT 'FOR UPDATE'",
  'SELECT `for` FROM t',
  'WITH w AS (SELECT 1) SELECT * FROM w',
  'TABLE t',
  'VALUES ROW(1)',
  'BEGIN',
  'start transaction',
  'SET autocommit = 1',
  'SET @mview_read_mode = 1',
  'SHOW TABLES',
  'SHOW CREATE TABLE v',
  'SHOW VARIABLES',
  "SHOW VARIABLES LIKE 'sql_mode'",
  'EXPLAIN SELECT 1',
  'EXPLAIN DELETE FROM v',
  'DESC materialized',
  'EXPLAIN materialized',
  'ADMIN CHECK TABLE v',
  'ADMIN SHOW DDL JOBS',
  'REFRESH STATS *.*',
  'CANCEL IMPORT JOB 1',
  'USE shop',
  'KILL QUERY 1',
  'ANALYZE TABLE v',
  'EXPLAIN FOR CONNECTION 5',
];

const OURS = [
  'CREATE MATERIALIZED VIEW v AS SELECT 1',
  'create or replace materialized view v as select 1',
  'CREATE MATERIALIZED VEW',
  'CREATE OR REPLACE MATERIALIZED',
  '/* c */ CREATE /* c */ MATERIALIZED VIEW LOG ON t (a)',
  'CREATE /*!50000 MATERIALIZED */ VIEW v AS SELECT 1',
  'CREATE /*T! MATERIALIZED */ VIEW v AS SELECT 1',
  '# first\nDROP MATERIALIZED VIEW v',
  'ALTER MATERIALIZED VIEW v PAUSE',
  'REFRESH MATERIALIZED VIEW v',
  'COMPARE MATERIALIZED VIEW v',
  'COMPARE v',
  'ADMIN CHECK MATERIALIZED VIEW v',
  'CANCEL MATERIALIZED VIEW BUILD JOB 3',
  'PURGE MATERIALIZED VIEW LOG ON t',
  'SUBSCRIBE TO v',
  'SHOW MATERIALIZED VIEWS',
  'SHOW FULL MATERIALIZED VIEWS FROM shop',
  'SHOW CREATE MATERIALIZED VIEW v',
  'SHOW CREATE MATERIALIZED VIEW LOG ON t',
  "SHOW SESSION VARIABLES LIKE 'mview%'",
  "show variables where variable_name = 'MVIEW_READ_MODE'",
  'EXPLAIN CREATE MATERIALIZED VIEW v AS SELECT 1',
  "EXPLAIN FORMAT = 'tree' ANALYZE MATERIALIZED VIEW v",
  "EXPLAIN ANALYZE FORMAT='json' CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT 1",
  'DESCRIBE MATERIALIZED VIEW v',
  'SET mview_read_mode = strict',
  "SET autocommit = 1, SESSION mview_read_mode = 'strict'",
  'SET @@global.mview_max_staleness = 5',
  "PREPARE s FROM 'REFRESH MATERIALIZED VIEW v'",
  'SELECT 1; DROP MATERIALIZED VIEW v',
];

const WRITE = [
  'INSERT INTO t VALUES (1)',
  'replace v values (1)',
  'UPDATE v SET a = 1',
  'DELETE FROM v',
  'WITH w AS (SELECT 1) DELETE FROM v',
  'SELECT * FROM v FOR UPDATE',
  'SELECT * FROM v FOR/**/SHARE',
  'SELECT * FROM v FOR -- x\n UPDATE',
  'select * from v lock in share mode',
  '(SELECT * FROM v FOR UPDATE)',
  'DO (SELECT 1 FROM v FOR UPDATE)',
  'SET @x = (SELECT a FROM v FOR UPDATE)',
  'TRUNCATE v',
  'DROP TABLE v',
  'DROP DATABASE shop',
  'RENAME TABLE t TO v',
  'ALTER TABLE v ADD COLUMN a INT',
  "LOAD DATA INFILE 'x' INTO TABLE v",
  "IMPORT INTO v FROM 'x'",
  'LOCK TABLES v READ',
  'FLASHBACK TABLE v',
  'BATCH ON id LIMIT 10 DELETE FROM v',
  'EXPLAIN ANALYZE DELETE FROM v',
  'TRACE DELETE FROM v',
  "TRACE FORMAT='row' UPDATE v SET a=1",
  'SELECT 1; DELETE FROM v',
  "PREPARE s FROM 'delete from v'",
  'EXECUTE s',
  'CALL p()',
  "FLASHBACK CLUSTER TO TIMESTAMP '2024-01-01'",
  'ADMIN REPAIR TABLE v CREATE TABLE v (a INT)',
  'SOMETHING NEW v',
  '/*! DELETE */ FROM v',
  '/*!50701 DELETE FROM v */',
  '/*T![ttl] DELETE */ FROM v',
  '/*T![not_yet_known] DELETE FROM v */',
];

describe('sql/scan/statement-scanner', () => {
  for (const sql of PASS) it(`passes ${JSON.stringify(sql)}`, () => void expect(classOf(sql)).equal('pass'));
  for (const sql of OURS) it(`claims ${JSON.stringify(sql)}`, () => void expect(classOf(sql)).equal('ours'));
  for (const sql of WRITE)
    it(`looks at ${JSON.stringify(sql)}`, () => void expect(classOf(sql)).equal('write'));

  it('sees registered names in any quoting and case, and nothing in strings and comments', () => {
    for (const sql of [
      'select * from V',
      'select 1 from `v`',
      'select "v"',
      'select * from shop.x',
      'select 1 from `my view`',
    ]) {
      expect(has(sql, 'name'), sql).equal(true);
    }
    expect(has('select 1 from übersicht', 'name')).equal(true);
    expect(has('select 1 from `ÜBERSICHT`', 'name')).equal(true);
    for (const sql of [
      "select 'v'",
      'select /* v */ 1',
      'select 1 -- v',
      'select vv, v1, _v, @v, @`v`',
      "select 'it''s v', '\\' v'",
    ]) {
      expect(has(sql, 'name'), sql).equal(false);
    }
  });

  it('follows letters outside ASCII that fold into ASCII', () => {
    const index = new StatementScanner(new NameIndex(['ki']));
    const bytes = utf8('select 1 from \u212a\u0130');
    expect(index.scan(bytes, 0, bytes.length, DEFAULT_LEX_MODE) & ScanBit.name).not.equal(0);
  });

  it('lets the session decide where a string ends', () => {
    const sql = "select 'a\\'; delete from v; -- '";
    expect(classOf(sql)).equal('pass');
    expect(classOf(sql, { ...DEFAULT_LEX_MODE, noBackslashEscapes: true })).equal('write');
  });

  it('is not fooled by the second byte of a two-byte character', () => {
    const bytes = Uint8Array.from([...utf8("select '"), 0xbf, 0x5c, ...utf8("'; delete from v; -- '")]);
    const gbk = { ...DEFAULT_LEX_MODE, doubleByte: true };
    expect(scanner.classify(bytes, 0, bytes.length, gbk)).equal('write');
    expect(scanner.classify(bytes, 0, bytes.length, DEFAULT_LEX_MODE)).equal('pass');
  });

  it('does not take a star before a comment for the end of one', () => {
    expect(classOf("select 2*/*'*/3; delete from v")).equal('write');
    expect(classOf("select /*! 2 */*'; delete from v'")).equal('pass');
  });

  it('counts statements, not semicolons', () => {
    expect(has('select 1;', 'many')).equal(false);
    expect(has('select 1; -- done\n', 'many')).equal(false);
    expect(has('select 1; select 2', 'many')).equal(true);
    expect(has("select ';'", 'many')).equal(false);
  });

  it('notices the read hint, our variables, and what is hidden', () => {
    expect(has('SELECT /*+ MV_READ(strict) */ 1', 'readHint')).equal(true);
    expect(has('SELECT /*+ hash_join(a) */ 1', 'readHint')).equal(false);
    expect(has('SELECT @@session.mview_last_ts', 'variable')).equal(true);
    expect(has('EXECUTE s', 'hidden')).equal(true);
    for (const sql of [
      'EXECUTE s',
      'DROP PREPARE s',
      'deallocate prepare s',
      "PREPARE s FROM 'SELECT 1; SELECT 2'",
    ])
      expect([has(sql, 'named'), has(sql, 'many')], sql).to.deep.equal([true, false]);
    expect(has('SELECT prepared FROM execute', 'named')).equal(false);
    expect(has('PREPARE s FROM @x', 'hidden')).equal(true);
    expect(has('/*T![x] */ SELECT 1', 'hidden')).equal(true);
    expect(has('SELECT 1', 'hidden')).equal(false);
  });

  it('answers the same for a piece of a buffer as for the piece alone', () => {
    const bytes = utf8('xx DELETE FROM v; yy');
    expect(scanner.scan(bytes, 3, 16, DEFAULT_LEX_MODE)).equal(
      scanner.scan(utf8('DELETE FROM v'), 0, 13, DEFAULT_LEX_MODE),
    );
  });
});
