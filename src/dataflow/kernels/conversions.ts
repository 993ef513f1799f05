/**
 * Conversions between kinds of values: numbers and their texts, numbers and moments. Exact numbers are unscaled values,
 * doubles while they are integers within 53 bits and bigints beyond.
 *
 * @see pingcap/tidb pkg/types/convert.go, pkg/expression/builtin_cast.go
 */
import { asBuffer } from '../../base/bytes.js';
import { Decimal, powerOfTen } from '../../codec/decimal.js';
import type { Scratch } from './scratch.js';

const SIGNED_MAX = 0x7fff_ffff_ffff_ffffn;
const SIGNED_MIN = -0x8000_0000_0000_0000n;
const UNSIGNED_MAX = 0xffff_ffff_ffff_ffffn;

/** An integer as a double if it is exact there. */
export function shrunk(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** The double nearest to a decimal. */
export function toDouble(unscaled: bigint, scale: number): number {
  return Number(new Decimal(unscaled, scale).toString());
}

/** Adds an exact number's text, with all digits of its scale. */
export function putExact(scratch: Scratch, unscaled: number | bigint, scale: number): void {
  if (scale === 0) scratch.putAscii(String(unscaled));
  else scratch.putAscii(new Decimal(BigInt(unscaled), scale).toString());
}

/** Adds the fewest digits that read back as the same double, without exponent. */
export function putDouble(scratch: Scratch, value: number): void {
  const text = String(Math.abs(value));
  if (value < 0 || Object.is(value, -0)) scratch.putByte(0x2d);
  const [mantissa = '', exponentText] = text.split('e');
  if (exponentText === undefined) {
    scratch.putAscii(text);
    return;
  }
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponentText);
  scratch.putAscii(point <= 0 ? `0.${'0'.repeat(-point)}${digits}` : digits.padEnd(point, '0'));
}

/** The text between blanks. */
function trimmedText(data: Uint8Array, start: number, end: number): string {
  const text = asBuffer(data.subarray(start, end)).toString('utf8');
  // Go's white space, which is not JavaScript's: with the next line, without the byte order mark.
  return text.replace(/^[\s\u0085]+|[\s\u0085]+$/g, (blanks) => blanks.replace(/[^\ufeff]/g, ''));
}

/** The integer at the beginning of a string, as CAST reads it: out of range it becomes the nearest 64 bits. */
export function textToInteger(
  data: Uint8Array,
  start: number,
  end: number,
  isUnsigned: boolean,
): number | bigint {
  const text = trimmedText(data, start, end);
  const digits = /^[+-]?\d+/.exec(text)?.[0] ?? '0';
  const value = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
  const isNegative = text.length > 1 && text.startsWith('-');
  const clamped = isNegative
    ? value < SIGNED_MIN
      ? SIGNED_MIN
      : value
    : value > UNSIGNED_MAX
      ? UNSIGNED_MAX
      : value;
  return shrunk(isUnsigned ? BigInt.asUintN(64, clamped) : BigInt.asIntN(64, clamped));
}

/** The number at the beginning of a string; zero if there is none. */
export function textToDouble(data: Uint8Array, start: number, end: number): number {
  const text = trimmedText(data, start, end);
  const prefix = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(text)?.[0];
  if (prefix === undefined) return 0;
  const value = Number(prefix);
  return Number.isFinite(value) ? value : Math.sign(value) * Number.MAX_VALUE;
}

/** The integer nearest to a double, halves to the even one, clamped to 64 bits with a sign. */
export function doubleToInteger(value: number): number | bigint {
  const rounded = roundEven(value);
  if (Number.isSafeInteger(rounded)) return rounded + 0;
  const exact = BigInt(rounded);
  return exact > SIGNED_MAX ? SIGNED_MAX : exact < SIGNED_MIN ? SIGNED_MIN : exact;
}

/** The nearest integer, halves to the even one. */
export function roundEven(value: number): number {
  const floor = Math.floor(value);
  const difference = value - floor;
  if (difference < 0.5) return floor === 0 && Object.is(Math.sign(value), -0) ? -0 : signed(floor, value);
  if (difference > 0.5) return signed(floor + 1, value);
  return signed(floor % 2 === 0 ? floor : floor + 1, value);
}

/** Zero with the sign of what it was rounded from. */
function signed(rounded: number, value: number): number {
  return rounded === 0 && value < 0 ? -0 : rounded;
}

/**
 * ROUND of a double, as TiDB computes it: scaled, rounded, scaled back.
 *
 * @see pingcap/tidb pkg/types/helper.go (Round, Truncate)
 */
export function roundDouble(value: number, digits: number): number {
  const shift = Number(`1e${digits}`);
  const scaled = value * shift;
  if (!Number.isFinite(scaled)) return value;
  const result = roundEven(scaled) / shift;
  return Number.isNaN(result) ? 0 : result;
}

/** TRUNCATE of a double. */
export function truncateDouble(value: number, digits: number): number {
  const shift = Number(`1e${digits}`);
  const scaled = value * shift;
  if (!Number.isFinite(scaled)) return value;
  return shift === 0 ? 0 : Math.trunc(scaled) / shift;
}

/** ROUND of an integer to digits behind the point or before it, through doubles as TiDB does it. */
export function roundInteger(value: number | bigint, digits: number, isUnsigned: boolean): number | bigint {
  const signedBits = BigInt.asIntN(64, BigInt(value));
  const rounded = roundDouble(Number(signedBits), digits);
  // Converting what is beyond 64 bits gives the least integer on the processors that TiDB runs on.
  const whole = Math.abs(rounded) < 2 ** 63 ? BigInt(Math.trunc(rounded)) : SIGNED_MIN;
  return shrunk(isUnsigned ? BigInt.asUintN(64, whole) : whole);
}

/** An integer clamped to 64 bits. */
export function clampInteger(value: bigint, isUnsigned: boolean): number | bigint {
  const [least, most] = isUnsigned ? [0n, UNSIGNED_MAX] : [SIGNED_MIN, SIGNED_MAX];
  return shrunk(value < least ? least : value > most ? most : value);
}

/** An integer's 64 bits read with or without a sign. */
export function wrapInteger(value: bigint, isUnsigned: boolean): number | bigint {
  return shrunk(isUnsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value));
}

/** A decimal of so many digits at most: beyond, the greatest of them. */
export function clampDecimal(unscaled: bigint, digits: number): number | bigint {
  const limit = powerOfTen(digits) - 1n;
  return shrunk(unscaled > limit ? limit : unscaled < -limit ? -limit : unscaled);
}

/**
 * The decimal at the beginning of a string, at a scale, halves rounded away from zero; zero if there is none.
 *
 * @param digits - of the decimal at most.
 */
export function textToDecimal(
  data: Uint8Array,
  start: number,
  end: number,
  digits: number,
  scale: number,
): number | bigint {
  const text = trimmedText(data, start, end);
  const prefix = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(text)?.[0];
  const value = prefix === undefined ? undefined : Decimal.parse(prefix);
  return clampDecimal((value ?? new Decimal(0n, 0)).rescale(scale).unscaled, digits);
}

/** A double as a decimal: the fewest digits that read back as it, then rounded. */
export function doubleToDecimal(value: number, digits: number, scale: number): number | bigint {
  const exact = Decimal.parse(String(value)) ?? new Decimal(0n, 0);
  return clampDecimal(exact.rescale(scale).unscaled, digits);
}

const DATE_SHIFT = 41;

/** YYYYMMDD or YYYYMMDDhhmmss of a packed moment. */
export function momentToInteger(lo: number, hi: number, isDate: boolean): number {
  const date = hi >>> (DATE_SHIFT - 32);
  const yearMonth = date >>> 5;
  const day = Math.floor(yearMonth / 13) * 10_000 + (yearMonth % 13) * 100 + (date & 31);
  if (isDate) return day;
  const [hour, minute, second] = [(hi >>> 4) & 31, ((hi & 15) << 2) | (lo >>> 30), (lo >>> 24) & 63];
  return day * 1_000_000 + hour * 10_000 + minute * 100 + second;
}
