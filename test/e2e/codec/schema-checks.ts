/** Checks of a table as the catalog reads it against TiDB's information_schema. */
import { expect } from 'chai';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { FieldFlag, MysqlType, hasFlag } from '../../../src/codec/field-type.js';
import { isString } from '../../../src/codec/string-type.js';
import type { TidbSession } from './tidb-session.js';

/** Compares names, ids, types, nullability, collations, keys and partitions. */
export async function checkSchema(
  session: TidbSession,
  table: TableVersion,
  database: string,
): Promise<void> {
  const name = table.info.name.original;
  const where = `table_schema = '${database}' and table_name = '${name}'`;
  const [row] = await session.texts(
    `select tidb_table_id, table_collation, tidb_pk_type from information_schema.tables where ${where}`,
  );
  const isClustered = table.handle.kind !== 'rowid';
  expect([String(table.id), table.info.collate, isClustered ? 'CLUSTERED' : 'NONCLUSTERED']).to.deep.equal(
    row,
  );
  await checkColumns(session, table, where);
  await checkIndexes(session, table, where);
  const partitions = await session.texts(
    `select partition_name, tidb_partition_id from information_schema.partitions
     where ${where} and partition_name is not null order by partition_ordinal_position`,
  );
  const definitions = table.info.partition?.definitions ?? [];
  expect(definitions.map((one) => [one.name.original, String(one.id)])).to.deep.equal(partitions);
}

async function checkColumns(session: TidbSession, table: TableVersion, where: string): Promise<void> {
  const rows = await session.texts(
    `select column_name, ordinal_position, is_nullable, collation_name, numeric_scale, datetime_precision,
       column_type, column_key = 'PRI' from information_schema.columns where ${where} order by ordinal_position`,
  );
  const columns = table.columns.map(({ name, type }, i) => [
    name.original,
    String(i + 1),
    hasFlag(type, FieldFlag.notNull) ? 'NO' : 'YES',
    hasCollation(type) ? type.collate : null,
    type.tp === MysqlType.newdecimal ? String(type.decimal) : 'any',
    type.tp === MysqlType.datetime || type.tp === MysqlType.timestamp ? String(type.decimal) : 'any',
    membersText(type) ?? 'any',
    hasFlag(type, FieldFlag.primaryKey) ? '1' : '0',
  ]);
  const expected = rows.map((row, i) => row.map((value, j) => (columns[i]?.[j] === 'any' ? 'any' : value)));
  expect(columns).to.deep.equal(expected);
}

type Type = TableVersion['columns'][number]['type'];

function hasCollation(type: Type): boolean {
  const isMember = type.tp === MysqlType.enum || type.tp === MysqlType.set;
  return (isString(type) && type.collate !== 'binary') || isMember;
}

function membersText(type: Type): string | undefined {
  const members = type.elems.map((member) => `'${member}'`).join(',');
  if (type.tp === MysqlType.enum) return `enum(${members})`;
  if (type.tp === MysqlType.set) return `set(${members})`;
  return type.tp === MysqlType.newdecimal && !hasFlag(type, FieldFlag.unsigned)
    ? `decimal(${type.flen},${type.decimal})`
    : undefined;
}

async function checkIndexes(session: TidbSession, table: TableVersion, where: string): Promise<void> {
  const rows = await session.texts(
    `select index_name, non_unique, seq_in_index, column_name, sub_part from information_schema.statistics
     where ${where} and index_name <> 'PRIMARY' order by index_name, seq_in_index`,
  );
  const indexes = table.info.indexes
    .filter(({ isPrimary }) => !isPrimary)
    .flatMap((index) =>
      index.columns.map(({ name, prefixLength }, i) => [
        index.name.original,
        index.isUnique ? '0' : '1',
        String(i + 1),
        name.original,
        prefixLength < 0 ? null : String(prefixLength),
      ]),
    );
  const byName = (a: readonly (string | null)[], b: readonly (string | null)[]): number =>
    `${String(a[0])}${String(a[2])}` < `${String(b[0])}${String(b[2])}` ? -1 : 1;
  expect(indexes.sort(byName)).to.deep.equal(rows);
}
