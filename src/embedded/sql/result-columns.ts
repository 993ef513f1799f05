/** A result's columns and cells as the wire has them. */
import type { Datum } from '../../codec/datum.js';
import { datumBytes } from '../../codec/datum-text.js';
import { FieldFlag, type FieldType, MysqlType } from '../../codec/field-type.js';
import { isBinaryString, isString } from '../../codec/string-type.js';
import type { OutputColumn } from '../../plan/logical-plan.js';
import type { Row } from '../../plan/reference/evaluate-plan.js';
import { BINARY_COLLATION, type ColumnDefinition } from '../../wire/column-definition.js';
import { COLLATIONS } from './variables.js';

/** Flags that clients see. */
const SHOWN_FLAGS = 0xffff;
const BLOB_FLAG = 16;
const BYTES_PER_CHARACTER = 4;
/** Fractional digits of what has none of its own. */
const NOT_FIXED = 31;

/** Result metadata. */
export function columnDefinition(
  { name, type }: OutputColumn,
  database: string | undefined,
): ColumnDefinition {
  const isText = (isString(type) && !isBinaryString(type)) || type.elems.length > 0;
  const collation = isText
    ? (COLLATIONS.find((one) => one.name === type.collate)?.id ?? BINARY_COLLATION)
    : BINARY_COLLATION;
  return {
    schema: database ?? '',
    table: '',
    orgTable: '',
    name,
    orgName: name,
    collation,
    length: Math.min(lengthOf(type, isText), 0xffff_ffff),
    type: wireType(type),
    flags: shownFlags(type) & SHOWN_FLAGS,
    decimals:
      type.tp === MysqlType.float || type.tp === MysqlType.double
        ? type.decimal < 0
          ? NOT_FIXED
          : type.decimal
        : Math.max(type.decimal, 0),
  };
}

/** A row's cells as text. @param offsetMinutes - of the session's time zone, for TIMESTAMPs. */
export function cellsOf(
  row: Row,
  columns: readonly OutputColumn[],
  offsetMinutes: number,
): (Uint8Array | null)[] {
  return row.map((value: Datum, i) => {
    const column = columns[i];
    return column === undefined ? null : datumBytes(value, column.type, offsetMinutes);
  });
}

/** Strings in results are VAR_STRING, ENUM and SET are strings with a flag. */
function wireType(type: FieldType): number {
  switch (type.tp) {
    case MysqlType.varchar:
      return MysqlType.varString;
    case MysqlType.enum:
    case MysqlType.set:
      return MysqlType.string;
    default:
      return type.tp;
  }
}

function shownFlags(type: FieldType): number {
  const own = type.tp === MysqlType.enum ? FieldFlag.enum : type.tp === MysqlType.set ? FieldFlag.set : 0;
  const isBlob =
    type.tp === MysqlType.tinyBlob ||
    type.tp === MysqlType.blob ||
    type.tp === MysqlType.mediumBlob ||
    type.tp === MysqlType.longBlob;
  return type.flag | own | (isBlob ? BLOB_FLAG : 0);
}

function lengthOf(type: FieldType, isText: boolean): number {
  if (type.flen < 0) return isText ? 0xffff : 23;
  if (type.tp === MysqlType.newdecimal) return type.flen + (type.decimal > 0 ? 2 : 1);
  return isText ? type.flen * BYTES_PER_CHARACTER : type.flen;
}
