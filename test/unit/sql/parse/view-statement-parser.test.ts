import { expect } from 'chai';
import type { ViewStatement } from '../../../../src/sql/ast/view-statement.js';
import { SyntaxError1064 } from '../../../../src/sql/parse/syntax-error.js';
import { parseViewStatement } from '../../../../src/sql/parse/view-statement-parser.js';
import { DEFAULT_LEX_MODE, type LexMode } from '../../../../src/sql/scan/lex-mode.js';

function parse(sql: string, mode: LexMode = DEFAULT_LEX_MODE): ViewStatement {
  return parseViewStatement(sql, mode);
}

/** The node without what was not written. */
function written(sql: string, mode: LexMode = DEFAULT_LEX_MODE): unknown {
  const compact = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(compact);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([, it]) => it !== undefined);
    return Object.fromEntries(entries.map(([key, it]) => [key, compact(it)]));
  };
  return compact(parse(sql, mode));
}

function refusal(sql: string): SyntaxError1064 {
  try {
    parse(sql);
  } catch (error) {
    if (error instanceof SyntaxError1064) return error;
    throw error;
  }
  throw new Error(`was accepted: ${sql}`);
}

const BARE = { isReplacing: false, ifNotExists: false, elements: [], options: [], withData: true };

describe('sql/parse/view-statement-parser', () => {
  it('reads a bare CREATE', () => {
    expect(written('CREATE MATERIALIZED VIEW v AS SELECT 1')).deep.equal({
      ...BARE,
      kind: 'createView',
      name: { name: 'v' },
      select: 'SELECT 1',
      selectStart: 30,
    });
  });

  it('reads every clause of CREATE', () => {
    const sql =
      'create or replace materialized view if not exists `d b`.`v``w` (a, b, primary key (a, b(3) desc) nonclustered, ' +
      "unique key u (b), unique (a), index (b), key k (a)) comment 'it''s' shard_row_id_bits=4 pre_split_regions 2 " +
      'partition by range (a) (partition p values less than (1), partition q values less than (maxvalue)) ' +
      "refresh every interval 5 second read mode bounded interval 1.5 second attributes='x' " +
      "with (Memory_Limit = 2GB, state = disk, build='async') as select 1 with no data;";
    expect(written(sql)).deep.equal({
      kind: 'createView',
      isReplacing: true,
      ifNotExists: true,
      name: { database: 'd b', name: 'v`w' },
      elements: [
        { kind: 'column', name: 'a' },
        { kind: 'column', name: 'b' },
        {
          kind: 'primaryKey',
          parts: [
            { column: 'a', isDescending: false },
            { column: 'b', length: 3, isDescending: true },
          ],
          isClustered: false,
        },
        { kind: 'index', isUnique: true, name: 'u', parts: [{ column: 'b', isDescending: false }] },
        { kind: 'index', isUnique: true, parts: [{ column: 'a', isDescending: false }] },
        { kind: 'index', isUnique: false, parts: [{ column: 'b', isDescending: false }] },
        { kind: 'index', isUnique: false, name: 'k', parts: [{ column: 'a', isDescending: false }] },
      ],
      comment: "it's",
      shardRowIdBits: 4,
      preSplitRegions: 2,
      partitioning:
        'partition by range (a) (partition p values less than (1), partition q values less than (maxvalue))',
      refresh: { kind: 'every', interval: { amount: '5', unit: 'SECOND' } },
      readMode: { kind: 'bounded', staleness: { amount: '1.5', unit: 'SECOND' } },
      attributes: 'x',
      options: [
        { name: 'memory_limit', value: '2GB' },
        { name: 'state', value: 'disk' },
        { name: 'build', value: 'async' },
      ],
      select: 'select 1',
      selectStart: sql.indexOf('select 1'),
      withData: false,
    });
  });

  it('keeps the select as it was written', () => {
    const selects = [
      'select a, \'x; y\' from t -- note\n where b = "q;" /* ; */ group by a with rollup',
      '(select 1) union (select 2) limit 1',
      'with w as (select 1) select * from w',
      'table t',
      'select /*+ hash_join(a) */ 1',
      "select 'with no data'",
      'select `with no data` from t',
      "select 'a\\'b'",
    ];
    for (const select of selects) {
      for (const end of ['', ';', '  ;  ', ' with data', ' with no data ;', '/* end */']) {
        const statement = parse(`CREATE MATERIALIZED VIEW v AS ${select}${end}`);
        if (statement.kind !== 'createView') throw new Error(statement.kind);
        expect(statement.select).equal(select);
        expect(statement.withData).equal(!end.includes('no'));
      }
    }
  });

  it('reads every refresh policy', () => {
    const policy = (text: string): unknown => {
      const statement = parse(`CREATE MATERIALIZED VIEW v REFRESH ${text} AS SELECT 1`);
      return statement.kind === 'createView' ? JSON.parse(JSON.stringify(statement.refresh)) : undefined;
    };
    expect(policy('ON COMMIT')).deep.equal({ kind: 'onCommit' });
    expect(policy('MANUAL')).deep.equal({ kind: 'manual' });
    expect(policy('NEXT now() + interval 1 hour')).deep.equal({
      kind: 'schedule',
      isFast: false,
      next: 'now() + interval 1 hour',
    });
    expect(policy("FAST START WITH cast('2024-01-01' as datetime) NEXT f(1, 2)")).deep.equal({
      kind: 'schedule',
      isFast: true,
      start: "cast('2024-01-01' as datetime)",
      next: 'f(1, 2)',
    });
  });

  it('reads ALTER with several actions', () => {
    const sql =
      "ALTER MATERIALIZED VIEW d.v RENAME TO w, COMMENT = 'x', PAUSE, RESUME, ADD INDEX i (a), ADD UNIQUE (b), DROP INDEX i, " +
      "SET (memory_limit='1GB'), READ MODE STRICT, REFRESH NEXT f(1, 2), ATTRIBUTES 'y', SWAP WITH z, AS select a, b from t";
    expect(written(sql)).deep.equal({
      kind: 'alterView',
      name: { database: 'd', name: 'v' },
      actions: [
        { kind: 'rename', to: { name: 'w' } },
        { kind: 'comment', comment: 'x' },
        { kind: 'pause' },
        { kind: 'resume' },
        {
          kind: 'addIndex',
          index: { kind: 'index', isUnique: false, name: 'i', parts: [{ column: 'a', isDescending: false }] },
        },
        {
          kind: 'addIndex',
          index: { kind: 'index', isUnique: true, parts: [{ column: 'b', isDescending: false }] },
        },
        { kind: 'dropIndex', name: 'i' },
        { kind: 'set', options: [{ name: 'memory_limit', value: '1GB' }] },
        { kind: 'readMode', mode: { kind: 'strict' } },
        { kind: 'refresh', policy: { kind: 'schedule', isFast: false, next: 'f(1, 2)' } },
        { kind: 'attributes', attributes: 'y' },
        { kind: 'swap', with: { name: 'z' } },
        { kind: 'as', select: 'select a, b from t', selectStart: sql.indexOf('select') },
      ],
    });
  });

  const OTHERS: readonly (readonly [string, unknown])[] = [
    ['DROP MATERIALIZED VIEW a', { kind: 'dropViews', ifExists: false, names: [{ name: 'a' }] }],
    [
      'drop materialized view if exists a, b.c restrict',
      {
        kind: 'dropViews',
        ifExists: true,
        names: [{ name: 'a' }, { database: 'b', name: 'c' }],
        behavior: 'restrict',
      },
    ],
    [
      'REFRESH MATERIALIZED VIEW v',
      { kind: 'refreshView', name: { name: 'v' }, isDryRun: false, isProfiled: false },
    ],
    [
      "REFRESH MATERIALIZED VIEW v WITH ASYNC MODE FAST AS OF TIMESTAMP '2024-01-01' DRY RUN",
      {
        kind: 'refreshView',
        name: { name: 'v' },
        mode: 'async',
        method: { kind: 'fast', asOf: "'2024-01-01'" },
        isDryRun: true,
        isProfiled: false,
      },
    ],
    ...(['IN PLACE inPlace', 'DELTA APPLY deltaApply', 'OUT OF PLACE outOfPlace'] as const).map((it) => {
      const words = it.split(' ');
      return [
        `REFRESH MATERIALIZED VIEW v COMPLETE ${words.slice(0, -1).join(' ')} WITH PROFILE`,
        {
          kind: 'refreshView',
          name: { name: 'v' },
          method: { kind: 'complete', place: words.at(-1) },
          isDryRun: false,
          isProfiled: true,
        },
      ] as const;
    }),
    ['COMPARE MATERIALIZED VIEW v', { kind: 'compareView', name: { name: 'v' }, isRepairing: false }],
    [
      'COMPARE MATERIALIZED VIEW v AS OF TIMESTAMP NOW() - INTERVAL 1 SECOND OUTPUT INTO TABLE d.t REPAIR',
      {
        kind: 'compareView',
        name: { name: 'v' },
        asOf: 'NOW() - INTERVAL 1 SECOND',
        outputInto: { database: 'd', name: 't' },
        isRepairing: true,
      },
    ],
    ['ADMIN CHECK MATERIALIZED VIEW d.v', { kind: 'checkView', name: { database: 'd', name: 'v' } }],
    ['CANCEL MATERIALIZED VIEW BUILD JOB 3', { kind: 'cancelJob', target: 'build', jobId: 3n }],
    [
      'CANCEL MATERIALIZED VIEW REFRESH JOB 18446744073709551615',
      { kind: 'cancelJob', target: 'refresh', jobId: 18446744073709551615n },
    ],
    ['CANCEL MATERIALIZED VIEW LOG PURGE JOB 3', { kind: 'cancelJob', target: 'logPurge', jobId: 3n }],
    [
      'EXPLAIN MATERIALIZED VIEW v',
      { kind: 'explainView', isAnalyzed: false, subject: { kind: 'view', name: { name: 'v' } } },
    ],
    [
      "EXPLAIN FORMAT = 'JSON' ANALYZE MATERIALIZED VIEW v",
      {
        kind: 'explainView',
        format: 'json',
        isAnalyzed: true,
        subject: { kind: 'view', name: { name: 'v' } },
      },
    ],
    [
      'DESC ANALYZE FORMAT=tree CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT 1',
      {
        kind: 'explainView',
        format: 'tree',
        isAnalyzed: true,
        subject: {
          ...BARE,
          kind: 'createView',
          isReplacing: true,
          name: { name: 'v' },
          select: 'SELECT 1',
          selectStart: 66,
        },
      },
    ],
    ['SHOW MATERIALIZED VIEWS', { kind: 'showViews', isFull: false }],
    [
      "SHOW FULL MATERIALIZED VIEWS IN d LIKE 'a\\_%'",
      { kind: 'showViews', isFull: true, database: 'd', filter: { kind: 'like', pattern: 'a\\_%' } },
    ],
    [
      "SHOW MATERIALIZED VIEWS WHERE a = 'x' AND (b);",
      { kind: 'showViews', isFull: false, filter: { kind: 'where', expression: "a = 'x' AND (b)" } },
    ],
    ['SHOW CREATE MATERIALIZED VIEW log', { kind: 'showCreateView', name: { name: 'log' } }],
    ['SHOW MATERIALIZED VIEW STATUS', { kind: 'showViewStatus' }],
    [
      "SHOW MATERIALIZED VIEW STATUS d.v LIKE 'x'",
      { kind: 'showViewStatus', name: { database: 'd', name: 'v' }, like: 'x' },
    ],
    ['SHOW MATERIALIZED VIEW LOGS', { kind: 'log', verb: 'show' }],
    ['SHOW MATERIALIZED VIEW LOG ON t', { kind: 'log', verb: 'show', table: { name: 't' } }],
    ['SHOW CREATE MATERIALIZED VIEW LOG ON t', { kind: 'log', verb: 'showCreate', table: { name: 't' } }],
    [
      'CREATE MATERIALIZED VIEW LOG ON d.t (a, b) PURGE NEXT NOW()',
      { kind: 'log', verb: 'create', table: { database: 'd', name: 't' } },
    ],
    ['ALTER MATERIALIZED VIEW LOG ON t PURGE', { kind: 'log', verb: 'alter', table: { name: 't' } }],
    ['DROP MATERIALIZED VIEW LOG ON t', { kind: 'log', verb: 'drop', table: { name: 't' } }],
    ['PURGE MATERIALIZED VIEW LOG ON t', { kind: 'log', verb: 'purge', table: { name: 't' } }],
    ['SUBSCRIBE TO v', { kind: 'subscribe', name: { name: 'v' }, withSnapshot: false, withProgress: false }],
    [
      'SUBSCRIBE TO v AS OF TIMESTAMP 5 WITH SNAPSHOT WITH PROGRESS',
      { kind: 'subscribe', name: { name: 'v' }, asOf: '5', withSnapshot: true, withProgress: true },
    ],
    [
      'SET autocommit = 1, SESSION mview_read_mode = Strict, @@global.mview_max_staleness := 500, NAMES utf8, ' +
        "mview_read_after = @@mview_last_ts + f(1, 2), @@mview_native = 'Pass', local mview_wait_timeout = default",
      {
        kind: 'setVariables',
        assignments: [
          { scope: 'session', variable: 'mview_read_mode', value: { kind: 'word', text: 'strict' } },
          { scope: 'global', variable: 'mview_max_staleness', value: { kind: 'expression', sql: '500' } },
          {
            scope: 'session',
            variable: 'mview_read_after',
            value: { kind: 'expression', sql: '@@mview_last_ts + f(1, 2)' },
          },
          { scope: 'session', variable: 'mview_native', value: { kind: 'string', text: 'Pass' } },
          { scope: 'session', variable: 'mview_wait_timeout', value: { kind: 'default' } },
        ],
        others: ['autocommit = 1', 'NAMES utf8'],
      },
    ],
    [
      "SHOW VARIABLES LIKE 'mview%'",
      { kind: 'showVariables', scope: 'session', filter: { kind: 'like', pattern: 'mview%' } },
    ],
    [
      "SHOW GLOBAL VARIABLES WHERE Variable_name = 'mview_native'",
      {
        kind: 'showVariables',
        scope: 'global',
        filter: { kind: 'where', expression: "Variable_name = 'mview_native'" },
      },
    ],
  ];
  for (const [sql, expected] of OTHERS)
    it(`reads ${sql}`, () => void expect(written(sql)).deep.equal(expected));

  it('reads comments as blanks, and code in comments as code', () => {
    for (const sql of [
      '/* a */ DROP /* b */ MATERIALIZED -- c\n VIEW # d\n a',
      'DROP /*! MATERIALIZED */ VIEW a',
      'DROP /*!50001 MATERIALIZED VIEW */ a',
      '/*T! DROP */ /*T![ttl] MATERIALIZED */ VIEW a;',
    ]) {
      expect(written(sql), sql).deep.equal({ kind: 'dropViews', ifExists: false, names: [{ name: 'a' }] });
    }
  });

  it('follows the session on quotes and backslashes', () => {
    const ansi = { ...DEFAULT_LEX_MODE, ansiQuotes: true };
    expect(written('DROP MATERIALIZED VIEW "a""b"', ansi)).deep.equal({
      kind: 'dropViews',
      ifExists: false,
      names: [{ name: 'a"b' }],
    });
    const plain = { ...DEFAULT_LEX_MODE, noBackslashEscapes: true };
    expect(written("SHOW MATERIALIZED VIEW STATUS LIKE 'a\\'", plain)).deep.equal({
      kind: 'showViewStatus',
      like: 'a\\',
    });
    expect(() => parse('DROP MATERIALIZED VIEW "a"')).throw(SyntaxError1064);
  });

  it('says where and what was expected, in TiDB’s words', () => {
    expect(refusal('CREATE MATERIALIZED VEW v AS SELECT 1')).include({
      line: 1,
      column: 23,
      token: 'VEW',
      errno: 1064,
      sqlState: '42000',
    });
    expect(refusal('CREATE MATERIALIZED VEW v AS SELECT 1').message).equal(
      'You have an error in your SQL syntax; check the manual that corresponds to your TiDB version for the right syntax ' +
        'to use line 1 column 23 near "VEW v AS SELECT 1": expected VIEW',
    );
    expect(refusal('SHOW MATERIALIZED\n VIEUWS')).include({ line: 2, column: 8, token: 'VIEUWS' });
    expect(refusal('SUBSCRIBE v').expected).deep.equal(['TO']);
    expect(refusal('CREATE MATERIALIZED VIEW v AS')).include({ token: '', column: 29 });
    expect(refusal('CREATE MATERIALIZED VIEW v AS DELETE FROM t')).include({ token: 'DELETE' });
    expect(refusal('CREATE MATERIALIZED VIEW select AS SELECT 1')).include({ token: 'select' });
    expect(
      refusal('CREATE MATERIALIZED VIEW v READ MODE STALE COMMENT "x" READ MODE STRICT AS SELECT 1'),
    ).include({
      token: 'READ',
      column: 59,
    });
    expect(refusal('DROP MATERIALIZED VIEW `é` x')).include({ token: 'x', column: 29 });
    expect(refusal(`DROP MATERIALIZED VIEW a ${'b'.repeat(3000)}`).message).include('(total length 3000)');
  });

  it('refuses what nests too deeply without falling over', () => {
    const sql = `CREATE MATERIALIZED VIEW v AS SELECT ${'('.repeat(100_000)}1${')'.repeat(100_000)}`;
    expect(refusal(sql).message).include('nests too deeply');
  });

  it('gives frozen nodes', () => {
    const statement = parse('DROP MATERIALIZED VIEW a');
    expect(Object.isFrozen(statement)).equal(true);
    expect(statement.kind === 'dropViews' && Object.isFrozen(statement.names[0])).equal(true);
  });
});
