/** Conversions of single values, as TiDB's CAST does them in a SELECT: what does not fit is cut, rounded or clamped. */
import { assert } from '../../base/assert.js';
import { fromUtf8, utf8 } from '../../base/bytes.js';
import type { Datum } from '../../codec/datum.js';
import { datumText } from '../../codec/datum-text.js';
import { Decimal } from '../../codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { packTime, unpackTime } from '../../codec/packed-time.js';
import { isString } from '../../codec/string-type.js';
import type { Cast } from '../../dataflow/expression.js';

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?/i;

/** A value of one type as the value of another. */
export function castDatum(value: Datum, from: FieldType, { type, scale }: Cast): Datum {
  if (value === null) return null;
  if (isString(type)) return cut(textOf(value, from), type);
  switch (type.tp) {
    case MysqlType.longlong:
      return toInteger(value, from, type);
    case MysqlType.newdecimal:
      return clampDecimal(toExact(value, from).rescale(scale), type.flen);
    case MysqlType.double: {
      if (typeof value === 'number') return value;
      if (value instanceof Uint8Array) return toReal(numberIn(value));
      return Number(toExact(value, from).toString());
    }
    case MysqlType.date: {
      assert(typeof value === 'bigint', 'a moment');
      return packTime({ ...unpackTime(value), hour: 0, minute: 0, second: 0, microsecond: 0 });
    }
    default:
      return value;
  }
}

/** Text without Go's white space at both ends. */
function stripped(value: Uint8Array): string {
  const isBlank = (character: string): boolean => /[\s\u0085]/u.test(character) && character !== '\ufeff';
  const characters = Array.from(fromUtf8(value));
  const start = characters.findIndex((character) => !isBlank(character));
  const end = characters.findLastIndex((character) => !isBlank(character));
  return start < 0 ? '' : characters.slice(start, end + 1).join('');
}

function numberIn(value: Uint8Array): string {
  return NUMBER.exec(stripped(value))?.[0] ?? '0';
}

function toReal(text: string): number {
  const value = Number(text);
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/** Any number as an exact one; a moment as its digits. */
function toExact(value: NonNullable<Datum>, from: FieldType): Decimal {
  if (value instanceof Decimal) return value;
  if (value instanceof Uint8Array) return Decimal.parse(numberIn(value)) ?? new Decimal(0n, 0);
  if (typeof value === 'number') return Decimal.parse(String(value)) ?? new Decimal(0n, 0);
  const isMoment = from.tp === MysqlType.date || from.tp === MysqlType.datetime;
  return new Decimal(isMoment ? BigInt(datumText(value, from).replace(/\D/g, '')) : value, 0);
}

function toInteger(value: NonNullable<Datum>, from: FieldType, type: FieldType): bigint {
  const isUnsigned = hasFlag(type, FieldFlag.unsigned);
  const inType = (bits: bigint): bigint => (isUnsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits));
  if (typeof value === 'bigint') return inType(toExact(value, from).unscaled);
  if (value instanceof Uint8Array) {
    const digits = /^[+-]?\d+/.exec(stripped(value))?.[0] ?? '0';
    const integer = BigInt(digits.replace('+', ''));
    return inType(clamp(integer, -(2n ** 63n), 2n ** 64n - 1n));
  }
  const whole = typeof value === 'number' ? BigInt(evenInteger(value)) : value.rescale(0).unscaled;
  return isUnsigned ? clamp(whole, 0n, 2n ** 64n - 1n) : clamp(whole, -(2n ** 63n), 2n ** 63n - 1n);
}

function evenInteger(value: number): number {
  const nearest = Math.round(value);
  return Math.abs(value % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

function clamp(value: bigint, least: bigint, most: bigint): bigint {
  return value < least ? least : value > most ? most : value;
}

function clampDecimal({ unscaled, scale }: Decimal, digits: number): Decimal {
  const limit = 10n ** BigInt(digits) - 1n;
  return new Decimal(clamp(unscaled, -limit, limit), scale);
}

function textOf(value: NonNullable<Datum>, from: FieldType): string {
  if (value instanceof Uint8Array) return fromUtf8(value);
  if (value instanceof Decimal) return value.toString();
  if (typeof value === 'number') return plainText(value);
  return datumText(value, from);
}

/** The shortest digits of a double without exponent. */
function plainText(value: number): string {
  const exact = Decimal.parse(String(Math.abs(value)));
  assert(exact !== undefined, `the double ${value}`);
  return (value < 0 || Object.is(value, -0) ? '-' : '') + exact.toString();
}

function cut(text: string, type: FieldType): Uint8Array {
  const characters = Array.from(text);
  return utf8(type.flen < 0 ? text : characters.slice(0, type.flen).join(''));
}
