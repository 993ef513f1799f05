/** Which 64-bit values are numbers. */
import { type FieldType, MysqlType } from '../codec/field-type.js';

/** Integers of all sizes, and YEAR; not moments, durations, ENUM, SET and BIT, which are only stored as integers. */
export function isPlainNumber(type: FieldType): boolean {
  switch (type.tp) {
    case MysqlType.tiny:
    case MysqlType.short:
    case MysqlType.int24:
    case MysqlType.long:
    case MysqlType.longlong:
    case MysqlType.year:
    case MysqlType.null:
      return true;
    default:
      return false;
  }
}
