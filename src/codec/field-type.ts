/**
 * A column's or expression's type, as TiDB stores it in a TableInfo and sends it in result metadata.
 *
 * @see pingcap/tidb pkg/parser/types/field_type.go, https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
 */

/** MySQL's type codes that TiDB uses. */
export const MysqlType = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  /** TIME: a duration. */
  duration: 11,
  datetime: 12,
  year: 13,
  newdate: 14,
  varchar: 15,
  bit: 16,
  json: 245,
  newdecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
  vectorFloat32: 225,
} as const;

/** One of {@link MysqlType}'s codes. */
export type MysqlTypeCode = (typeof MysqlType)[keyof typeof MysqlType];

/** MySQL's column flags that matter here. */
export const FieldFlag = {
  notNull: 1,
  primaryKey: 2,
  uniqueKey: 4,
  multipleKey: 8,
  unsigned: 32,
  zerofill: 64,
  binary: 128,
  enum: 256,
  autoIncrement: 512,
  timestamp: 1024,
  set: 2048,
} as const;

/** A type with everything that decides how its values are stored, compared and printed. */
export interface FieldType {
  readonly tp: MysqlTypeCode;
  /** Bits of {@link FieldFlag}. */
  readonly flag: number;
  /** Display length in characters (bytes for binary strings); −1: unspecified. */
  readonly flen: number;
  /** Digits after the point, or fractional-second digits; −1: unspecified. */
  readonly decimal: number;
  readonly charset: string;
  readonly collate: string;
  /** Members of ENUM and SET, in order; empty for other types. */
  readonly elems: readonly string[];
}

/** Whether a flag is set. */
export function hasFlag(type: FieldType, flag: number): boolean {
  return (type.flag & flag) !== 0;
}

/** The type without NOT NULL: what an outer join or a group without rows makes of it. */
export function nullable(type: FieldType): FieldType {
  return hasFlag(type, FieldFlag.notNull) ? { ...type, flag: type.flag & ~FieldFlag.notNull } : type;
}

/** How values of a type lie in a column of the engine (codec/column.ts). */
export type StorageKind = 'i64' | 'f64' | 'dec' | 'bytes';

/**
 * - `i64`: integers and YEAR; unsigned ones, BIT, ENUM (index) and SET (mask) as the bits of a u64; DATE, DATETIME,
 *   TIMESTAMP as TiDB's packed u64 (TIMESTAMP in UTC); TIME as nanoseconds;
 * - `f64`: FLOAT, DOUBLE; `dec`: DECIMAL;
 * - `bytes`: strings (original bytes, in the column's charset), JSON (type byte + TiDB's binary form), VECTOR.
 */
export function storageOf(type: FieldType): StorageKind {
  switch (type.tp) {
    case MysqlType.tiny:
    case MysqlType.short:
    case MysqlType.int24:
    case MysqlType.long:
    case MysqlType.longlong:
    case MysqlType.year:
    case MysqlType.bit:
    case MysqlType.enum:
    case MysqlType.set:
    case MysqlType.date:
    case MysqlType.newdate:
    case MysqlType.datetime:
    case MysqlType.timestamp:
    case MysqlType.duration:
    case MysqlType.null:
      return 'i64';
    case MysqlType.float:
    case MysqlType.double:
      return 'f64';
    case MysqlType.newdecimal:
      return 'dec';
    case MysqlType.varchar:
    case MysqlType.varString:
    case MysqlType.string:
    case MysqlType.tinyBlob:
    case MysqlType.blob:
    case MysqlType.mediumBlob:
    case MysqlType.longBlob:
    case MysqlType.json:
    case MysqlType.geometry:
    case MysqlType.vectorFloat32:
      return 'bytes';
  }
}

/** Whether integers of the type (and BIT, ENUM, SET, and the packed times) are to be read as u64. */
export function isUnsigned(type: FieldType): boolean {
  switch (type.tp) {
    case MysqlType.bit:
    case MysqlType.enum:
    case MysqlType.set:
    case MysqlType.date:
    case MysqlType.newdate:
    case MysqlType.datetime:
    case MysqlType.timestamp:
      return true;
    default:
      return hasFlag(type, FieldFlag.unsigned);
  }
}
