/**
 * What a row written before a column was added has for it. TiDB stores that as text and converts it for every read;
 * here it is converted once.
 *
 * @see pingcap/tidb pkg/table/column.go (GetColOriginDefaultValue)
 */
import { SqlError } from '../base/errors.js';
import type { Datum } from '../codec/datum.js';
import { parseBit, parseDatum } from '../codec/datum-parse.js';
import { FieldFlag, MysqlType, hasFlag } from '../codec/field-type.js';
import type { ColumnInfo } from './column-info.js';
import { SchemaError } from './schema-error.js';

const ZERO_DATETIME = '0000-00-00 00:00:00';

/**
 * The value, or undefined if there can be no such row.
 *
 * @throws SchemaError — when the stored text is no value of the column's type.
 * @throws SqlError 1235 — for a TIMESTAMP default from before TiDB 2.1, whose time zone is not known any more.
 */
export function originDefaultOf(column: ColumnInfo): Datum | undefined {
  const { originDefault, type } = column;
  if (originDefault === undefined) return absentDefault(column);
  const isZoneLost = type.tp === MysqlType.timestamp && column.version < 1;
  if (isZoneLost && !String(originDefault).startsWith(ZERO_DATETIME)) {
    throw new SqlError(
      1235,
      '42000',
      `TiView does not support column '${column.name.original}': its default is of a TiDB before 2.1`,
    );
  }
  const value =
    originDefault instanceof Uint8Array ? parseBit(originDefault) : parseDatum(originDefault, type);
  if (value === undefined)
    throw new SchemaError(`origin default of column ${column.id} is no value of its type`);
  return value;
}

/** Without a default: NULL; of a NOT NULL column the first member of an ENUM, else nothing. */
function absentDefault(column: ColumnInfo): Datum | undefined {
  const { type } = column;
  if (!hasFlag(type, FieldFlag.notNull)) return null;
  return type.tp === MysqlType.enum ? 1n : undefined;
}
