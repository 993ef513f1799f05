/**
 * A value as TiDB sends it in a text result, for tests and messages. (The wire layer has its own, faster way from
 * columns.)
 *
 * @see pingcap/tidb pkg/server/internal/column/column.go (DumpTextRow)
 */
import { assert } from '../base/assert.js';
import { fromUtf8, utf8 } from '../base/bytes.js';
import { malformed } from './codec-error.js';
import type { Datum } from './datum.js';
import type { Decimal } from './decimal.js';
import { formatDuration } from './duration.js';
import { type FieldType, MysqlType } from './field-type.js';
import { doubleText, floatText } from './float-text.js';
import { jsonText } from './json-binary.js';
import { digits, formatDate, formatDatetime, shiftMinutes, unpackTime } from './packed-time.js';
import { vectorText } from './vector.js';

/**
 * The bytes of a value in a text result; strings as they are.
 *
 * @param timestampOffsetMinutes - of the session's time zone east of UTC, at the moment that a TIMESTAMP is.
 * @returns null — for NULL.
 * @throws CodecError — when the value is none that the type can have.
 */
export function datumBytes(datum: Datum, type: FieldType, timestampOffsetMinutes = 0): Uint8Array | null {
  if (datum === null) return null;
  if (datum instanceof Uint8Array) {
    if (type.tp === MysqlType.json) return utf8(jsonText(datum));
    if (type.tp === MysqlType.vectorFloat32) return utf8(vectorText(datum));
    return datum;
  }
  if (typeof datum === 'bigint') {
    if (type.tp === MysqlType.bit) return bitBytes(datum, type);
    return utf8(integerText(datum, type, timestampOffsetMinutes));
  }
  if (typeof datum === 'number')
    return utf8(type.tp === MysqlType.float ? floatText(datum) : doubleText(datum));
  return utf8(decimalText(datum, type));
}

/** The same as text, for people: bytes that are no UTF-8 show as U+FFFD, NULL as `NULL`. */
export function datumText(datum: Datum, type: FieldType, timestampOffsetMinutes = 0): string {
  const bytes = datumBytes(datum, type, timestampOffsetMinutes);
  return bytes === null ? 'NULL' : fromUtf8(bytes);
}

function decimalText(datum: Decimal, type: FieldType): string {
  return (type.decimal < 0 ? datum : datum.rescale(type.decimal)).toString();
}

function integerText(value: bigint, type: FieldType, timestampOffsetMinutes: number): string {
  switch (type.tp) {
    case MysqlType.date:
    case MysqlType.newdate:
      return formatDate(unpackTime(value));
    case MysqlType.datetime:
      return formatDatetime(unpackTime(value), fspOf(type));
    case MysqlType.timestamp:
      return formatDatetime(shiftMinutes(unpackTime(value), timestampOffsetMinutes), fspOf(type));
    case MysqlType.duration:
      return formatDuration(value, fspOf(type));
    case MysqlType.year:
      return digits(Number(value), 4);
    case MysqlType.enum:
      return enumText(value, type);
    case MysqlType.set:
      return setText(value, type);
    default:
      return String(value);
  }
}

/** Fractional-second digits of a time type. */
function fspOf(type: FieldType): number {
  return Math.max(type.decimal, 0);
}

/** An ENUM's member; the empty text for index zero. */
function enumText(index: bigint, type: FieldType): string {
  if (index === 0n) return '';
  return type.elems[Number(index) - 1] ?? malformed(`ENUM index ${index} of ${type.elems.length}`);
}

/** A SET's members joined by commas, in the order of their definition. */
function setText(mask: bigint, type: FieldType): string {
  if (mask >> BigInt(type.elems.length) !== 0n)
    malformed(`SET value with a bit beyond ${type.elems.length} members`);
  return type.elems.filter((_, i) => ((mask >> BigInt(i)) & 1n) === 1n).join(',');
}

/** BIT(n) is sent as the bytes that n bits need, most significant first. */
function bitBytes(value: bigint, type: FieldType): Uint8Array {
  const length = (Math.max(type.flen, 1) + 7) >> 3;
  assert(length <= 8, `BIT(${type.flen})`);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[length - 1 - i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return bytes;
}
