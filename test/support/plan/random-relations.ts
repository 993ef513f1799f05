/** Random tables that can be joined, and values for them: few distinct ones, so that they meet; NULLs, and extremes. */
import { type FieldType, MysqlType } from '../../../src/codec/field-type.js';
import type { Chance } from '../../e2e/plan/random.js';
import { notNull, text, typeOf, unsigned } from '../../unit/plan/table.js';

/** Columns whose values can be compared with each other, and what can be done with them. */
export type ColumnGroup = 'integer' | 'decimal' | 'real' | 'string' | 'ci' | 'moment' | 'enum' | 'time';

/** A kind of column. */
interface Kind {
  readonly name: string;
  readonly ddl: string;
  readonly type: FieldType;
  readonly group: ColumnGroup;
  readonly values: readonly string[];
}

const TEXTS = [`''`, `'a'`, `'A'`, `'a '`, `'b'`, `'B'`, `'é'`, `'E'`, `'ab'`];

const KINDS: readonly Kind[] = [
  { name: 'k', ddl: 'int', type: typeOf('long'), group: 'integer', values: ['0', '1', '2', '3', '-1'] },
  {
    name: 'l',
    ddl: 'int',
    type: typeOf('long'),
    group: 'integer',
    values: ['0', '1', '2', '2147483647', '-2147483648'],
  },
  {
    name: 'n',
    ddl: 'bigint',
    type: typeOf('longlong'),
    group: 'integer',
    values: ['0', '1', '2', '9223372036854775807', '-9223372036854775808', '9007199254740993'],
  },
  {
    name: 'u',
    ddl: 'bigint unsigned',
    type: unsigned(typeOf('longlong')),
    group: 'integer',
    values: ['0', '1', '2', '18446744073709551615', '9223372036854775808'],
  },
  { name: 'ti', ddl: 'tinyint(1)', type: typeOf('tiny'), group: 'integer', values: ['0', '1', '1'] },
  {
    name: 'd',
    ddl: 'decimal(10,3)',
    type: typeOf('newdecimal', { flen: 10, decimal: 3 }),
    group: 'decimal',
    values: ['0', '1', '1.5', '-1.5', '2', '9999999.999'],
  },
  {
    name: 'dw',
    ddl: 'decimal(40,10)',
    type: typeOf('newdecimal', { flen: 40, decimal: 10 }),
    group: 'decimal',
    values: ['0', '1', '2.5', '123456789012345678901234567890.0123456789', '-0.0000000001'],
  },
  {
    name: 'f',
    ddl: 'double',
    type: typeOf('double', { decimal: -1 }),
    group: 'real',
    values: ['0', '1', '2', '1.5', '0.1', '-2.25'],
  },
  {
    name: 'fl',
    ddl: 'float',
    type: typeOf('float', { decimal: -1 }),
    group: 'real',
    values: ['0', '1', '2', '1.5', '0.25'],
  },
  { name: 's', ddl: 'varchar(10)', type: text(), group: 'string', values: TEXTS },
  { name: 'tx', ddl: 'text', type: { ...text(), tp: MysqlType.blob }, group: 'string', values: TEXTS },
  {
    name: 'g',
    ddl: 'varchar(10) collate utf8mb4_general_ci',
    type: text('utf8mb4_general_ci'),
    group: 'ci',
    values: TEXTS,
  },
  {
    name: 'dt',
    ddl: 'datetime(3)',
    type: typeOf('datetime', { decimal: 3 }),
    group: 'moment',
    values: [`'2024-01-01 00:00:00'`, `'2024-01-01 00:00:00.5'`, `'1999-12-31 23:59:59'`],
  },
  {
    name: 'da',
    ddl: 'date',
    type: typeOf('date'),
    group: 'moment',
    values: [`'2024-01-01'`, `'1999-12-31'`],
  },
  {
    name: 'en',
    ddl: `enum('x','y','z')`,
    type: { ...text(), tp: MysqlType.enum, elems: ['x', 'y', 'z'] },
    group: 'enum',
    values: [`'x'`, `'y'`, `'z'`],
  },
  {
    name: 'tm',
    ddl: 'time(1)',
    type: typeOf('duration', { decimal: 1 }),
    group: 'time',
    values: [`'10:00:00'`, `'-10:00:00.5'`, `'00:00:00'`],
  },
];

/** A column of a random table. */
export interface RelationColumn {
  readonly name: string;
  /** With NOT NULL, if it is. */
  readonly type: FieldType;
  readonly group: ColumnGroup;
  readonly isNotNull: boolean;
  readonly values: readonly string[];
}

/** A random table. */
export interface RelationTable {
  readonly name: string;
  readonly create: string;
  /** All but `id`, which numbers the rows. */
  readonly columns: readonly RelationColumn[];
  /** Whether `id` is the primary key. */
  readonly hasKey: boolean;
  /** Whether rows with a value twice in the first column are turned away. */
  readonly hasSecondKey: boolean;
}

/** A table with `id`, a first integer column that all tables can be joined on, and some others. */
export function randomRelation(name: string, chance: Chance): RelationTable {
  const [first, ...others] = KINDS;
  const kinds = [first!, ...chance.some(others, 2, 6)];
  const columns = kinds.map(({ name: own, group, values, type }): RelationColumn => {
    const isNotNull = chance.percent(30);
    return { name: own, group, values, isNotNull, type: isNotNull ? notNull(type) : type };
  });
  const lines = kinds.map(
    ({ name: own, ddl }, i) => `${own} ${ddl}${columns[i]!.isNotNull ? ' not null' : ''}`,
  );
  const hasKey = chance.percent(60);
  const hasSecondKey = chance.percent(25);
  lines.unshift(hasKey ? 'id int primary key' : 'id int not null');
  if (hasSecondKey) lines.push('unique key (k)');
  return { name, columns, hasKey, hasSecondKey, create: `create table ${name} (${lines.join(', ')})` };
}

/** A value for a column, as SQL. */
export function relationValue({ isNotNull, values }: RelationColumn, chance: Chance): string {
  return !isNotNull && chance.percent(20) ? 'null' : chance.pick(values);
}

/** An INSERT of some rows, numbered from `from`; those that a key turns away are left out. */
export function randomInsert(
  { name, columns }: RelationTable,
  { from, count }: { readonly from: number; readonly count: number },
  chance: Chance,
): string {
  const rows = Array.from(
    { length: count },
    (_, i) => `(${[`${from + i}`, ...columns.map((column) => relationValue(column, chance))].join(', ')})`,
  );
  const names = ['id', ...columns.map((column) => column.name)];
  return `insert ignore into ${name} (${names.join(', ')}) values ${rows.join(', ')}`;
}
