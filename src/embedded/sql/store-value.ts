/**
 * Values on their way into a column, under TiDB's strict mode: converted, rounded, and refused where they do not fit.
 * (Without strict mode TiDB cuts and clamps with a warning; here it is an error all the same.)
 *
 * @see pingcap/tidb pkg/table/column.go (CastValue), pkg/types/convert.go
 */
import { unreachable } from '../../base/assert.js';
import { fromUtf8, utf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import type { Datum } from '../../codec/datum.js';
import { datumBytes } from '../../codec/datum-text.js';
import { parseBit, parseDatum } from '../../codec/datum-parse.js';
import { Decimal } from '../../codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, hasFlag, storageOf } from '../../codec/field-type.js';
import {
  type TimeParts,
  dateOfDay,
  dayOfDate,
  packTime,
  parseTime,
  shiftMinutes,
} from '../../codec/packed-time.js';
import { isBinaryString, isString } from '../../codec/string-type.js';
import { runeCount } from '../../codec/utf8.js';
import { doubleText } from '../../codec/float-text.js';
import { TYPE_NAMES } from './type-text.js';

/** Where a value goes. */
export interface Destination {
  readonly name: string;
  readonly type: FieldType;
  /** Counts from 1, for messages. */
  readonly row: number;
  /** Of the session's time zone, for TIMESTAMPs. */
  readonly offsetMinutes: number;
}

/**
 * A value in the form of its column; NULL stays NULL.
 *
 * @throws SqlError 1264, 1265, 1292, 1366, 1406 — it does not fit; 1235 — JSON.
 */
export function storedValue(value: Datum, from: FieldType, to: Destination): Datum {
  if (value === null) return null;
  const kind = storageOf(to.type);
  switch (kind) {
    case 'i64':
      return integerLike(value, from, to);
    case 'f64':
      return floating(value, from, to);
    case 'dec':
      return decimal(value, from, to);
    case 'bytes':
      return bytes(value, from, to);
    default:
      return unreachable(kind);
  }
}

function integerLike(value: Datum, from: FieldType, to: Destination): Datum {
  switch (to.type.tp) {
    case MysqlType.date:
    case MysqlType.newdate:
    case MysqlType.datetime:
    case MysqlType.timestamp:
      return moment(value, from, to);
    case MysqlType.duration:
      return duration(value, from, to);
    case MysqlType.year:
      return year(value, from, to);
    case MysqlType.bit:
      return bit(value, from, to);
    case MysqlType.enum:
    case MysqlType.set:
      return member(value, from, to);
    default:
      return integer(value, from, to);
  }
}

const BITS: ReadonlyMap<number, number> = new Map<number, number>([
  [MysqlType.tiny, 8],
  [MysqlType.short, 16],
  [MysqlType.int24, 24],
  [MysqlType.long, 32],
  [MysqlType.longlong, 64],
]);

function integer(value: Datum, from: FieldType, to: Destination): bigint {
  const exact = exactOf(value, from, to, TYPE_NAMES.get(to.type.tp) ?? 'int').rescale(0).unscaled;
  const bits = BITS.get(to.type.tp) ?? 64;
  const isUnsigned = hasFlag(to.type, FieldFlag.unsigned);
  const fits = isUnsigned ? exact === BigInt.asUintN(bits, exact) : exact === BigInt.asIntN(bits, exact);
  if (!fits) throw outOfRange(to);
  return exact;
}

/** A number, exactly; strings must be numbers to their end. */
function exactOf(value: Datum, from: FieldType, to: Destination, name: string): Decimal {
  if (value instanceof Decimal) return value;
  if (typeof value === 'bigint' && isPlainInteger(from)) return new Decimal(value, 0);
  const text = typeof value === 'number' ? doubleText(value) : textOf(value, from, to).trim();
  const digits =
    /^[A-Za-z]/.test(text) || isPlainNumber(from)
      ? text
      : text.replace(/[-: ]/g, isTimeType(from) ? '' : '$&');
  const parsed =
    /e/i.test(digits) && Number.isFinite(Number(digits))
      ? plainDecimal(Number(digits))
      : Decimal.parse(digits);
  if (parsed === undefined || digits === '') throw incorrect(name, text, to, 1366, 'HY000');
  return parsed;
}

function isPlainInteger({ tp }: FieldType): boolean {
  return (
    BITS.has(tp) ||
    tp === MysqlType.year ||
    tp === MysqlType.bit ||
    tp === MysqlType.enum ||
    tp === MysqlType.set
  );
}

function isPlainNumber({ tp }: FieldType): boolean {
  return BITS.has(tp) || tp === MysqlType.newdecimal || tp === MysqlType.double || tp === MysqlType.float;
}

function isTimeType({ tp }: FieldType): boolean {
  return (
    tp === MysqlType.date ||
    tp === MysqlType.datetime ||
    tp === MysqlType.timestamp ||
    tp === MysqlType.duration
  );
}

function plainDecimal(value: number): Decimal | undefined {
  return Decimal.parse(Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(30));
}

function floating(value: Datum, from: FieldType, to: Destination): number {
  const text = typeof value === 'number' ? String(value) : textOf(value, from, to).trim();
  const parsed = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(parsed) || /^0x/i.test(text))
    throw incorrect(TYPE_NAMES.get(to.type.tp) ?? 'double', text, to, 1366, 'HY000');
  if (!Number.isFinite(parsed) || (hasFlag(to.type, FieldFlag.unsigned) && parsed < 0)) throw outOfRange(to);
  const isFloat = to.type.tp === MysqlType.float;
  if (isFloat && Math.abs(parsed) > 3.402_823_466e38) throw outOfRange(to);
  const rounded = to.type.decimal < 0 ? parsed : Number(parsed.toFixed(to.type.decimal));
  return isFloat ? Math.fround(rounded) : rounded;
}

function decimal(value: Datum, from: FieldType, to: Destination): Decimal {
  const { flen, decimal: scale } = to.type;
  const rounded = exactOf(value, from, to, 'decimal').rescale(Math.max(scale, 0));
  if (rounded.precision > flen && rounded.unscaled !== 0n) throw outOfRange(to);
  if (hasFlag(to.type, FieldFlag.unsigned) && rounded.unscaled < 0n) throw outOfRange(to);
  return rounded;
}

function bytes(value: Datum, from: FieldType, to: Destination): Uint8Array {
  const { type } = to;
  if (!isString(type)) {
    if (type.tp === from.tp && value instanceof Uint8Array) return value;
    throw new SqlError(
      1235,
      '42000',
      `The embedded cluster does not support storing values in column '${to.name}' yet`,
    );
  }
  let text = isString(from) && value instanceof Uint8Array ? value : utf8(textOf(value, from, to));
  if (isBinaryString(type)) {
    if (text.length > type.flen && type.flen >= 0) throw tooLong(to);
    if (type.tp !== MysqlType.string) return text;
    const padded = new Uint8Array(type.flen);
    padded.set(text);
    return padded;
  }
  // Blanks at the end are cut off to make it fit, and from a CHAR always.
  while (text.at(-1) === 0x20 && (type.tp === MysqlType.string || runeCount(text) > type.flen))
    text = text.subarray(0, -1);
  const isLong = isLongString(type) ? text.length > type.flen : runeCount(text) > type.flen;
  if (isLong && type.flen >= 0) throw tooLong(to);
  return text;
}

/** TEXT and its kin are measured in bytes. */
function isLongString({ tp }: FieldType): boolean {
  return (
    tp === MysqlType.tinyBlob ||
    tp === MysqlType.blob ||
    tp === MysqlType.mediumBlob ||
    tp === MysqlType.longBlob
  );
}

function moment(value: Datum, from: FieldType, to: Destination): bigint {
  const name = TYPE_NAMES.get(to.type.tp) ?? 'datetime';
  const text = textOf(value, from, to);
  const parts = momentParts(text.trim());
  if (parts === undefined || !isDay(parts)) throw incorrect(name, text, to, 1292, '22007');
  if (to.type.tp === MysqlType.date)
    return packTime({ ...parts, hour: 0, minute: 0, second: 0, microsecond: 0 });
  const rounded = roundedTo(parts, Math.max(to.type.decimal, 0));
  if (to.type.tp !== MysqlType.timestamp) return packTime(rounded);
  const utc = shiftMinutes(rounded, -to.offsetMinutes);
  if (utc.year < 1970 || utc.year > 2038) throw incorrect(name, text, to, 1292, '22007');
  return packTime(utc);
}

/** Whether the calendar has that day. */
function isDay({ year, month, day }: TimeParts): boolean {
  if (month === 0 || day === 0) return false;
  const date = dateOfDay(dayOfDate(year, month, day));
  return date.month === month && date.day === day;
}

/** The forms that people write: with any punctuation, or digits alone. */
function momentParts(text: string): TimeParts | undefined {
  const [, year, month, day, hour, minute, second, fraction] =
    /^(\d{4}|\d{2})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.](\d{0,6})\d*)?)?)?$/.exec(
      text,
    ) ??
    /^(\d{4}|\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})(?:[.](\d{0,6})\d*)?)?$/.exec(text) ??
    [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const two = (part: string | undefined): string => (part ?? '0').padStart(2, '0');
  const whole =
    year.length === 4 ? year : String(Number(year) < 70 ? 2000 + Number(year) : 1900 + Number(year));
  return parseTime(
    `${whole}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}.${(fraction ?? '').padEnd(6, '0')}`,
  );
}

function roundedTo(parts: TimeParts, fsp: number): TimeParts {
  const unit = 10 ** (6 - fsp);
  const microsecond = Math.round(parts.microsecond / unit) * unit;
  if (microsecond < 1_000_000) return { ...parts, microsecond };
  const second = (parts.hour * 60 + parts.minute) * 60 + parts.second + 1;
  const date = dateOfDay(dayOfDate(parts.year, parts.month, parts.day) + Math.floor(second / 86_400));
  const rest = second % 86_400;
  return {
    ...date,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    microsecond: 0,
  };
}

const LONGEST_DURATION = ((838n * 60n + 59n) * 60n + 59n) * 1_000_000_000n;

function duration(value: Datum, from: FieldType, to: Destination): bigint {
  const text = textOf(value, from, to).trim();
  const [, sign, hours, minutes, seconds, fraction] =
    /^(-?)(\d{1,3}):(\d{1,2})(?::(\d{1,2})(?:[.](\d{0,6})\d*)?)?$/.exec(text) ??
    /^(-?)(\d{0,3}?)(\d{0,2}?)(\d{1,2})(?:[.](\d{0,6})\d*)?$/.exec(text) ??
    [];
  if (sign === undefined || Number(minutes) > 59 || Number(seconds) > 59)
    throw incorrect('time', text, to, 1292, '22007');
  const whole =
    (BigInt(hours === undefined || hours === '' ? 0 : hours) * 60n +
      BigInt(minutes === '' ? 0 : (minutes ?? 0))) *
      60n +
    BigInt(seconds ?? 0);
  const unit = 10n ** BigInt(9 - Math.max(to.type.decimal, 0));
  const exact = whole * 1_000_000_000n + BigInt((fraction ?? '').padEnd(9, '0'));
  const rounded = ((exact + unit / 2n) / unit) * unit;
  if (rounded > LONGEST_DURATION) throw incorrect('time', text, to, 1292, '22007');
  return sign === '-' ? -rounded : rounded;
}

function year(value: Datum, from: FieldType, to: Destination): bigint {
  const number = exactOf(value, from, to, 'year').rescale(0).unscaled;
  const parsed = parseDatum(isString(from) ? textOf(value, from, to).trim() : number.toString(), to.type);
  const stored = number === 0n && !isString(from) ? 0n : parsed;
  if (typeof stored !== 'bigint' || (stored !== 0n && (stored < 1901n || stored > 2155n)))
    throw outOfRange(to);
  return stored;
}

function bit(value: Datum, from: FieldType, to: Destination): bigint {
  const number =
    value instanceof Uint8Array ? parseBit(value) : exactOf(value, from, to, 'bit').rescale(0).unscaled;
  if (number === undefined || number < 0n || number !== BigInt.asUintN(Math.max(to.type.flen, 1), number))
    throw tooLong(to);
  return number;
}

function member(value: Datum, from: FieldType, to: Destination): bigint {
  const { type } = to;
  const isName = isString(from) || from.tp === MysqlType.enum || from.tp === MysqlType.set;
  const parsed = isName
    ? parseDatum(textOf(value, from, to), type)
    : exactOf(value, from, to, 'enum').rescale(0).unscaled;
  const most =
    type.tp === MysqlType.enum ? BigInt(type.elems.length) : (1n << BigInt(type.elems.length)) - 1n;
  const least = type.tp === MysqlType.enum && !type.elems.includes('') ? 1n : 0n;
  if (typeof parsed !== 'bigint' || parsed < least || parsed > most)
    throw new SqlError(1265, '01000', `Data truncated for column '${to.name}' at row ${to.row}`);
  return parsed;
}

function textOf(value: Datum, from: FieldType, { offsetMinutes }: Destination): string {
  return fromUtf8(datumBytes(value, from, offsetMinutes) ?? new Uint8Array(0));
}

function incorrect(name: string, text: string, to: Destination, errno: number, sqlState: string): SqlError {
  return new SqlError(
    errno,
    sqlState,
    `Incorrect ${name} value: '${text}' for column '${to.name}' at row ${to.row}`,
  );
}

function outOfRange({ name, row }: Destination): SqlError {
  return new SqlError(1264, '22003', `Out of range value for column '${name}' at row ${row}`);
}

function tooLong({ name, row }: Destination): SqlError {
  return new SqlError(1406, '22001', `Data too long for column '${name}' at row ${row}`);
}
