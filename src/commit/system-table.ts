/**
 * A table of the system schema as records: column name → value. Rows are encoded and decoded as any table's, by its
 * TableInfo, so whatever columns a newer version has added are left in peace.
 */
import { assert, present } from '../base/assert.js';
import { copyBytes, fromUtf8, utf8 } from '../base/bytes.js';
import { RowEncoder } from '../catalog/row-encoder.js';
import type { TableVersion } from '../catalog/table-version.js';
import { ByteSlice } from '../codec/byte-slice.js';
import { appendDatum, cellAt } from '../codec/cell.js';
import { columnBuilderOf } from '../codec/column-builder.js';
import type { Datum } from '../codec/datum.js';
import { MutationBatch } from '../codec/mutation-batch.js';
import { type KeyRange, recordRange } from '../codec/table-keys.js';

/** A value of a record: integers are bigints, text is text. */
export type RecordValue = bigint | string | null;

/** A row: column name → value. Columns left out are NULL. */
export type SystemRecord = Readonly<Record<string, RecordValue>>;

/** One system table at one version of its schema. */
export class SystemTable {
  readonly version: TableVersion;
  readonly #encoder: RowEncoder;
  readonly #columnIds: readonly number[];

  constructor(version: TableVersion) {
    this.version = version;
    this.#columnIds = version.columns.map((column) => column.id);
    this.#encoder = new RowEncoder(version, this.#columnIds);
    assert(
      version.info.indexes.every((index) => index.isPrimary),
      `${version.info.name.original} has a secondary index: it is written past TiDB and must not`,
    );
  }

  /** All rows of the table. */
  get range(): KeyRange {
    return recordRange(this.version.id);
  }

  /** The record's key; only the key columns need be there. */
  keyOf(record: SystemRecord): Uint8Array {
    const batch = new MutationBatch();
    this.#encoder.delete(this.#columns(record), 0, batch);
    return copyBytes(batch.keyAt(0));
  }

  /** Key and value of a record. */
  encode(record: SystemRecord): { readonly key: Uint8Array; readonly value: Uint8Array } {
    const batch = new MutationBatch();
    this.#encoder.put(this.#columns(record), 0, batch);
    assert(batch.count === 1, `${batch.count} pairs for a row without indexes`);
    return { key: copyBytes(batch.keyAt(0)), value: copyBytes(batch.valueAt(0)) };
  }

  /** @throws CodecError — the row is malformed. */
  decode(key: Uint8Array, value: Uint8Array): SystemRecord {
    const decoder = this.version.rowDecoder(this.#columnIds);
    decoder.append(new ByteSlice(key), new ByteSlice(value));
    const columns = decoder.finish();
    const record: Record<string, RecordValue> = {};
    this.version.columns.forEach((column, index) => {
      const cell = cellAt(present(columns[index], 'a column is missing'), 0, column.type);
      record[column.name.lower] = recordValue(cell);
    });
    return record;
  }

  #columns(record: SystemRecord) {
    return this.version.columns.map((column) => {
      const builder = columnBuilderOf(column.type);
      const value = record[column.name.lower] ?? null;
      appendDatum(builder, typeof value === 'string' ? utf8(value) : value);
      return builder.finish();
    });
  }
}

function recordValue(cell: Datum): RecordValue {
  if (cell === null || typeof cell === 'bigint') return cell;
  assert(cell instanceof Uint8Array, 'system tables have integers and texts only');
  return fromUtf8(cell);
}

/** A number of a record that is never NULL. */
export function numberIn(record: SystemRecord, column: string): bigint {
  const value = record[column];
  assert(typeof value === 'bigint', `${column} is ${String(value)}, not a number`);
  return value;
}

/** A text of a record that is never NULL. */
export function textIn(record: SystemRecord, column: string): string {
  const value = record[column];
  assert(typeof value === 'string', `${column} is ${String(value)}, not a text`);
  return value;
}
