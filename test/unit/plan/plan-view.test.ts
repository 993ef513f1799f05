import { expect } from 'chai';
import { FieldFlag, MysqlType } from '../../../src/codec/field-type.js';
import { NotSupportedError } from '../../../src/sql/not-supported-error.js';
import { type ViewPlan, planView, readDefinition } from '../../../src/plan/plan-view.js';
import { notNull, testTable, text, typeOf, unsigned } from './table.js';

const TABLE = testTable(
  [
    { name: 'id', type: notNull(typeOf('longlong', { flag: FieldFlag.primaryKey })) },
    { name: 'a', type: typeOf('long') },
    { name: 'u', type: unsigned(typeOf('longlong')) },
    { name: 'dc', type: typeOf('newdecimal', { flen: 12, decimal: 3 }) },
    { name: 'db', type: typeOf('double') },
    { name: 's', type: text() },
    { name: 'ci', type: text('utf8mb4_general_ci') },
    { name: 'la', type: text('latin1_bin') },
    { name: 'uc', type: text('utf8mb4_unicode_ci') },
    { name: 'vb', type: typeOf('varchar') },
    { name: 'da', type: typeOf('date') },
    { name: 'dt', type: typeOf('datetime', { decimal: 3 }) },
    { name: 'ts', type: typeOf('timestamp') },
    { name: 'tm', type: typeOf('duration') },
    { name: 'y', type: typeOf('year') },
    { name: 'js', type: typeOf('json') },
    { name: 'en', type: typeOf('enum', { charset: 'utf8mb4', collate: 'utf8mb4_bin', elems: ['x'] }) },
    { name: 'code', type: notNull(text()) },
    { name: 'part', type: notNull(typeOf('long')) },
    { name: 'gen', type: typeOf('long'), isVirtual: true },
  ],
  [
    { columns: ['code', 'part'], isUnique: true },
    { columns: ['a'], isUnique: true },
  ],
  { pk_is_handle: true },
);

function plan(sql: string, timeZone = '+00:00'): ViewPlan {
  return planView(
    readDefinition(sql),
    (database, table) => (database === 'd' && table === 't' ? TABLE : undefined),
    {
      timeZone,
    },
  );
}

function idOf(name: string): number {
  return TABLE.columns.find((column) => column.name.original === name)!.id;
}

/** The domain in which a condition compares, or the reason of its refusal. */
function domainOf(condition: string, timeZone?: string): string {
  try {
    const { logical } = plan(`SELECT \`id\` AS \`id\` FROM \`d\`.\`t\` WHERE ${condition}`, timeZone);
    const filter = logical.kind === 'project' ? logical.input : logical;
    if (filter.kind !== 'filter') return filter.kind;
    const { predicate } = filter;
    if (predicate.kind !== 'compare' && predicate.kind !== 'in') return predicate.kind;
    const { domain } = predicate;
    return domain.kind === 'string' ? domain.collation : domain.kind;
  } catch (error) {
    if (error instanceof NotSupportedError) return `refused: ${error.reason}`;
    throw error;
  }
}

describe('plan/plan-view', () => {
  it('reads only the columns in use', () => {
    const { sources, logical } = plan(
      'SELECT `s` AS `x`,`id` AS `id` FROM `d`.`t` WHERE `a`>1 AND `t`.`DB` IS NULL',
    );
    expect(sources.map(({ columnIds }) => columnIds)).deep.equal([
      [idOf('id'), idOf('a'), idOf('db'), idOf('s')],
    ]);
    expect(logical.kind === 'project' && logical.items).deep.equal([
      { kind: 'column', index: 3, type: TABLE.columns[5]!.type },
      { kind: 'column', index: 0, type: TABLE.columns[0]!.type },
    ]);
  });

  it('names and types the output', () => {
    const { output } = plan(
      "SELECT `dc` AS `x y`,`a`=1 AS `t`,'é' AS `s`,-1.50 AS `d`,TRUE AS `b`,2e0 AS `f` FROM `d`.`t`",
    );
    expect(output.map(({ name, type }) => [name, type.tp, type.decimal])).deep.equal([
      ['x y', MysqlType.newdecimal, 3],
      ['t', MysqlType.longlong, 0],
      ['s', MysqlType.varString, -1],
      ['d', MysqlType.newdecimal, 2],
      ['b', MysqlType.longlong, 0],
      ['f', MysqlType.double, -1],
    ]);
  });

  it('finds the keys that survive', () => {
    const keys = (items: string): readonly (readonly number[])[] =>
      plan(`SELECT ${items} FROM \`d\`.\`t\` WHERE \`a\`=1`).keys;
    expect(keys('`s` AS `s`,`id` AS `id`')).deep.equal([[1]]);
    expect(keys('`part` AS `p`,`s` AS `s`,`code` AS `c`')).deep.equal([[2, 0]]);
    expect(keys('`part` AS `p`,`id` AS `i`,`code` AS `c`')).deep.equal([[1], [2, 0]]);
    expect(keys('`a` AS `a`,`part` AS `p`')).deep.equal([]);
    expect(keys('`id`=1 AS `i`')).deep.equal([]);
  });

  it('hands plain conditions to the scan, by place, and keeps the rest', () => {
    const sql =
      "SELECT `id` AS `id` FROM `d`.`t` WHERE 5>=`a` AND `s`='x' AND (`dc` IN (1.5,2) OR `u` IS NULL) AND `da`<'2024-01-02' AND `s` LIKE 'a%' " +
      "AND `a`=1.5 AND `tm` IS NOT NULL AND `dt`='2024-01-01 00:00:00.0005' AND `js` IS NULL AND `dt`>'2024-01-01'";
    const [source] = plan(sql).sources;
    const place = (name: string): number => source!.columnIds.indexOf(idOf(name));
    const kinds = source!.conditions.map((condition) =>
      JSON.stringify(condition, (_, value: unknown) =>
        typeof value === 'bigint' ? `${value}` : value instanceof Uint8Array ? [...value] : value,
      ),
    );
    expect(kinds.map((it) => JSON.parse(it) as unknown)).deep.equal(
      [
        {
          kind: 'compare',
          op: '<=',
          column: place('a'),
          value: { kind: 'int', value: '5', isUnsigned: false },
        },
        { kind: 'compare', op: '=', column: place('s'), value: { kind: 'string', value: [0x78] } },
        {
          kind: 'or',
          conditions: [
            {
              kind: 'in',
              column: place('dc'),
              values: [
                { kind: 'decimal', value: { unscaled: '15', scale: 1 } },
                { kind: 'decimal', value: { unscaled: '2', scale: 0 } },
              ],
            },
            { kind: 'isNull', column: place('u') },
          ],
        },
        {
          kind: 'compare',
          op: '<',
          column: place('da'),
          value: { kind: 'time', packed: '1854053440692682752' },
        },
        { kind: 'not', condition: { kind: 'isNull', column: place('tm') } },
        {
          kind: 'compare',
          op: '>',
          column: place('dt'),
          value: { kind: 'time', packed: '1854051241669427200' },
        },
      ].map((it, i) =>
        i === 3 || i === 5 ? { ...it, value: (JSON.parse(kinds[i]!) as { value: unknown }).value } : it,
      ),
    );
  });

  it('has one fingerprint for what means the same, and others for what does not', () => {
    const base = plan('SELECT `a` AS `x` FROM `d`.`t` WHERE `a`>1').fingerprint;
    expect(plan('SELECT `t`.`a` AS `other` FROM `d`.`t` AS `t` WHERE (`a`>(1))').fingerprint).equal(base);
    const others = ['`a`>2', '`a`>=1', '`a`>1.0', '`u`>1', '`a`>1 AND TRUE'].map(
      (condition) => plan(`SELECT \`a\` AS \`x\` FROM \`d\`.\`t\` WHERE ${condition}`).fingerprint,
    );
    expect(new Set([base, ...others]).size).equal(6);
  });

  it('explains itself', () => {
    const { explained } = plan('SELECT `id` AS `id`,`a`=1 AS `b` FROM `d`.`t` AS `x` WHERE `a`>1');
    expect(
      explained.map(({ id, depth, operator, keys, table }) => [
        id,
        depth,
        operator,
        keys,
        table !== undefined,
      ]),
    ).deep.equal([
      ['Project_1', 0, 'Project', [['id']], false],
      ['Filter_2', 1, 'Filter', [['id']], false],
      ['Scan_3', 2, 'Scan x', [['id']], true],
    ]);
  });

  it('says which tables must be looked up', () => {
    const { tables } = readDefinition(
      'WITH `w` AS (SELECT 1 AS `x` FROM `d`.`t`) SELECT 1 AS `y` FROM `w` JOIN `D`.`u` WHERE EXISTS (TABLE `d`.`t`)',
    );
    expect(tables).deep.equal([
      { database: 'd', table: 't' },
      { database: 'D', table: 'u' },
    ]);
  });

  const DOMAINS: readonly (readonly [string, string, string?])[] = [
    ['`a`=1', 'integer'],
    ['`a`<`u`', 'integer'],
    ['`a`=1.5', 'decimal'],
    ['`dc`>`a`', 'decimal'],
    ['`a`=1.5e0', 'real'],
    ['`db`=`dc`', 'real'],
    ['`a`=9007199254740993e0', 'refused: an integer is compared with a floating-point number beyond 2^53'],
    ["`a`='5'", 'integer'],
    ["`a`='5.0'", 'refused: comparing INT with VARCHAR is not supported yet'],
    ["`db`='5'", 'refused: comparing DOUBLE with VARCHAR is not supported yet'],
    ["`s`='x'", 'utf8mb4_bin'],
    ["'x'<`ci`", 'utf8mb4_general_ci'],
    ["`vb`='x'", 'binary'],
    ["`la`='x'", 'latin1_bin'],
    ["`la`='é'", 'refused: a string of the character set latin1 is compared with a literal outside ASCII'],
    ["`uc`='x'", 'refused: comparing strings of the collation utf8mb4_unicode_ci is not supported yet'],
    ['`s`=`ci`', 'utf8mb4_bin'],
    ["'a'='b'", 'refused: two string literals are compared'],
    ['`s`=1', 'refused: comparing VARCHAR with BIGINT is not supported yet'],
    ["`da`='2024-01-01'", 'time'],
    ["`da`='2024-1-1'", 'refused: comparing DATE with VARCHAR is not supported yet'],
    ["`da`='2024-02-30'", 'refused: comparing DATE with VARCHAR is not supported yet'],
    ["`da`='0000-00-00'", 'refused: comparing DATE with VARCHAR is not supported yet'],
    ["`dt`>=TIMESTAMP '2024-01-01 00:00:00.5'", 'time'],
    ['`da`=`dt`', 'time'],
    ['`da`=20240101', 'refused: comparing DATE with BIGINT is not supported yet'],
    ['`ts`=`dt`', 'time'],
    ['`ts`=`dt`', 'refused: a TIMESTAMP is compared with a DATE or DATETIME column', '+08:00'],
    ["`ts`='2024-01-01'", 'time', '+08:00'],
    [
      "`ts`='2024-01-01'",
      'refused: TIMESTAMP values are compared in a time zone that is no fixed offset from UTC',
      'Europe/Berlin',
    ],
    ["`dt`='2024-01-01'", 'time', 'Europe/Berlin'],
    ["`tm`>'10:00:00'", 'duration'],
    ["`tm`>'100000'", 'refused: comparing TIME with VARCHAR is not supported yet'],
    ['`y`=2024', 'integer'],
    ['`y`=24', 'refused: a YEAR is compared with a year of two digits'],
    ["`y`='2024'", 'refused: comparing YEAR with VARCHAR is not supported yet'],
    ["`js`='1'", 'refused: comparing JSON values is not supported yet'],
    ["`en`='x'", 'refused: comparing ENUM values is not supported yet'],
    ['`js` IS NULL', 'isNull'],
    ['`a` IN (1,2)', 'integer'],
    ['`a` IN (1)', 'integer'],
    ['`a` IN (1,2.5)', 'or'],
    ['`a` IN (1,NULL)', 'integer'],
    ['`a`=NULL', 'constant'],
    ['`a`<=>NULL', 'isNull'],
    ['`a` BETWEEN 1 AND 2', 'and'],
    ['`a` BETWEEN 1 AND NULL', 'refused: a bound of BETWEEN is NULL'],
    ['`s`', 'cast'],
    ['`a` AND `da`', 'refused: a value of type DATE is taken for true or false'],
    ["`s` LIKE 'a%'", 'like'],
    ["`a` LIKE 'a%'", 'refused: LIKE of a value of type INT is not supported yet'],
    ['`s` LIKE `ci`', 'refused: LIKE is supported with a string literal as pattern only'],
    ["`s` ILIKE 'a'", 'refused: ILIKE is not supported yet'],
  ];
  for (const [condition, expected, zone] of DOMAINS) {
    it(`takes ${condition}${zone === undefined ? '' : ` in ${zone}`} as ${expected}`, () => {
      expect(domainOf(condition, zone)).equal(expected);
    });
  }

  it('turns a moment beside a TIMESTAMP into UTC', () => {
    const { logical } = plan("SELECT `id` AS `id` FROM `d`.`t` WHERE `ts`='2024-01-01 08:00:00'", '+08:00');
    const filter =
      logical.kind === 'project' && logical.input.kind === 'filter' ? logical.input.predicate : undefined;
    const utc = plan("SELECT `id` AS `id` FROM `d`.`t` WHERE `ts`='2024-01-01 00:00:00'").logical;
    const wanted = utc.kind === 'project' && utc.input.kind === 'filter' ? utc.input.predicate : undefined;
    expect(filter).deep.equal(wanted);
  });

  const REFUSED: readonly (readonly [string, string, string])[] = [
    [
      'SELECT `a` AS `a` FROM `d`.`t` WHERE RAND()>1',
      'RAND()',
      'its value does not depend on the contents of tables alone',
    ],
    [
      'SELECT `a` AS `a` FROM `d`.`t` WHERE `a` IN (SELECT 1 AS `1`)',
      'SELECT 1 AS `1`',
      'a view needs a table to follow',
    ],
    ['SELECT `t`.`a` AS `a` FROM `d`.`t` JOIN `d`.`u`', '`d`.`u`', 'there is no such table'],
    [
      'SELECT `a` AS `a` FROM `d`.`t` ORDER BY `a`',
      'SELECT `a` AS `a` FROM `d`.`t` ORDER BY `a`',
      'ORDER BY is not supported yet',
    ],
    [
      'SELECT `a` AS `a` FROM `d`.`t` LIMIT 1',
      'SELECT `a` AS `a` FROM `d`.`t` LIMIT 1',
      'LIMIT is not supported yet',
    ],
    [
      'SELECT `a` AS `a` FROM `d`.`t` INTERSECT SELECT `a` AS `a` FROM `d`.`t`',
      'SELECT `a` AS `a` FROM `d`.`t` INTERSECT SELECT `a` AS `a` FROM `d`.`t`',
      'INTERSECT is not supported yet',
    ],
    ['SELECT 1 AS `a`', 'SELECT 1 AS `a`', 'a view needs a table to follow'],
    ['SELECT NULL AS `n` FROM `d`.`t`', 'NULL AS `n`', 'a column that is always NULL has no type'],
    ["SELECT x'41' AS `n` FROM `d`.`t`", "x'41'", 'hexadecimal and bit literals are not supported yet'],
    [
      'SELECT `gen` AS `g` FROM `d`.`t`',
      '`gen`',
      'virtual generated columns are not supported yet: rows do not hold them',
    ],
    ['SELECT `a` AS `a` FROM `d`.`missing`', '`d`.`missing`', 'there is no such table'],
    ['SELECT `User` AS `u` FROM `mysql`.`user`', '`mysql`.`user`', 'system tables are not supported'],
    [
      'SELECT `a` AS `a` FROM `d`.`t` PARTITION(`p0`)',
      '`d`.`t` PARTITION(`p0`)',
      'PARTITION is not supported yet',
    ],
    [
      "SELECT /*+ SET_VAR(sql_mode = '')*/ `a` AS `a` FROM `d`.`t`",
      "SELECT /*+ SET_VAR(sql_mode = '')*/ `a` AS `a` FROM `d`.`t`",
      'the hint SET_VAR would change what the select means',
    ],
    [
      'SELECT 99999999999999999999999999999999999999999999999999999999999999999999 AS `n` FROM `d`.`t`',
      '99999999999999999999999999999999999999999999999999999999999999999999',
      'the number has more digits than TiDB computes with',
    ],
    [
      "SELECT `a` AS `a` FROM `d`.`t` WHERE `s`=_LATIN1'x'",
      "_LATIN1'x'",
      'only utf8mb4 strings are supported yet',
    ],
    [
      "SELECT `a` AS `a` FROM `d`.`t` WHERE `da`=DATE '24-1-1'",
      "DATE '24-1-1'",
      'the literal is not written in full',
    ],
  ];
  for (const [sql, piece, reason] of REFUSED) {
    it(`refuses ${piece}`, () => {
      expect(() => plan(sql))
        .throw(NotSupportedError)
        .include({ errno: 1235, sqlState: '42000', piece, reason });
    });
  }
});
