/** Random tables of all types, and values for them that lie at the edges. */
import type { Chance } from './random.js';

/** A kind of column: its type in DDL, and values for it as SQL. */
export interface ColumnKind {
  readonly name: string;
  readonly ddl: string;
  /** How it may be compared: with literals of which groups (random-definition.ts). */
  readonly group:
    'integer' | 'year' | 'decimal' | 'real' | 'string' | 'bytes' | 'moment' | 'timestamp' | 'time' | 'opaque';
  readonly values: readonly string[];
}

const TEXTS = [
  `''`,
  `'a'`,
  `'A'`,
  `'a '`,
  `'ab'`,
  `'aB'`,
  `'abc'`,
  `'b'`,
  `'%'`,
  `'_'`,
  `'a%'`,
  `'a_c'`,
  `'a\\\\b'`,
  `'it''s'`,
  `'0'`,
  `'10'`,
];
const WIDE_TEXTS = [
  ...TEXTS,
  `'é'`,
  `'E'`,
  `'ß'`,
  `'s'`,
  `'ñ '`,
  `'中文'`,
  `'中'`,
  `'😀'`,
  `'😁'`,
  `'aé'`,
  `'ÀB'`,
];
const DATES = [
  `'2024-01-01'`,
  `'2024-02-29'`,
  `'1999-12-31'`,
  `'0000-00-00'`,
  `'2024-00-00'`,
  `'9999-12-31'`,
  `'1000-01-01'`,
  `'2024-01-02'`,
];
const MOMENTS = [
  `'2024-01-01 00:00:00'`,
  `'2024-01-01 10:00:00.5'`,
  `'2024-01-01 10:00:00.499999'`,
  `'2024-02-29 23:59:59.999999'`,
  `'0000-00-00 00:00:00'`,
  `'1999-12-31 23:59:59'`,
  `'9999-12-31 23:59:59'`,
];
const STAMPS = [
  `'2024-01-01 00:00:00'`,
  `'2024-01-01 10:00:00.5'`,
  `'2024-01-01 09:59:59.999999'`,
  `'1970-01-01 08:00:01'`,
  `'2038-01-18 03:14:07'`,
  `'2024-06-15 12:00:00'`,
];
const TIMES = [
  `'00:00:00'`,
  `'10:00:00'`,
  `'10:00:00.5'`,
  `'-10:00:00.25'`,
  `'838:59:59'`,
  `'-838:59:59'`,
  `'23:59:59.999999'`,
];

/** Every kind of column that TiDB has and that the planner passes on. */
export const COLUMN_KINDS: readonly ColumnKind[] = [
  { name: 'ti', ddl: 'tinyint', group: 'integer', values: ['-128', '127', '0', '1', '-1', '2'] },
  { name: 'bo', ddl: 'tinyint(1)', group: 'integer', values: ['0', '1', '2'] },
  { name: 'su', ddl: 'smallint unsigned', group: 'integer', values: ['0', '65535', '1', '32768'] },
  { name: 'mi', ddl: 'mediumint', group: 'integer', values: ['-8388608', '8388607', '0', '5'] },
  { name: 'it', ddl: 'int', group: 'integer', values: ['-2147483648', '2147483647', '0', '5', '6', '-5'] },
  { name: 'iu', ddl: 'int unsigned', group: 'integer', values: ['0', '4294967295', '2147483648', '5'] },
  {
    name: 'bi',
    ddl: 'bigint',
    group: 'integer',
    values: [
      '-9223372036854775808',
      '9223372036854775807',
      '0',
      '-1',
      '9007199254740993',
      '9007199254740992',
      '5',
    ],
  },
  {
    name: 'bu',
    ddl: 'bigint unsigned',
    group: 'integer',
    values: [
      '0',
      '18446744073709551615',
      '9223372036854775808',
      '9223372036854775807',
      '9007199254740993',
      '5',
    ],
  },
  { name: 'zf', ddl: 'int(6) zerofill', group: 'integer', values: ['0', '42', '4294967295'] },
  { name: 'yr', ddl: 'year', group: 'year', values: ['1901', '2155', '0', '2012', '1999', '2000'] },
  {
    name: 'd0',
    ddl: 'decimal(20,0)',
    group: 'decimal',
    values: ['0', '99999999999999999999', '-99999999999999999999', '5', '9007199254740993'],
  },
  {
    name: 'd5',
    ddl: 'decimal(12,5)',
    group: 'decimal',
    values: ['0', '1.5', '-1.5', '1.50001', '9999999.99999', '0.00001', '5'],
  },
  {
    name: 'dw',
    ddl: 'decimal(65,30)',
    group: 'decimal',
    values: [
      '0',
      '1.5',
      '12345678901234567890123456789012345.123456789012345678901234567890',
      '-0.000000000000000000000000000001',
      '5',
    ],
  },
  { name: 'du', ddl: 'decimal(10,2) unsigned', group: 'decimal', values: ['0', '1.50', '99999999.99', '5'] },
  {
    name: 'fl',
    ddl: 'float',
    group: 'real',
    values: ['0', '1.5', '-1.5', '1.1', '3.4e38', '1e-38', '5', '-0.0e0'],
  },
  {
    name: 'db',
    ddl: 'double',
    group: 'real',
    values: ['0', '1.5', '1.1', '-1e308', '1e-300', '9007199254740993', '5', '0.1', '-0.0e0'],
  },
  { name: 'f2', ddl: 'float(7,3)', group: 'real', values: ['0', '1.5', '9999.999', '-1.125'] },
  { name: 'ch', ddl: 'char(10)', group: 'string', values: WIDE_TEXTS },
  { name: 'vc', ddl: 'varchar(20)', group: 'string', values: WIDE_TEXTS },
  { name: 'vg', ddl: 'varchar(20) collate utf8mb4_general_ci', group: 'string', values: WIDE_TEXTS },
  { name: 'cg', ddl: 'char(9) collate utf8mb4_general_ci', group: 'string', values: WIDE_TEXTS },
  { name: 'v9', ddl: 'varchar(20) collate utf8mb4_0900_bin', group: 'string', values: WIDE_TEXTS },
  {
    name: 'u3',
    ddl: 'varchar(20) character set utf8 collate utf8_general_ci',
    group: 'string',
    values: WIDE_TEXTS.filter((it) => !/[😀😁]/u.test(it)),
  },
  { name: 'la', ddl: 'varchar(20) character set latin1', group: 'string', values: TEXTS },
  { name: 'ac', ddl: 'varchar(20) character set ascii', group: 'string', values: TEXTS },
  { name: 'tx', ddl: 'text', group: 'string', values: WIDE_TEXTS },
  { name: 'lg', ddl: 'longtext collate utf8mb4_general_ci', group: 'string', values: WIDE_TEXTS },
  { name: 'vb', ddl: 'varbinary(20)', group: 'bytes', values: [...TEXTS, `x'00'`, `x'ff80'`, `x'6100'`] },
  {
    name: 'bn',
    ddl: 'binary(4)',
    group: 'bytes',
    values: [`''`, `'a'`, `'a '`, `'abcd'`, `x'00000000'`, `x'ffffffff'`],
  },
  { name: 'bl', ddl: 'blob', group: 'bytes', values: [...TEXTS, `x'ff80'`] },
  { name: 'da', ddl: 'date', group: 'moment', values: DATES },
  { name: 'dt', ddl: 'datetime', group: 'moment', values: MOMENTS },
  { name: 'd6', ddl: 'datetime(6)', group: 'moment', values: MOMENTS },
  { name: 'ts', ddl: 'timestamp null', group: 'timestamp', values: STAMPS },
  { name: 't6', ddl: 'timestamp(6) null', group: 'timestamp', values: STAMPS },
  { name: 'tm', ddl: 'time', group: 'time', values: TIMES },
  { name: 'm6', ddl: 'time(6)', group: 'time', values: TIMES },
  {
    name: 'en',
    ddl: `enum('a','B','c,d','it''s')`,
    group: 'opaque',
    values: [`'a'`, `'B'`, `'c,d'`, `'it''s'`],
  },
  { name: 'se', ddl: `set('x','y','z')`, group: 'opaque', values: [`''`, `'x'`, `'x,z'`, `'x,y,z'`] },
  { name: 'bt', ddl: 'bit(13)', group: 'opaque', values: [`b'0'`, `b'1111111111111'`, `b'1000000000001'`] },
  {
    name: 'js',
    ddl: 'json',
    group: 'opaque',
    values: [`'{"a": [1, 2.5, "x", null]}'`, `'[]'`, `'"s"'`, `'null'`, `'18446744073709551615'`],
  },
];

/** A column of a random table. */
export interface RandomColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isNotNull: boolean;
}

/** A random table. */
export interface RandomTable {
  readonly name: string;
  readonly columns: readonly RandomColumn[];
  readonly create: string;
}

/** A table with some kinds of columns, some more than once, and a key of some kind or none. */
export function randomTable(name: string, chance: Chance): RandomTable {
  const kinds = [...chance.some(COLUMN_KINDS, 6, 14)];
  kinds.push(chance.pick(kinds), chance.pick(kinds));
  const columns = kinds.map((kind, i) => ({
    name: `${kind.name}_${i}`,
    kind,
    isNotNull: chance.percent(30),
  }));
  const lines = columns.map((column) => `${column.name} ${ddlOf(column)}`);
  lines.push(...keysOf(columns, chance));
  return { name, columns, create: `create table ${name} (${lines.join(', ')})` };
}

function ddlOf({ kind, isNotNull }: RandomColumn): string {
  if (!isNotNull) return kind.ddl;
  return kind.ddl.endsWith(' null') ? kind.ddl.replace(/ null$/, ' not null') : `${kind.ddl} not null`;
}

/** `id` makes rows unique; where it is no key, rows may repeat. */
function keysOf(columns: readonly RandomColumn[], chance: Chance): readonly string[] {
  const indexable = columns.filter(({ kind }) => !/text|blob|json/.test(kind.ddl));
  const second = indexable.length === 0 ? undefined : chance.pick(indexable);
  switch (chance.below(6)) {
    case 0:
      return ['id bigint primary key'];
    case 1:
      return ['id bigint unsigned not null', 'unique key (id)'];
    case 2:
      return ['id varchar(20) collate utf8mb4_general_ci not null', 'primary key (id)'];
    case 3:
      return second === undefined || !second.isNotNull
        ? ['id int not null', 'primary key (id) nonclustered']
        : ['id int not null', `primary key (${second.name}, id)`];
    case 4:
      return second === undefined ? ['id int'] : ['id int', `key (${second.name})`];
    default:
      return ['id int'];
  }
}

/** A value for a column, as SQL. */
export function randomValue({ kind, isNotNull }: RandomColumn, chance: Chance): string {
  return !isNotNull && chance.percent(15) ? 'null' : chance.pick(kind.values);
}
