/**
 * Whether TiDB's type of an output column is the one that we derived. TiDB's is the authority for the view's table;
 * a difference in what values are, or how they compare, means that we have misread the definition. Display widths and
 * names of string types do not count.
 */
import { MysqlType, type FieldType } from '../codec/field-type.js';
import { isBinaryString, isString } from '../codec/string-type.js';
import type { DescribedColumn } from './describe.js';
import type { OutputColumn } from './logical-plan.js';

/** The families of types in DDL. */
const FAMILY: ReadonlyMap<number, string> = new Map<number, string>([
  [MysqlType.tiny, 'integer'],
  [MysqlType.short, 'integer'],
  [MysqlType.int24, 'integer'],
  [MysqlType.long, 'integer'],
  [MysqlType.longlong, 'integer'],
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
  [MysqlType.vectorFloat32, 'vector'],
]);

const INTEGERS = /^(?:tinyint|smallint|mediumint|int|bigint)\b/;
const STRINGS = /^(?:char|varchar|tinytext|text|mediumtext|longtext)\b/;
const BYTES = /^(?:binary|varbinary|tinyblob|blob|mediumblob|longblob)\b/;

/** What is different, for an error message; undefined: they agree. */
export function disagreement(ours: OutputColumn, theirs: DescribedColumn): string | undefined {
  const [mine, other] = [familyOf(ours.type), familyOfText(theirs.type)];
  if (mine !== other) return `column ${ours.name} is ${theirs.type} for TiDB, ${mine} for TiView`;
  if (isString(ours.type) && !isBinaryString(ours.type) && ours.type.collate !== theirs.collation) {
    return `column ${ours.name} has collation ${theirs.collation ?? 'none'} for TiDB, ${ours.type.collate} for TiView`;
  }
  return undefined;
}

function familyOf(type: FieldType): string {
  if (isString(type)) return isBinaryString(type) ? 'bytes' : 'string';
  const family = FAMILY.get(type.tp) ?? 'unknown';
  if (family === 'decimal') return `decimal of scale ${Math.max(type.decimal, 0)}`;
  if (family === 'datetime' || family === 'timestamp' || family === 'time')
    return `${family} of scale ${Math.max(type.decimal, 0)}`;
  if (family === 'enum' || family === 'set') return `${family} of ${type.elems.length}`;
  return family;
}

function familyOfText(text: string): string {
  const type = text.toLowerCase();
  if (INTEGERS.test(type)) return 'integer';
  if (STRINGS.test(type)) return 'string';
  if (BYTES.test(type)) return 'bytes';
  const [, name = '', parameters = ''] = /^(\w+)(?:\((.*)\))?/s.exec(type) ?? [];
  if (name === 'decimal') return `decimal of scale ${parameters.split(',')[1]?.trim() ?? '0'}`;
  if (name === 'datetime' || name === 'timestamp' || name === 'time')
    return `${name} of scale ${parameters === '' ? '0' : parameters}`;
  if (name === 'enum' || name === 'set') return `${name} of ${memberCount(parameters)}`;
  return name;
}

/** Members of an ENUM or SET in DDL: strings between commas, quotes doubled inside. */
function memberCount(parameters: string): number {
  return [...parameters.matchAll(/'(?:''|[^'])*'/g)].length;
}
