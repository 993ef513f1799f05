/** Functions of single values, as plainly as they can be said: exact numbers are bigints, strings are characters. */
import { assert, present, unreachable } from '../../base/assert.js';
import { fromUtf8, utf8 } from '../../base/bytes.js';
import type { Datum } from '../../codec/datum.js';
import { Decimal } from '../../codec/decimal.js';
import { type FieldType, MysqlType, hasFlag, FieldFlag } from '../../codec/field-type.js';
import { packTime, shiftMinutes, unpackTime } from '../../codec/packed-time.js';
import { EvaluationError } from '../../dataflow/evaluation-error.js';
import type { Call } from '../../dataflow/expression.js';
import { simpleLower, simpleUpper } from './simple-case.js';

/** The value of a call on values; COALESCE is not here, for it does not ask for all of them. */
export function callFunction(call: Call, values: readonly Datum[]): Datum {
  if (call.function === 'concatWs') return concatWs(values);
  const given = values.filter((value) => value !== null);
  if (given.length < values.length) return null;
  const { function: name } = call;
  switch (name) {
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
    case 'intDivide':
    case 'modulo':
    case 'negate':
    case 'abs':
      return given.some((value) => typeof value === 'number')
        ? realArithmetic(call, given.map(realOf))
        : exactArithmetic(call, given.map(exactOf));
    case 'sign':
    case 'ceil':
    case 'floor':
    case 'round':
    case 'truncate':
      return rounding(call, present(given[0], 'an operand'), given[1]);
    case 'greatest':
    case 'least':
      return extreme(call, given);
    case 'wallClock': {
      const [moment, minutes] = given;
      assert(typeof moment === 'bigint' && typeof minutes === 'bigint', 'a moment and minutes');
      return packTime(shiftMinutes(unpackTime(moment), Number(minutes)));
    }
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'minute':
    case 'second': {
      const moment = given[0];
      assert(typeof moment === 'bigint', 'a moment');
      return BigInt(unpackTime(moment)[name]);
    }
    case 'coalesce':
      assert(false, 'COALESCE does not ask for all its operands');
      return null;
    default:
      return ofStrings(name, given);
  }
}

function exactOf(value: Datum): Decimal {
  if (typeof value === 'bigint') return new Decimal(value, 0);
  assert(value instanceof Decimal, 'an exact number');
  return value;
}

function realOf(value: Datum): number {
  if (typeof value === 'number') return value;
  return Number(exactOf(value).toString());
}

/** A result of the call's type. */
function inType({ type, scale, source }: Call, value: Decimal): Datum {
  if (type.tp === MysqlType.newdecimal) return value.rescale(scale);
  const integer = value.rescale(0).unscaled;
  const isUnsigned = hasFlag(type, FieldFlag.unsigned);
  if (integer !== (isUnsigned ? BigInt.asUintN(64, integer) : BigInt.asIntN(64, integer))) {
    throw new EvaluationError(isUnsigned ? 'BIGINT UNSIGNED' : 'BIGINT', source);
  }
  return integer;
}

function exactArithmetic(call: Call, [a, b]: readonly Decimal[]): Datum {
  assert(a !== undefined, 'an operand');
  if (b === undefined) {
    const isTurned = call.function === 'negate' || a.unscaled < 0n;
    return inType(call, isTurned ? new Decimal(-a.unscaled, a.scale) : a);
  }
  const scale = Math.max(a.scale, b.scale);
  const [x, y] = [a.rescale(scale).unscaled, b.rescale(scale).unscaled];
  switch (call.function) {
    case 'add':
      return inType(call, new Decimal(x + y, scale));
    case 'subtract':
      return inType(call, new Decimal(x - y, scale));
    case 'multiply': {
      const isOfBits = call.type.tp !== MysqlType.newdecimal && hasFlag(call.type, FieldFlag.unsigned);
      const [p, q] = isOfBits
        ? [BigInt.asUintN(64, a.unscaled), BigInt.asUintN(64, b.unscaled)]
        : [a.unscaled, b.unscaled];
      return inType(call, new Decimal(p * q, a.scale + b.scale));
    }
    case 'divide':
      return y === 0n ? null : new Decimal((x * 10n ** BigInt(call.scale)) / y, call.scale);
    case 'intDivide':
      return y === 0n ? null : inType(call, new Decimal(x / y, 0));
    default:
      return y === 0n ? null : inType(call, new Decimal(x % y, scale));
  }
}

function realArithmetic({ function: name, source }: Call, [a, b]: readonly number[]): Datum {
  assert(a !== undefined, 'an operand');
  if (name === 'negate') return -a;
  if (name === 'abs') return Math.abs(a);
  assert(b !== undefined, 'two operands');
  if ((name === 'divide' || name === 'modulo') && b === 0) return null;
  const results = { add: a + b, subtract: a - b, multiply: a * b, divide: a / b, modulo: a % b } as const;
  assert(name in results, `${name} of doubles`);
  const result = results[name as keyof typeof results];
  if (!Number.isFinite(result)) throw new EvaluationError('DOUBLE', source);
  return result;
}

function rounding(call: Call, value: NonNullable<Datum>, digits: Datum | undefined): Datum {
  const places = typeof digits === 'bigint' ? Number(digits) : 0;
  const { function: name, type } = call;
  if (name === 'sign') return BigInt(Math.sign(realOf(value)) + 0);
  if (typeof value === 'number') return roundedReal(name, value, places);
  if (name === 'ceil' || name === 'floor') return inType(call, new Decimal(whole(exactOf(value), name), 0));
  if (name === 'round' && type.tp !== MysqlType.newdecimal && digits !== undefined) {
    return roundedInteger(exactOf(value).unscaled, places, type);
  }
  return inType(call, toPlaces(exactOf(value), places, name === 'round'));
}

function whole({ unscaled, scale }: Decimal, name: 'ceil' | 'floor'): bigint {
  const power = 10n ** BigInt(scale);
  const down = unscaled / power - (unscaled % power < 0n ? 1n : 0n);
  return name === 'ceil' && down * power !== unscaled ? down + 1n : down;
}

function toPlaces(value: Decimal, places: number, isNearest: boolean): Decimal {
  // Shifted so that the last place to keep is the one before the point.
  const power = 10n ** BigInt(Math.abs(places));
  const shifted = places >= 0 ? value.unscaled * power : value.unscaled;
  const unit = 10n ** BigInt(value.scale) * (places >= 0 ? 1n : power);
  const half = isNearest ? (value.unscaled < 0n ? -unit / 2n : unit / 2n) : 0n;
  const kept = (shifted + half) / unit;
  return places >= 0 ? new Decimal(kept, places) : new Decimal(kept * power, 0);
}

/** TiDB's rounding of doubles: to the even one of two that are as near. */
function toEven(value: number): number {
  const nearest = Math.round(value);
  const result = Math.abs(value % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}

function roundedReal(name: Call['function'], value: number, places: number): number {
  if (name === 'ceil') return Math.ceil(value);
  if (name === 'floor') return Math.floor(value);
  const power = Number(`1e${places}`);
  const scaled = value * power;
  if (!Number.isFinite(scaled)) return value;
  if (name === 'truncate' && power === 0) return 0;
  const result = (name === 'round' ? toEven(scaled) : Math.trunc(scaled)) / power;
  return Number.isNaN(result) ? 0 : result;
}

function roundedInteger(value: bigint, places: number, type: FieldType): bigint {
  const rounded = roundedReal('round', Number(BigInt.asIntN(64, value)), places);
  const bits = Math.abs(rounded) >= 2 ** 63 ? -(2n ** 63n) : BigInt(Math.trunc(rounded));
  return hasFlag(type, FieldFlag.unsigned) ? BigInt.asUintN(64, bits) : bits;
}

function extreme(call: Call, values: readonly NonNullable<Datum>[]): Datum {
  const isGreatest = call.function === 'greatest';
  const best = values.reduce((a, b) => {
    const order = typeof a === 'number' ? realOf(b) - a : exactOf(b).compare(exactOf(a));
    return (isGreatest ? order > 0 : order < 0) ? b : a;
  });
  return typeof best === 'number' ? best : inType(call, exactOf(best));
}

function concatWs(values: readonly Datum[]): Datum {
  const [separator, ...rest] = values;
  if (separator === null || separator === undefined) return null;
  const texts = rest.filter((value) => value !== null).map(bytesOf);
  return Buffer.concat(texts.flatMap((text, i) => (i === 0 ? [text] : [bytesOf(separator), text])));
}

function bytesOf(value: Datum): Uint8Array {
  assert(value instanceof Uint8Array, 'a string');
  return value;
}

type StringFunction = Extract<
  Call['function'],
  | 'concat'
  | 'length'
  | 'charLength'
  | 'upper'
  | 'lower'
  | 'substring'
  | 'left'
  | 'right'
  | 'trimLeading'
  | 'trimTrailing'
  | 'trimBoth'
  | 'replace'
  | 'lpad'
  | 'rpad'
>;

function ofStrings(
  name: Exclude<Call['function'], 'concatWs'>,
  values: readonly NonNullable<Datum>[],
): Datum {
  const first = bytesOf(present(values[0], 'an operand'));
  if (name === 'concat') return Buffer.concat(values.map(bytesOf));
  if (name === 'length') return BigInt(first.length);
  const texts = values.map((value) => (value instanceof Uint8Array ? fromUtf8(value) : ''));
  const numbers = values.map((value) => (typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0));
  const result = ofCharacters(name as StringFunction, texts, numbers);
  return typeof result === 'string' ? utf8(result) : result;
}

function ofCharacters(
  name: StringFunction,
  [text = '', second = '', third = '']: readonly string[],
  numbers: readonly number[],
): string | bigint | null {
  const characters = Array.from(text);
  const count = characters.length;
  const [, position = 0, length] = numbers;
  switch (name) {
    case 'charLength':
      return BigInt(count);
    case 'upper':
      return characters.map(simpleUpper).join('');
    case 'lower':
      return characters.map(simpleLower).join('');
    case 'substring': {
      const start =
        position > 0 ? position - 1 : position === 0 || -position > count ? count : count + position;
      return characters
        .slice(start, numbers.length > 2 ? start + Math.max(length ?? 0, 0) : undefined)
        .join('');
    }
    case 'left':
      return characters.slice(0, Math.max(position, 0)).join('');
    case 'right':
      return characters.slice(Math.max(count - Math.max(position, 0), 0)).join('');
    case 'trimLeading':
      return withoutStart(text, second);
    case 'trimTrailing':
      return withoutEnd(text, second);
    case 'trimBoth':
      return withoutEnd(withoutStart(text, second), second);
    case 'replace':
      return second === '' ? text : text.split(second).join(third);
    case 'lpad':
    case 'rpad':
      return padded(name, characters, position, Array.from(third));
    case 'concat':
    case 'length':
      return null;
    default:
      return unreachable(name);
  }
}

function withoutStart(text: string, what: string): string {
  return what !== '' && text.startsWith(what) ? withoutStart(text.slice(what.length), what) : text;
}

function withoutEnd(text: string, what: string): string {
  return what !== '' && text.endsWith(what) ? withoutEnd(text.slice(0, -what.length), what) : text;
}

function padded(
  name: 'lpad' | 'rpad',
  characters: readonly string[],
  length: number,
  filler: readonly string[],
): string | null {
  if (length < 0) return null;
  const missing = length - characters.length;
  if (missing <= 0) return characters.slice(0, length).join('');
  if (filler.length === 0) return null;
  const padding = Array.from({ length: missing }, (_, i) => filler[i % filler.length]).join('');
  return name === 'lpad' ? padding + characters.join('') : characters.join('') + padding;
}
