/** Conversions in compiled code. */
import { unreachable } from '../../base/assert.js';
import { formatDuration } from '../../codec/duration.js';
import { type FieldType, MysqlType, isUnsigned } from '../../codec/field-type.js';
import { formatDate, formatDatetime, unpackTime } from '../../codec/packed-time.js';
import { isString } from '../../codec/string-type.js';
import { type Cast, typeOf } from '../expression.js';
import {
  clampDecimal,
  clampInteger,
  doubleToDecimal,
  doubleToInteger,
  momentToInteger,
  putDouble,
  putExact,
  textToDecimal,
  textToDouble,
  textToInteger,
  toDouble,
  wrapInteger,
} from '../kernels/conversions.js';
import type { Scratch } from '../kernels/scratch.js';
import { charactersEnd } from '../kernels/string-functions.js';
import { asReal } from './arithmetic-code.js';
import type { Compiler } from './compiler.js';
import { bigText, rescaleCode } from './exact-values.js';
import { ofKind } from './leaf-code.js';
import { eitherText, exactFrom } from './number-code.js';
import type { BitsValue, BytesValue, ExactValue, RealValue, Value } from './value.js';

/** The value of a cast. */
export function castCode(cast: Cast, compiler: Compiler): Value {
  const from = typeOf(cast.operand);
  const value = compiler.value(cast.operand);
  if (isString(cast.type)) return toText(cast, value, from, compiler);
  switch (cast.type.tp) {
    case MysqlType.longlong:
      return toInteger(cast, value, from, compiler);
    case MysqlType.newdecimal:
      return toDecimal(cast, value, compiler);
    case MysqlType.double:
      return toReal(value, from, compiler);
    case MysqlType.date:
      return dateOf(ofKind(value, 'bits'));
    default:
      // Between moments of one precision nothing changes.
      return value;
  }
}

/** The day of a moment, at its beginning. */
export function dateOf({ isNull, hi }: BitsValue): BitsValue {
  return { kind: 'bits', isNull, lo: '0', hi: `(${hi} & -512)` };
}

function toInteger(cast: Cast, value: Value, from: FieldType, compiler: Compiler): ExactValue {
  const { code } = compiler;
  const unsigned = isUnsigned(cast.type);
  switch (value.kind) {
    case 'exact':
      return exactToInteger(cast, value, from, compiler);
    case 'real':
      return exactFrom(value.isNull, 0, `${code.constant(doubleToInteger)}(${value.number})`, compiler);
    case 'bytes':
      return exactFrom(
        value.isNull,
        0,
        `${code.constant(textToInteger)}(${value.data}, ${value.start}, ${value.end}, ${unsigned})`,
        compiler,
      );
    case 'bits':
      return momentNumber(value, from, compiler);
    default:
      return unreachable(value);
  }
}

/** Integers keep their bits, decimals are rounded and clamped. */
function exactToInteger(cast: Cast, value: ExactValue, from: FieldType, compiler: Compiler): ExactValue {
  const unsigned = isUnsigned(cast.type);
  if (from.tp !== MysqlType.newdecimal && isUnsigned(from) === unsigned) return value;
  const { code } = compiler;
  const whole = rescaleCode(value, 0, 'halfUp', code);
  const kernel = code.constant(from.tp === MysqlType.newdecimal ? clampInteger : wrapInteger);
  const isSimple = unsigned ? `${whole.small} >= 0` : 'true';
  const isSmall = whole.wide === undefined ? isSimple : `${whole.wide} === undefined && ${isSimple}`;
  const text = `${isSmall} ? ${whole.small} : ${kernel}(${bigText(whole)}, ${unsigned})`;
  return exactFrom(whole.isNull, 0, text, compiler);
}

function momentNumber({ isNull, lo, hi }: BitsValue, from: FieldType, { code }: Compiler): ExactValue {
  const isDate = from.tp === MysqlType.date;
  const small = code.result(`${code.constant(momentToInteger)}(${lo}, ${hi}, ${isDate})`);
  return { kind: 'exact', isNull, small, wide: undefined, scale: 0 };
}

function toDecimal(cast: Cast, value: Value, compiler: Compiler): ExactValue {
  const { code } = compiler;
  const { flen } = cast.type;
  switch (value.kind) {
    case 'exact':
      return exactToDecimal(cast, value, compiler);
    case 'bits':
      return exactToDecimal(cast, momentNumber(value, typeOf(cast.operand), compiler), compiler);
    case 'real': {
      const text = `${code.constant(doubleToDecimal)}(${value.number}, ${flen}, ${cast.scale})`;
      return exactFrom(value.isNull, cast.scale, text, compiler);
    }
    case 'bytes': {
      const place = `${value.data}, ${value.start}, ${value.end}`;
      const text = `${code.constant(textToDecimal)}(${place}, ${flen}, ${cast.scale})`;
      return exactFrom(value.isNull, cast.scale, text, compiler);
    }
    default:
      return unreachable(value);
  }
}

/** Rounded to the scale, and clamped to the digits of the type. */
function exactToDecimal({ type, scale }: Cast, value: ExactValue, compiler: Compiler): ExactValue {
  const { code } = compiler;
  const rounded = rescaleCode(value, scale, 'halfUp', code);
  // Beyond fifteen digits a small value is within the limit, for it has no more.
  const limit = type.flen <= 15 ? [`Math.abs(${rounded.small}) < ${10 ** type.flen}`] : [];
  const isSmall = rounded.wide === undefined ? limit : [`${rounded.wide} === undefined`, ...limit];
  if (isSmall.length === 0) return rounded;
  const clamped = `${code.constant(clampDecimal)}(${bigText(rounded)}, ${type.flen})`;
  return exactFrom(
    rounded.isNull,
    scale,
    `${isSmall.join(' && ')} ? ${rounded.small} : ${clamped}`,
    compiler,
  );
}

function toReal(value: Value, from: FieldType, compiler: Compiler): RealValue {
  const { code } = compiler;
  if (value.kind === 'bits') return asReal(momentNumber(value, from, compiler), code, toDouble);
  if (value.kind !== 'bytes') return asReal(value, code, toDouble);
  const { isNull, data, start, end } = value;
  const number = `${code.constant(textToDouble)}(${data}, ${start}, ${end})`;
  return {
    kind: 'real',
    isNull,
    number: code.result(isNull === undefined ? number : `${isNull} ? 0 : ${number}`),
  };
}

function toText({ type }: Cast, value: Value, from: FieldType, compiler: Compiler): BytesValue {
  const { code } = compiler;
  if (value.kind === 'bytes') return cut(value, type, compiler);
  const scratch = code.scratch();
  const [data, start, end] = [code.name('m'), code.name('p'), code.name('q')];
  code.emit(`let ${data}, ${start} = 0, ${end} = 0;
    ${value.isNull === undefined ? '' : `if (!${value.isNull})`} {
      ${start} = ${scratch}.at;
      ${putText(value, from, compiler)}
      ${data} = ${scratch}.data; ${end} = ${scratch}.at;
    }`);
  return cut({ kind: 'bytes', isNull: value.isNull, data, start, end }, type, compiler);
}

/** The text cut off at the type's length. */
function cut(value: BytesValue, { flen }: FieldType, { code }: Compiler): BytesValue {
  if (flen < 0) return value;
  const { isNull, data, start, end } = value;
  const stop = `${code.constant(charactersEnd)}(${data}, ${start}, ${end}, ${flen})`;
  return { ...value, end: code.result(isNull === undefined ? stop : `${isNull} ? 0 : ${stop}`) };
}

function putText(value: Exclude<Value, BytesValue>, from: FieldType, { code }: Compiler): string {
  const scratch = code.scratch();
  switch (value.kind) {
    case 'exact':
      return `${code.constant(putExact)}(${scratch}, ${eitherText(value)}, ${value.scale});`;
    case 'real':
      return `${code.constant(putDouble)}(${scratch}, ${value.number});`;
    case 'bits':
      return `${code.constant(momentPutter(from))}(${scratch}, ${value.lo}, ${value.hi});`;
    default:
      return unreachable(value);
  }
}

/** Writes a moment or a duration. */
function momentPutter(type: FieldType): (scratch: Scratch, lo: number, hi: number) => void {
  const fsp = Math.max(type.decimal, 0);
  return (scratch, lo, hi) => {
    const bits = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
    if (type.tp === MysqlType.duration) scratch.putAscii(formatDuration(bits, fsp));
    else {
      const parts = unpackTime(BigInt.asUintN(64, bits));
      scratch.putAscii(type.tp === MysqlType.date ? formatDate(parts) : formatDatetime(parts, fsp));
    }
  };
}
