/**
 * Types in CREATE TABLE, as TiDB stores them: lengths filled in, flags set, character sets resolved.
 *
 * @see pingcap/tidb pkg/ddl/add_column.go (columnDefToCol), pkg/parser/types/field_type.go
 */
import { utf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { FieldFlag, type FieldType, MysqlType, type MysqlTypeCode } from '../../codec/field-type.js';
import { runeCount } from '../../codec/utf8.js';
import type { DataType } from '../../sql/ast/statement.js';
import { COLLATIONS } from './variables.js';

/** A character set and a collation of it. */
export interface CharsetPair {
  readonly charset: string;
  readonly collate: string;
}

/** Fills in what is left out. @throws SqlError 1115, 1273, 1253 */
export function charsetPair(
  { charset, collate }: { readonly charset?: string | undefined; readonly collate?: string | undefined },
  otherwise: CharsetPair,
): CharsetPair {
  const named = charset === 'utf8mb3' ? 'utf8' : charset;
  if (collate !== undefined) {
    const found = COLLATIONS.find(({ name }) => name === collate.replace(/^utf8mb3_/, 'utf8_'));
    if (found === undefined) throw new SqlError(1273, 'HY000', `Unknown collation: '${collate}'`);
    if (named !== undefined && named !== found.charset)
      throw new SqlError(1253, '42000', `COLLATION '${collate}' is not valid for CHARACTER SET '${named}'`);
    return { charset: found.charset, collate: found.name };
  }
  if (named === undefined) return otherwise;
  const found = COLLATIONS.find((one) => one.charset === named && one.isDefault);
  if (found === undefined) throw new SqlError(1115, '42000', `Unknown character set: '${named}'`);
  return { charset: named, collate: found.name };
}

interface IntegerType {
  readonly tp: MysqlTypeCode;
  readonly flen: number;
  readonly unsignedFlen: number;
}

const INTEGERS: Readonly<Record<string, IntegerType>> = {
  TINYINT: { tp: MysqlType.tiny, flen: 4, unsignedFlen: 3 },
  BOOL: { tp: MysqlType.tiny, flen: 1, unsignedFlen: 1 },
  BOOLEAN: { tp: MysqlType.tiny, flen: 1, unsignedFlen: 1 },
  SMALLINT: { tp: MysqlType.short, flen: 6, unsignedFlen: 5 },
  MEDIUMINT: { tp: MysqlType.int24, flen: 9, unsignedFlen: 8 },
  INT: { tp: MysqlType.long, flen: 11, unsignedFlen: 10 },
  INTEGER: { tp: MysqlType.long, flen: 11, unsignedFlen: 10 },
  BIGINT: { tp: MysqlType.longlong, flen: 20, unsignedFlen: 20 },
};

const LONG_STRINGS: Readonly<
  Record<string, { readonly tp: MysqlTypeCode; readonly flen: number; readonly isText: boolean }>
> = {
  TINYTEXT: { tp: MysqlType.tinyBlob, flen: 255, isText: true },
  TINYBLOB: { tp: MysqlType.tinyBlob, flen: 255, isText: false },
  TEXT: { tp: MysqlType.blob, flen: 65_535, isText: true },
  BLOB: { tp: MysqlType.blob, flen: 65_535, isText: false },
  MEDIUMTEXT: { tp: MysqlType.mediumBlob, flen: 16_777_215, isText: true },
  MEDIUMBLOB: { tp: MysqlType.mediumBlob, flen: 16_777_215, isText: false },
  LONGTEXT: { tp: MysqlType.longBlob, flen: 4_294_967_295, isText: true },
  LONGBLOB: { tp: MysqlType.longBlob, flen: 4_294_967_295, isText: false },
};

const BINARY: CharsetPair = { charset: 'binary', collate: 'binary' };
/** Longest VARCHAR in characters, and VARBINARY in bytes. */
const VARCHAR_MAX = 16_383;
const VARBINARY_MAX = 65_535;

/**
 * A column's type, without the flags of keys and NULL.
 *
 * @param otherwise - the table's character set.
 * @throws SqlError 1074, 1115, 1253, 1273, 1425, 1426, 1427 — it is no type; 1235 — it is not supported.
 */
export function columnType(name: string, type: DataType, otherwise: CharsetPair): FieldType {
  const [first, second] = type.parameters.map(Number);
  const sign =
    (type.isUnsigned === true ? FieldFlag.unsigned : 0) | (type.isZerofill === true ? FieldFlag.zerofill : 0);
  const integer = INTEGERS[type.name];
  if (integer !== undefined)
    return made(integer.tp, {
      flag: sign,
      flen: first ?? (type.isUnsigned === true ? integer.unsignedFlen : integer.flen),
    });
  const long = LONG_STRINGS[type.name];
  if (long !== undefined)
    return long.isText
      ? made(long.tp, { flen: long.flen, ...charsetPair(type, otherwise) })
      : made(long.tp, { flen: long.flen, flag: FieldFlag.binary });
  switch (type.name) {
    case 'DECIMAL':
    case 'NUMERIC':
    case 'DEC':
    case 'FIXED':
      return decimalType(name, first ?? 10, second ?? 0, sign);
    case 'FLOAT':
      if (first !== undefined && second === undefined && first > 24)
        return made(MysqlType.double, { flen: 22, decimal: -1, flag: sign });
      return made(MysqlType.float, {
        flen: second === undefined ? 12 : (first ?? 12),
        decimal: second ?? -1,
        flag: sign,
      });
    case 'DOUBLE':
    case 'DOUBLE PRECISION':
    case 'REAL':
      return made(MysqlType.double, { flen: first ?? 22, decimal: second ?? -1, flag: sign });
    case 'BIT':
      return made(MysqlType.bit, { flen: first ?? 1, flag: FieldFlag.unsigned });
    case 'DATE':
      return made(MysqlType.date, { flen: 10, flag: FieldFlag.binary });
    case 'YEAR':
      return made(MysqlType.year, { flen: 4, flag: FieldFlag.unsigned | FieldFlag.zerofill });
    case 'TIME':
      return timeType(name, MysqlType.duration, 10, first ?? 0);
    case 'DATETIME':
      return timeType(name, MysqlType.datetime, 19, first ?? 0);
    case 'TIMESTAMP':
      return timeType(name, MysqlType.timestamp, 19, first ?? 0);
    case 'JSON':
      return made(MysqlType.json, { flen: 4_294_967_295, flag: FieldFlag.binary });
    default:
      return stringType(name, type, first, otherwise);
  }
}

function stringType(
  name: string,
  type: DataType,
  length: number | undefined,
  otherwise: CharsetPair,
): FieldType {
  switch (type.name) {
    case 'CHAR':
    case 'CHARACTER':
    case 'NCHAR':
      return made(MysqlType.string, {
        flen: checkedLength(name, length ?? 1, 255),
        ...charsetPair(type, otherwise),
      });
    case 'VARCHAR':
    case 'CHARACTER VARYING':
    case 'CHAR VARYING':
    case 'NVARCHAR':
      return made(MysqlType.varchar, {
        flen: checkedLength(name, length, VARCHAR_MAX),
        ...charsetPair(type, otherwise),
      });
    case 'BINARY':
      return made(MysqlType.string, { flen: checkedLength(name, length ?? 1, 255), flag: FieldFlag.binary });
    case 'VARBINARY':
      return made(MysqlType.varchar, {
        flen: checkedLength(name, length, VARBINARY_MAX),
        flag: FieldFlag.binary,
      });
    case 'ENUM': {
      const flen = Math.max(0, ...type.parameters.map((member) => runeCount(utf8(member))));
      return { ...made(MysqlType.enum, { flen, ...charsetPair(type, otherwise) }), elems: type.parameters };
    }
    case 'SET': {
      const flen = type.parameters.reduce((sum, member) => sum + runeCount(utf8(member)) + 1, -1);
      return {
        ...made(MysqlType.set, { flen: Math.max(flen, 0), ...charsetPair(type, otherwise) }),
        elems: type.parameters,
      };
    }
    default:
      throw new SqlError(1235, '42000', `The embedded cluster does not support columns of type ${type.name}`);
  }
}

function made(tp: MysqlTypeCode, own: Partial<FieldType>): FieldType {
  return { tp, flag: 0, flen: -1, decimal: 0, ...BINARY, elems: [], ...own };
}

function decimalType(name: string, flen: number, decimal: number, flag: number): FieldType {
  if (decimal > 30)
    throw new SqlError(
      1425,
      '42000',
      `Too big scale ${decimal} specified for column '${name}'. Maximum is 30.`,
    );
  if (flen > 65)
    throw new SqlError(1426, '42000', `Too-big precision ${flen} specified for '${name}'. Maximum is 65.`);
  if (decimal > flen)
    throw new SqlError(
      1427,
      '42000',
      `For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '${name}').`,
    );
  return made(MysqlType.newdecimal, { flen, decimal, flag });
}

function timeType(name: string, tp: MysqlTypeCode, flen: number, fsp: number): FieldType {
  if (fsp > 6)
    throw new SqlError(1426, '42000', `Too-big precision ${fsp} specified for '${name}'. Maximum is 6.`);
  return made(tp, { flen: flen + (fsp > 0 ? fsp + 1 : 0), decimal: fsp, flag: FieldFlag.binary });
}

function checkedLength(name: string, length: number | undefined, most: number): number {
  if (length === undefined)
    throw new SqlError(
      1064,
      '42000',
      `You have an error in your SQL syntax: column '${name}' needs a length`,
    );
  if (length > most)
    throw new SqlError(
      1074,
      '42000',
      `Column length too big for column '${name}' (max = ${most}); use BLOB or TEXT instead`,
    );
  return length;
}
