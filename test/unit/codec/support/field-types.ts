/** FieldTypes for tests, from column types as SQL writes them. */
import {
  FieldFlag,
  type FieldType,
  MysqlType,
  type MysqlTypeCode,
} from '../../../../src/codec/field-type.js';

const CODES: Readonly<Record<string, MysqlTypeCode>> = {
  tinyint: MysqlType.tiny,
  smallint: MysqlType.short,
  mediumint: MysqlType.int24,
  int: MysqlType.long,
  bigint: MysqlType.longlong,
  decimal: MysqlType.newdecimal,
  float: MysqlType.float,
  double: MysqlType.double,
  char: MysqlType.string,
  varchar: MysqlType.varchar,
  binary: MysqlType.string,
  varbinary: MysqlType.varchar,
  tinytext: MysqlType.tinyBlob,
  text: MysqlType.blob,
  mediumtext: MysqlType.mediumBlob,
  longtext: MysqlType.longBlob,
  tinyblob: MysqlType.tinyBlob,
  blob: MysqlType.blob,
  date: MysqlType.date,
  datetime: MysqlType.datetime,
  timestamp: MysqlType.timestamp,
  time: MysqlType.duration,
  year: MysqlType.year,
  enum: MysqlType.enum,
  set: MysqlType.set,
  bit: MysqlType.bit,
  json: MysqlType.json,
  vector: MysqlType.vectorFloat32,
};

const TYPE = /^(\w+)(?:\(([^)]*)\))?(.*)$/;
const BINARY_TYPES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'json']);
const FSP_TYPES = new Set(['datetime', 'timestamp', 'time']);
const TEXT_TYPES = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set']);

/** `decimal(10,2)`, `varchar(20) collate utf8mb4_general_ci`, `bigint unsigned not null`, `enum('a','b')`. */
export function fieldType(sql: string): FieldType {
  const match = TYPE.exec(sql.toLowerCase());
  const name = match?.[1] ?? '';
  const tp = CODES[name];
  if (tp === undefined) throw new Error(`no such type: ${sql}`);
  const args = match?.[2];
  const rest = match?.[3] ?? '';
  const isText = TEXT_TYPES.has(name) && !BINARY_TYPES.has(name);
  const collate = /collate (\w+)/.exec(rest)?.[1] ?? 'utf8mb4_bin';
  const isUnsigned = rest.includes('unsigned') || name === 'year';
  return {
    tp,
    flag: (isUnsigned ? FieldFlag.unsigned : 0) | (rest.includes('not null') ? FieldFlag.notNull : 0),
    ...lengths(name, args),
    charset: isText ? (collate.split('_')[0] ?? '') : 'binary',
    collate: isText ? collate : 'binary',
    elems: isMembers(name) ? [...sql.matchAll(/'([^']*)'/g)].map((member) => member[1] ?? '') : [],
  };
}

function isMembers(name: string): boolean {
  return name === 'enum' || name === 'set';
}

function lengths(name: string, args: string | undefined): { flen: number; decimal: number } {
  if (FSP_TYPES.has(name)) return { flen: -1, decimal: Number(args ?? 0) };
  if (name === 'decimal') {
    const [precision = '10', scale = '0'] = args?.split(',') ?? [];
    return { flen: Number(precision), decimal: Number(scale) };
  }
  if (name === 'float' || name === 'double') return { flen: -1, decimal: -1 };
  return { flen: isMembers(name) || args === undefined ? -1 : Number(args), decimal: 0 };
}

/** Flags for a test: the primary key of a table. */
export function asPrimaryKey(type: FieldType): FieldType {
  return { ...type, flag: type.flag | FieldFlag.primaryKey | FieldFlag.notNull };
}
