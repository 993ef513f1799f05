/** Functions of one number, and ROUND and TRUNCATE, in compiled code. */
import { assert, unreachable } from '../../base/assert.js';
import { MysqlType, isUnsigned } from '../../codec/field-type.js';
import { typeOf, type Call } from '../expression.js';
import { roundDouble, roundInteger, truncateDouble } from '../kernels/conversions.js';
import { exactAbsolute, exactNegation } from './arithmetic-code.js';
import type { Compiler } from './compiler.js';
import { type Rounding, exactResult, rescaleCode } from './exact-values.js';
import type { ExactValue, RealValue, Value } from './value.js';

/** The functions of this file. */
export type NumberFunction = 'negate' | 'abs' | 'sign' | 'ceil' | 'floor' | 'round' | 'truncate';

/** The value of such a call. */
export function numberCode(call: Call & { readonly function: NumberFunction }, compiler: Compiler): Value {
  const [operand, digits] = call.operands;
  assert(operand !== undefined, `${call.function} of nothing`);
  const value = compiler.value(operand);
  const places = digits === undefined ? undefined : digitsOf(digits);
  if (value.kind === 'real') return ofReal(call, value, places, compiler);
  assert(value.kind === 'exact', `${call.function} of a ${value.kind} value`);
  return ofExact(call, value, places, compiler);
}

/** A constant number of digits. */
function digitsOf(expression: Call['operands'][number]): number {
  assert(expression.kind === 'constant' && typeof expression.value === 'bigint', 'digits are constant');
  return Number(expression.value);
}

function ofExact(
  call: Call & { readonly function: NumberFunction },
  value: ExactValue,
  places: number | undefined,
  compiler: Compiler,
): Value {
  const { code } = compiler;
  switch (call.function) {
    case 'negate':
      return exactNegation(call, value, code);
    case 'abs':
      return exactAbsolute(call, value, code);
    case 'sign':
      return signOf(value);
    case 'ceil':
    case 'floor':
      return rescaleCode(value, 0, call.function, code);
    case 'round':
      return typeOf(call).tp === MysqlType.newdecimal || places === undefined
        ? toPlaces(value, places ?? 0, call.scale, 'halfUp', compiler)
        : roundedInteger(call, value, places, compiler);
    case 'truncate':
      return toPlaces(value, places ?? 0, call.scale, 'truncate', compiler);
    default:
      return unreachable(call.function);
  }
}

function signOf({ isNull, small, wide }: ExactValue): ExactValue {
  const sign = `(${small} > 0 ? 1 : ${small} < 0 ? -1 : 0)`;
  const text = wide === undefined ? sign : `(${wide} === undefined ? ${sign} : ${wide} > 0n ? 1 : -1)`;
  return { kind: 'exact', isNull, small: text, wide: undefined, scale: 0 };
}

/** Rounds to digits behind the point (or, if negative, before it), at a scale. */
function toPlaces(
  value: ExactValue,
  places: number,
  scale: number,
  rounding: Rounding,
  { code }: Compiler,
): ExactValue {
  if (places >= 0) {
    return rescaleCode(
      rescaleCode(value, Math.min(places, value.scale), rounding, code),
      scale,
      rounding,
      code,
    );
  }
  // Digits before the point are taken away as if they stood behind it, and come back as zeros.
  const cut = rescaleCode({ ...value, scale: value.scale - places }, 0, rounding, code);
  return { ...rescaleCode(cut, scale - places, rounding, code), scale };
}

function roundedInteger(call: Call, value: ExactValue, places: number, compiler: Compiler): ExactValue {
  const kernel = compiler.code.constant(roundInteger);
  const text = `${kernel}(${eitherText(value)}, ${places}, ${isUnsigned(call.type)})`;
  return exactFrom(value.isNull, 0, text, compiler);
}

function ofReal(
  call: Call & { readonly function: NumberFunction },
  { isNull, number }: RealValue,
  places: number | undefined,
  { code }: Compiler,
): Value {
  const real = (text: string): RealValue => ({ kind: 'real', isNull, number: code.result(text) });
  switch (call.function) {
    case 'negate':
      return real(`-${number}`);
    case 'abs':
      return real(`Math.abs(${number})`);
    case 'sign':
      return {
        kind: 'exact',
        isNull,
        small: `(${number} > 0 ? 1 : ${number} < 0 ? -1 : 0)`,
        wide: undefined,
        scale: 0,
      };
    case 'ceil':
      return real(`Math.ceil(${number})`);
    case 'floor':
      return real(`Math.floor(${number})`);
    case 'round':
      return real(`${code.constant(roundDouble)}(${number}, ${places ?? 0})`);
    case 'truncate':
      return real(`${code.constant(truncateDouble)}(${number}, ${places ?? 0})`);
    default:
      return unreachable(call.function);
  }
}

/** The value's text as one argument: a double, or a bigint where it is wide. */
export function eitherText({ small, wide }: ExactValue): string {
  return wide === undefined ? small : `(${wide} ?? ${small})`;
}

/** Sets a value to what a kernel gives back: a double, or a bigint where it is wide. */
export function exactFrom(
  isNull: string | undefined,
  scale: number,
  text: string,
  { code }: Compiler,
): ExactValue {
  return exactResult(isNull, scale, code, (target) => {
    const result = code.result(text);
    code.emit(
      `if (typeof ${result} === 'number') ${target.small} = ${result}; else ${target.wide} = ${result};`,
    );
  });
}
