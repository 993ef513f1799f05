/** Types as TiDB shows them: `bigint(20) unsigned`, `enum('a','b')`. @see pingcap/tidb pkg/parser/types/field_type.go */
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { isBinaryString, isString } from '../../codec/string-type.js';

/** Of types whose name does not depend on more than their number. */
export const TYPE_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [MysqlType.tiny, 'tinyint'],
  [MysqlType.short, 'smallint'],
  [MysqlType.int24, 'mediumint'],
  [MysqlType.long, 'int'],
  [MysqlType.longlong, 'bigint'],
  [MysqlType.float, 'float'],
  [MysqlType.double, 'double'],
  [MysqlType.newdecimal, 'decimal'],
  [MysqlType.date, 'date'],
  [MysqlType.datetime, 'datetime'],
  [MysqlType.timestamp, 'timestamp'],
  [MysqlType.duration, 'time'],
  [MysqlType.year, 'year'],
  [MysqlType.bit, 'bit'],
  [MysqlType.enum, 'enum'],
  [MysqlType.set, 'set'],
  [MysqlType.json, 'json'],
  [MysqlType.null, 'binary'],
]);

/** Names of long strings, as text and as bytes. */
const LONG_STRINGS: ReadonlyMap<number, readonly [string, string]> = new Map([
  [MysqlType.tinyBlob, ['tinytext', 'tinyblob']],
  [MysqlType.blob, ['text', 'blob']],
  [MysqlType.mediumBlob, ['mediumtext', 'mediumblob']],
  [MysqlType.longBlob, ['longtext', 'longblob']],
]);

/** The bare name: `bigint`, `varchar`, `longtext`. */
export function typeNameOf(type: FieldType): string {
  const long = LONG_STRINGS.get(type.tp);
  if (long !== undefined) return long[isBinaryString(type) ? 1 : 0];
  if (isString(type)) {
    // Of a length that nobody has said.
    if (type.flen < 0) return isBinaryString(type) ? 'longblob' : 'longtext';
    const isFixed = type.tp === MysqlType.string;
    if (isBinaryString(type)) return isFixed ? 'binary' : 'varbinary';
    return isFixed ? 'char' : 'varchar';
  }
  return TYPE_NAMES.get(type.tp) ?? 'unknown';
}

/** The type as DDL has it, without character set. */
export function typeText(type: FieldType): string {
  const name = typeNameOf(type);
  const { tp, flen, decimal, elems } = type;
  const sign =
    (hasFlag(type, FieldFlag.unsigned) && tp !== MysqlType.bit && tp !== MysqlType.year ? ' unsigned' : '') +
    (hasFlag(type, FieldFlag.zerofill) && tp !== MysqlType.year ? ' zerofill' : '');
  switch (tp) {
    case MysqlType.newdecimal:
      return `decimal(${flen},${Math.max(decimal, 0)})${sign}`;
    case MysqlType.float:
    case MysqlType.double:
      return `${name}${flen >= 0 && decimal >= 0 ? `(${flen},${decimal})` : ''}${sign}`;
    case MysqlType.datetime:
    case MysqlType.timestamp:
    case MysqlType.duration:
      return decimal > 0 ? `${name}(${decimal})` : name;
    case MysqlType.enum:
    case MysqlType.set:
      return `${name}(${elems.map((elem) => `'${elem.replaceAll("'", "''")}'`).join(',')})`;
    case MysqlType.null:
      return 'binary(0)';
    case MysqlType.date:
    case MysqlType.json:
      return name;
    default:
      return LONG_STRINGS.has(tp) || flen < 0 ? name : `${name}(${flen})${sign}`;
  }
}
