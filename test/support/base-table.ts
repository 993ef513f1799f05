/** A small base table for tests: `t (id INT PRIMARY KEY, a BIGINT, s VARCHAR(200))`, and its stored rows. */
import { utf8 } from '../../src/base/bytes.js';
import { RowEncoder } from '../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../src/catalog/table-version.js';
import { appendDatum } from '../../src/codec/cell.js';
import type { Column } from '../../src/codec/column.js';
import { columnBuilderOf } from '../../src/codec/column-builder.js';
import type { Datum } from '../../src/codec/datum.js';
import type { FieldType } from '../../src/codec/field-type.js';
import { MutationBatch } from '../../src/codec/mutation-batch.js';
import { columnJson, tableJson, tableVersion } from '../unit/catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../unit/codec/support/field-types.js';

/** Types of its columns. */
export const BASE_TYPES: readonly FieldType[] = [
  asPrimaryKey(fieldType('int')),
  fieldType('bigint'),
  fieldType('varchar(200)'),
];

/** A row: id, a, s. */
export type BaseRow = readonly [number, number | null, string | null];

/** The table, with this id. */
export function baseTable(id = 100, more: Readonly<Record<string, unknown>> = {}): TableVersion {
  const columns = ['id', 'a', 's'].map((name, place) => columnJson(place, name, BASE_TYPES[place]!));
  return tableVersion(tableJson(columns, { id, pk_is_handle: true, ...more }));
}

/** Columns of such rows. */
export function baseColumns(rows: readonly BaseRow[]): Column[] {
  const datum = (value: number | string | null | undefined): Datum =>
    typeof value === 'number' ? BigInt(value) : typeof value === 'string' ? utf8(value) : null;
  return BASE_TYPES.map((type, place) => {
    const builder = columnBuilderOf(type);
    for (const row of rows) appendDatum(builder, datum(row[place]));
    return builder.finish();
  });
}

/** A row as TiKV stores it. */
export function storedRow(table: TableVersion, row: BaseRow): { key: Uint8Array; value: Uint8Array } {
  const batch = new MutationBatch();
  new RowEncoder(table, [1, 2, 3]).put(baseColumns([row]), 0, batch);
  return { key: batch.keyAt(0).slice(), value: batch.valueAt(0).slice() };
}
