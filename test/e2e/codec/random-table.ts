/** Random table definitions and rows, over all column types, kinds of keys, collations and indexes. */
import type { Random } from '../../support/random.js';
import { type Indexing, integerSpec, randomType } from './random-type.js';

/** A column with a way to make values, as SQL literals. */
export interface RandomColumn {
  readonly name: string;
  readonly type: string;
  readonly isNotNull: boolean;
  readonly indexing: Indexing;
  /** Computed columns take no values. */
  readonly generated: string | undefined;
  readonly literal: (random: Random) => string;
}

function randomColumn(random: Random, name: string): RandomColumn {
  const { sql, indexing, literal } = randomType(random);
  return { name, type: sql, isNotNull: random.chance(0.3), indexing, generated: undefined, literal };
}

/** A table: how to make it, and its columns. */
export interface RandomTable {
  readonly create: string;
  readonly columns: readonly RandomColumn[];
}

/** A random table. TiDB may still refuse it (keys too long, and so on): then make another. */
export function randomTable(random: Random, name: string): RandomTable {
  const columns = Array.from({ length: random.int(1, 9) }, (_, i) => randomColumn(random, `c${i}`));
  const key = primaryKey(random, columns);
  const indexes = Array.from({ length: random.int(0, 4) }, (_, i) => randomIndex(random, columns, `i${i}`));
  const isKey = (column: RandomColumn): boolean => key?.names.has(column.name) ?? false;
  const definitions = columns.map((column) => definitionOf(random, column, isKey(column)));
  if (random.chance(0.15)) {
    columns.push({
      name: 'g',
      type: 'int',
      isNotNull: false,
      indexing: 'none',
      generated: '1',
      literal: () => 'default',
    });
    definitions.push(`g int generated always as (length('abc')) ${random.pick(['virtual', 'stored'])}`);
  }
  const parts = [
    ...definitions,
    ...(key === undefined ? [] : [key.sql]),
    ...indexes.filter((sql) => sql !== undefined),
  ];
  return { create: `create table \`${name}\` (${parts.join(', ')})`, columns };
}

/** A column's definition, with or without a default. */
export function definitionOf(random: Random, column: RandomColumn, isKey = false): string {
  const isNotNull = column.isNotNull || isKey;
  const hasDefault =
    !isKey && column.indexing !== 'none' && !/text|blob/.test(column.type) && random.chance(0.3);
  const literal = column.literal(random);
  const isPlain = /^('[^']*'|-?[\d.]+|x'[0-9a-f]*')$/.test(literal) && !/'0000|'2024-00/.test(literal);
  const fallback = hasDefault && isPlain ? ` default ${literal}` : '';
  return `${column.name} ${column.type} ${isNotNull ? 'not null' : 'null'}${fallback}`;
}

function indexPart(random: Random, column: RandomColumn): string {
  const isPrefix = column.indexing === 'prefix' || (column.indexing === 'both' && random.chance(0.4));
  return isPrefix ? `${column.name}(${random.int(1, 6)})` : column.name;
}

function randomIndex(random: Random, columns: readonly RandomColumn[], name: string): string | undefined {
  const usable = random.sample(
    columns.filter(({ indexing }) => indexing !== 'none'),
    random.int(1, 3),
  );
  if (usable.length === 0) return undefined;
  return `${random.chance(0.4) ? 'unique ' : ''}key ${name} (${usable.map((column) => indexPart(random, column)).join(',')})`;
}

function primaryKey(
  random: Random,
  columns: RandomColumn[],
): { sql: string; names: Set<string> } | undefined {
  const kind = random.pick(['none', 'int', 'any', 'any', 'any', 'nonclustered']);
  if (kind === 'none') return undefined;
  if (kind === 'int') {
    columns.unshift({ name: 'id', ...integerColumn(random) });
    return { sql: 'primary key (id) clustered', names: new Set(['id']) };
  }
  const usable = random.sample(
    columns.filter(({ indexing }) => indexing !== 'none'),
    random.int(1, 3),
  );
  if (usable.length === 0) return undefined;
  const parts = usable.map((column) => indexPart(random, column)).join(',');
  const clustering = kind === 'nonclustered' ? 'nonclustered' : 'clustered';
  return { sql: `primary key (${parts}) ${clustering}`, names: new Set(usable.map(({ name }) => name)) };
}

function integerColumn(random: Random): Omit<RandomColumn, 'name'> {
  const { sql, literal } = integerSpec(random);
  return { type: sql, isNotNull: true, indexing: 'whole', generated: undefined, literal };
}

/** Values of a row, as SQL; computed columns left out. */
export function randomRow(random: Random, table: RandomTable): { names: string; values: string } {
  const columns = table.columns.filter(({ generated }) => generated === undefined);
  const values = columns.map((column) =>
    random.chance(0.2) ? (column.isNotNull ? 'default' : 'null') : column.literal(random),
  );
  return { names: columns.map(({ name }) => name).join(','), values: values.join(',') };
}

/** A column to add to a table that has rows. */
export function addedColumn(random: Random, name: string): RandomColumn {
  return randomColumn(random, name);
}
