import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';
import { writtenNames } from '../../../../src/sql/scan/written-names.js';

/** `action [db.]table` of each name, and `hidden …`. */
function namesIn(sql: string): readonly string[] {
  const bytes = utf8(sql);
  const { names, hidden } = writtenNames(bytes, 0, bytes.length, DEFAULT_LEX_MODE);
  return [
    ...names.map(
      ({ action, database, table }) => `${action} ${[database, table ?? '*'].filter(Boolean).join('.')}`,
    ),
    ...hidden.map((it) => `hidden ${it.kind}${it.kind === 'prepared' ? ` ${it.name}` : ''}`),
  ];
}

const CASES: readonly (readonly [string, ...string[]])[] = [
  ['SELECT * FROM v'],
  ['INSERT INTO v SELECT * FROM w', 'insert v'],
  ['insert low_priority ignore `A`.`B``c` set x = 1', 'insert a.b`c'],
  ['REPLACE INTO db . v (a) VALUES (1)', 'insert db.v'],
  ['INSERT INTO v SELECT * FROM w FOR UPDATE', 'insert v', 'lock w'],
  ['UPDATE v SET a = 1 WHERE b IN (SELECT c FROM w)', 'update v'],
  ['UPDATE t JOIN v ON t.a = v.a SET t.b = v.b', 'update t'],
  ['UPDATE t AS x, db.v y SET y.b = 1, x.c = (SELECT 1, 2)', 'update db.v', 'update t'],
  ['UPDATE t, v SET b = 1', 'update t', 'update v'],
  ['UPDATE t JOIN (SELECT * FROM v) s ON t.a = s.a SET b = s.b', 'update t'],
  ['UPDATE (t JOIN v USING (a)) SET v.a = IF(1, 2, 3), t.b = 2 ORDER BY v.c', 'update v', 'update t'],
  ['UPDATE db.t, v SET db.t.a = 1', 'update db.t'],
  ['DELETE FROM v WHERE a = 1', 'delete v'],
  ['DELETE FROM db.v AS x WHERE a = 1', 'delete db.v'],
  ['DELETE t FROM t JOIN v ON t.a = v.a', 'delete t'],
  ['DELETE a, b.* FROM t AS a JOIN v AS b JOIN w', 'delete t', 'delete v'],
  ['DELETE FROM x USING t AS x JOIN v', 'delete t'],
  ['DELETE QUICK FROM v LIMIT 1', 'delete v'],
  ['WITH v AS (SELECT 1 FROM (SELECT 2) x), w(a) AS (SELECT 1) UPDATE t JOIN w SET t.a = w.a', 'update t'],
  ['WITH w AS (SELECT 1) DELETE FROM v', 'delete v'],
  ['SELECT * FROM a, b x JOIN c.d FOR UPDATE', 'lock a', 'lock b', 'lock c.d'],
  ['SELECT * FROM a WHERE x IN (SELECT y FROM (b JOIN c) LOCK IN SHARE MODE)', 'lock a', 'lock b', 'lock c'],
  [
    'SELECT * FROM a LEFT JOIN b ON f(a.x, b.y) = 1, c PARTITION (p0) AS z FOR SHARE',
    'lock a',
    'lock b',
    'lock c',
  ],
  ['TABLE v FOR UPDATE', 'lock v'],
  ['(SELECT * FROM v FOR UPDATE) UNION SELECT * FROM w', 'lock v', 'lock w'],
  ['SET @x = (SELECT a FROM v FOR UPDATE)', 'lock v'],
  ["LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE db.v FIELDS TERMINATED BY ','", 'load db.v'],
  ["LOAD STATS '/tmp/v'"],
  ["IMPORT INTO v(a, @1) FROM 's3://x'", 'import v'],
  ['BATCH ON v.id LIMIT 1000 DRY RUN QUERY DELETE FROM v', 'delete v'],
  ['LOCK TABLES v READ, w AS x WRITE', 'lock v', 'lock w'],
  ['LOCK STATS v'],
  ['UNLOCK TABLES'],
  ['TRUNCATE v', 'truncate v'],
  ['TRUNCATE TABLE db.v', 'truncate db.v'],
  ['RENAME TABLE a TO b, c.d TO e.f', 'rename a', 'rename b', 'rename c.d', 'rename e.f'],
  ['RENAME USER a TO b'],
  ['DROP TABLE IF EXISTS a, b.c CASCADE', 'drop a', 'drop b.c'],
  ['DROP TEMPORARY TABLE a', 'drop a'],
  ['DROP VIEW a', 'drop a'],
  ['DROP SEQUENCE s', 'drop s'],
  ['DROP DATABASE IF EXISTS Shop', 'drop shop.*'],
  ['DROP INDEX i ON v', 'alter v'],
  ['DROP USER v'],
  ['CREATE TABLE IF NOT EXISTS v (a INT REFERENCES w(b))', 'create v', 'reference w'],
  ['CREATE TABLE a (b INT, FOREIGN KEY (b) REFERENCES db.v (c))', 'create a', 'reference db.v'],
  ['CREATE TABLE a LIKE v', 'create a'],
  ['CREATE GLOBAL TEMPORARY TABLE v (a INT) ON COMMIT DELETE ROWS', 'create v'],
  ['CREATE OR REPLACE ALGORITHM = MERGE VIEW v AS SELECT 1', 'create v'],
  ['CREATE UNIQUE INDEX i ON db.v (a)', 'alter db.v'],
  ['CREATE DATABASE v'],
  ['CREATE USER v'],
  ['ALTER TABLE v ADD COLUMN a INT', 'alter v'],
  ['ALTER TABLE a RENAME TO db.v', 'alter a', 'rename db.v'],
  ['ALTER TABLE a RENAME = v', 'alter a', 'rename v'],
  ['ALTER TABLE a RENAME COLUMN x TO v', 'alter a'],
  ['ALTER TABLE a RENAME INDEX x TO v, ADD FOREIGN KEY (b) REFERENCES v(c)', 'alter a', 'reference v'],
  ['ALTER TABLE a EXCHANGE PARTITION p WITH TABLE v', 'alter a', 'exchange v'],
  ['ALTER DATABASE shop CHARACTER SET utf8', 'alter shop.*'],
  ['ALTER USER v IDENTIFIED BY 1'],
  ['FLASHBACK TABLE v TO w', 'flashback v', 'flashback w'],
  ["FLASHBACK TABLE a, b TO TIMESTAMP '2024-01-01'", 'flashback a', 'flashback b', 'flashback timestamp'],
  ['FLASHBACK DATABASE d TO e', 'flashback d.*', 'flashback e.*'],
  ["FLASHBACK CLUSTER TO TIMESTAMP '2024-01-01'", 'hidden everything'],
  ['RECOVER TABLE v', 'flashback v'],
  ['RECOVER TABLE BY JOB 5', 'hidden everything'],
  ["RESTORE TABLE a.b, c FROM 's3://x'", 'restore a.b', 'restore c'],
  ["RESTORE DATABASE shop FROM 's3://x'", 'restore shop.*'],
  ["RESTORE DATABASE * FROM 's3://x'", 'hidden everything'],
  ['ADMIN REPAIR TABLE v CREATE TABLE v (a INT)', 'alter v'],
  ['ADMIN RECOVER INDEX v i', 'alter v'],
  ['ADMIN CLEANUP TABLE LOCK a, b', 'alter a', 'alter b'],
  ['ADMIN CHECK TABLE v'],
  ['EXPLAIN DELETE FROM v'],
  ["EXPLAIN ANALYZE FORMAT = 'row' DELETE FROM v", 'delete v'],
  ['PLAN REPLAYER DUMP EXPLAIN ANALYZE UPDATE v SET a = 1', 'update v'],
  ['PLAN REPLAYER DUMP EXPLAIN UPDATE v SET a = 1'],
  ["TRACE PLAN TARGET = 'estimation' INSERT INTO v VALUES (1)", 'insert v'],
  ["PREPARE s FROM 'delete from `v` where a = \\'x\\''", 'delete v'],
  ['PREPARE s FROM @sql', 'hidden variable'],
  ['EXECUTE S USING @a', 'hidden prepared s'],
  ['CALL p(1)', 'hidden procedure'],
  ['SELECT 1; DELETE FROM v; DROP TABLE w', 'delete v', 'drop w'],
  ['/*! DELETE FROM */ v', 'delete v'],
  ['NEWVERB v', 'unknown newverb', 'unknown v'],
  [
    '/*T![new] DROP TABLE v */ SELECT a FROM b',
    'unknown select',
    'unknown a',
    'unknown from',
    'unknown b',
    'hidden comment',
  ],
  ["SELECT * FROM a WHERE b = 'FOR UPDATE'"],
];

describe('sql/scan/written-names', () => {
  for (const [sql, ...expected] of CASES) {
    it(`finds [${expected.join(', ')}] in ${sql}`, () => void expect(namesIn(sql)).deep.equal(expected));
  }

  it('walks a deep nest of parentheses without recursion', () => {
    const sql = `SELECT 1 FROM ${'('.repeat(50_000)}v${')'.repeat(50_000)} FOR UPDATE`;
    expect(namesIn(sql)).deep.equal(['lock v']);
  });
});
