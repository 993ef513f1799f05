/**
 * Values from their text: the default values in TiDB's TableInfo, and in tests what SELECT shows. Takes the forms in
 * which TiDB itself prints values, and a few more that it keeps in defaults as the user wrote them.
 *
 * @see pingcap/tidb pkg/table/column.go (getColDefaultValue), pkg/types/datum.go (ConvertTo)
 */
import { utf8 } from '../base/bytes.js';
import { collationOf, isCollationSupported } from './collation.js';
import type { Datum } from './datum.js';
import { Decimal } from './decimal.js';
import { parseDuration } from './duration.js';
import { type FieldType, MysqlType, hasFlag, FieldFlag, storageOf } from './field-type.js';
import { packTime, parseTime } from './packed-time.js';
import { isBinaryString } from './string-type.js';

/** The JSON documents that can be a column's default: type byte (literal) and value. */
const JSON_NULL = Uint8Array.of(0x04, 0x00);

const INTEGER = /^[+-]?\d{1,20}$/;

/**
 * Reads a value of a type.
 *
 * @param text - for BIT and strings: the bytes as UTF-8 text.
 * @returns undefined — when the text is no such value.
 */
export function parseDatum(text: string, type: FieldType): Datum | undefined {
  const kind = storageOf(type);
  switch (kind) {
    case 'i64':
      return parseInteger(text, type);
    case 'f64':
      return parseFloating(text, type);
    case 'dec':
      return Decimal.parse(text)?.rescale(Math.max(type.decimal, 0));
    case 'bytes':
      return parseBytes(text, type);
  }
}

function parseInteger(text: string, type: FieldType): bigint | undefined {
  switch (type.tp) {
    case MysqlType.date:
    case MysqlType.newdate:
    case MysqlType.datetime:
    case MysqlType.timestamp: {
      const parts = parseTime(text);
      return parts === undefined ? undefined : packTime(parts);
    }
    case MysqlType.duration:
      return parseDuration(text);
    case MysqlType.year:
      return parseYear(text);
    case MysqlType.bit:
      return parseBit(utf8(text));
    case MysqlType.enum:
      return parseEnum(text, type);
    case MysqlType.set:
      return parseSet(text, type);
    default:
      return parsePlainInteger(text, type);
  }
}

function parsePlainInteger(text: string, type: FieldType): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  const isUnsigned = hasFlag(type, FieldFlag.unsigned);
  const isWithin = isUnsigned ? value === BigInt.asUintN(64, value) : value === BigInt.asIntN(64, value);
  return isWithin ? value : undefined;
}

/** Two digits mean a year from 1970 to 2069; zero, unless it is written with four digits, means 2000. */
function parseYear(text: string): bigint | undefined {
  if (!/^\d{1,4}$/.test(text)) return undefined;
  const year = Number(text);
  if (year === 0) return text.length === 4 ? 0n : 2000n;
  return BigInt(year < 70 ? year + 2000 : year < 100 ? year + 1900 : year);
}

/** Bytes as an unsigned integer, most significant first. */
export function parseBit(bytes: Uint8Array): bigint | undefined {
  if (bytes.length > 8) return undefined;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function parseEnum(text: string, type: FieldType): bigint | undefined {
  const index = memberIndex(text, type);
  if (index >= 0) return BigInt(index + 1);
  return text === '' ? 0n : undefined;
}

function parseSet(text: string, type: FieldType): bigint | undefined {
  let mask = 0n;
  for (const member of text === '' ? [] : text.split(',')) {
    const index = memberIndex(member, type);
    if (index < 0) return undefined;
    mask |= 1n << BigInt(index);
  }
  return mask;
}

/** A member's place: as written, else under the column's collation. */
function memberIndex(text: string, type: FieldType): number {
  const exact = type.elems.indexOf(text);
  if (exact >= 0 || !isCollationSupported(type.collate)) return exact;
  const collation = collationOf(type.collate, true);
  return type.elems.findIndex((member) => collation.equals(utf8(member), utf8(text)));
}

function parseFloating(text: string, type: FieldType): number | undefined {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return undefined;
  return type.tp === MysqlType.float ? Math.fround(value) : value;
}

function parseBytes(text: string, type: FieldType): Uint8Array | undefined {
  switch (type.tp) {
    case MysqlType.json:
      return text === 'null' ? JSON_NULL : undefined;
    case MysqlType.vectorFloat32:
      return parseVector(text);
    case MysqlType.string:
      return isBinaryString(type) ? fitted(utf8(text), type) : utf8(text.replace(/ +$/, ''));
    default:
      return isBinaryString(type) ? fitted(utf8(text), type) : utf8(text);
  }
}

/**
 * BINARY(n) always has n bytes and VARBINARY(n) at most. A default can be longer: TableInfo is JSON, where each byte
 * that is no UTF-8 has become the three of U+FFFD; TiDB cuts it off in the same way.
 */
function fitted(bytes: Uint8Array, type: FieldType): Uint8Array {
  if (type.flen < 0) return bytes;
  const cut = bytes.subarray(0, type.flen);
  if (type.tp !== MysqlType.string || cut.length === type.flen) return cut;
  const out = new Uint8Array(type.flen);
  out.set(cut);
  return out;
}

function parseVector(text: string): Uint8Array | undefined {
  if (!/^\[[^[\]]*\]$/.test(text)) return undefined;
  const inner = text.slice(1, -1).trim();
  const elements = inner === '' ? [] : inner.split(',').map(Number);
  if (!elements.every(Number.isFinite)) return undefined;
  const out = new DataView(new ArrayBuffer(4 + 4 * elements.length));
  out.setUint32(0, elements.length, true);
  elements.forEach((element, i) => out.setFloat32(4 + 4 * i, element, true));
  return new Uint8Array(out.buffer);
}
