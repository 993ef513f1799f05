/** Types by how their values compare. */
import { type FieldType, FieldFlag, MysqlType, hasFlag } from '../../codec/field-type.js';
import { isString } from '../../codec/string-type.js';

/**
 * - `integer`: all integer types, and everything that is true or false; - `year` is one with rules of its own;
 * - `moment`: DATE and DATETIME; - `timestamp` is one that is stored in UTC; - `duration`: TIME;
 * - `null`: only NULL; - `opaque`: what can only be passed on (JSON, ENUM, SET, BIT, VECTOR).
 */
export type ValueClass =
  | 'integer'
  | 'year'
  | 'decimal'
  | 'real'
  | 'string'
  | 'moment'
  | 'timestamp'
  | 'duration'
  | 'null'
  | 'opaque';

/** The class of a type. */
export function valueClassOf(type: FieldType): ValueClass {
  if (isString(type)) return 'string';
  switch (type.tp) {
    case MysqlType.tiny:
    case MysqlType.short:
    case MysqlType.int24:
    case MysqlType.long:
    case MysqlType.longlong:
      return 'integer';
    case MysqlType.year:
      return 'year';
    case MysqlType.newdecimal:
      return 'decimal';
    case MysqlType.float:
    case MysqlType.double:
      return 'real';
    case MysqlType.date:
    case MysqlType.newdate:
    case MysqlType.datetime:
      return 'moment';
    case MysqlType.timestamp:
      return 'timestamp';
    case MysqlType.duration:
      return 'duration';
    case MysqlType.null:
      return 'null';
    default:
      return 'opaque';
  }
}

/** A type for people: `BIGINT UNSIGNED`, `VARCHAR`. */
export function typeName(type: FieldType): string {
  const name = Object.entries(MysqlType).find(([, code]) => code === type.tp)?.[0] ?? 'unknown';
  const known: Readonly<Record<string, string>> = {
    tiny: 'TINYINT',
    short: 'SMALLINT',
    int24: 'MEDIUMINT',
    long: 'INT',
    longlong: 'BIGINT',
    newdecimal: 'DECIMAL',
    duration: 'TIME',
    varString: 'VARCHAR',
    string: 'CHAR',
  };
  const isUnsignedNumber = valueClassOf(type) === 'integer' && hasFlag(type, FieldFlag.unsigned);
  return (known[name] ?? name.toUpperCase()) + (isUnsignedNumber ? ' UNSIGNED' : '');
}
