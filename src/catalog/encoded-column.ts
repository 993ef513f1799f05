/**
 * Where the encoder of a table takes the values of a column from: the input, or, for a column that is being added to
 * the table and that the writer does not know of yet, its default for old rows.
 */
import { assert, present } from '../base/assert.js';
import { SqlError } from '../base/errors.js';
import { appendDatum } from '../codec/cell.js';
import { type Column, isNullAt } from '../codec/column.js';
import { columnBuilderOf } from '../codec/column-builder.js';
import type { FieldType } from '../codec/field-type.js';
import type { ColumnInfo } from './column-info.js';
import { originDefaultOf } from './origin-default.js';
import { TableChangingError } from './schema-error.js';
import { isWritable } from './schema-state.js';
import type { TableVersion } from './table-version.js';

/** A column of a table as the encoder sees it. */
export class EncodedColumn {
  readonly info: ColumnInfo;
  readonly #input: number;
  readonly #constant: Column | undefined;

  constructor(info: ColumnInfo, input: number, constant: Column | undefined) {
    assert(input >= 0 !== (constant !== undefined), `column ${info.id} has no source of values, or two`);
    this.info = info;
    this.#input = input;
    this.#constant = constant;
  }

  get id(): number {
    return this.info.id;
  }

  get type(): FieldType {
    return this.info.type;
  }

  /** The column that holds the values. */
  of(columns: readonly Column[]): Column {
    return this.#constant ?? present(columns[this.#input], 'a column is missing in the input');
  }

  /** Which row of that column belongs to row `row` of the input. */
  rowOf(row: number): number {
    return this.#constant === undefined ? row : 0;
  }

  isNull(columns: readonly Column[], row: number): boolean {
    return isNullAt(this.of(columns).nulls, this.rowOf(row));
  }
}

/**
 * The source of a column's values.
 *
 * @param columnIds - ids of the input's columns, in their order.
 * @throws TableChangingError — when TiDB is converting the column's values to another type.
 * @throws SqlError 1235 — when its values are computed and not given.
 */
export function encodedColumn(
  table: TableVersion,
  info: ColumnInfo,
  columnIds: readonly number[],
): EncodedColumn {
  const name = info.name.original;
  if (
    info.hasChangingType ||
    (info.replacesOffset !== undefined && info.state !== 'public' && isWritable(info.state))
  ) {
    throw new TableChangingError(`column '${name}' of table ${table.id} is being converted to another type`);
  }
  const input = columnIds.indexOf(info.id);
  if (input >= 0) return new EncodedColumn(info, input, undefined);
  if (info.generated !== undefined) {
    throw new SqlError(1235, '42000', `TiView does not support writing generated column '${name}'`);
  }
  assert(info.state !== 'public', `no values given for column ${info.id} of table ${table.id}`);
  const originDefault = originDefaultOf(info);
  assert(originDefault !== undefined, `column ${info.id} of table ${table.id} has no value for old rows`);
  const builder = columnBuilderOf(info.type);
  appendDatum(builder, originDefault);
  return new EncodedColumn(info, -1, builder.finish());
}

/** The error for a value that its column cannot hold. */
export function outOfRange(column: EncodedColumn): SqlError {
  return new SqlError(1264, '22003', `Out of range value for column '${column.info.name.original}'`);
}
