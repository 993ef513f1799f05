/** Columns, constants and tests as values in compiled code. */
import { assert, unreachable } from '../../base/assert.js';
import { WIDE_HI } from '../../codec/column.js';
import { Decimal } from '../../codec/decimal.js';
import { isUnsigned, storageOf } from '../../codec/field-type.js';
import { isPlainNumber } from '../plain-number.js';
import type { Constant, InputColumn } from '../expression.js';
import { unscaledAt } from '../kernels/decimal.js';
import { TWO_32, halvesOf, wideInteger } from '../kernels/i64.js';
import type { Code } from './code.js';
import type { BytesValue, ExactValue, Value } from './value.js';

/** High halves of integers within ±2^53 lie within ± this. */
const SMALL_HI = 0x20_0000;

/** A column's value in the row. */
export function columnValue(column: InputColumn, code: Code): Value {
  const { index, type } = column;
  const storage = code.column(index, type);
  // Two nodes may stand for one column.
  return code.resultOf(`column ${index}`, () => {
    const isNull = code.result(code.isNull(index));
    switch (storage) {
      case 'i64':
        return isPlainNumber(type)
          ? integerColumn(column, isNull, code)
          : { kind: 'bits', isNull, lo: `l${index}[i]`, hi: `h${index}[i]` };
      case 'dec':
        return decimalColumn(column, isNull, code);
      case 'f64':
        return { kind: 'real', isNull, number: `v${index}[i]` };
      case 'bytes':
        return {
          kind: 'bytes',
          isNull,
          data: `d${index}`,
          start: `o${index}[i]`,
          end: `o${index}[i + 1]`,
        };
      default:
        return unreachable(storage);
    }
  });
}

function integerColumn({ index, type }: InputColumn, isNull: string, code: Code): ExactValue {
  const [small, wide] = [code.name('s'), code.name('w')];
  const hi = code.result(isUnsigned(type) ? `h${index}[i] >>> 0` : `h${index}[i]`);
  const fits = isUnsigned(type) ? `${hi} < ${SMALL_HI}` : `${hi} < ${SMALL_HI} && ${hi} >= -${SMALL_HI}`;
  code.emit(`let ${small} = 0, ${wide};
    if (${fits}) ${small} = ${hi} * ${TWO_32} + (l${index}[i] >>> 0);
    else ${wide} = ${code.constant(wideInteger)}(l${index}[i], ${hi});`);
  return { kind: 'exact', isNull, small, wide, scale: 0 };
}

function decimalColumn({ index, type }: InputColumn, isNull: string, code: Code): ExactValue {
  const [small, wide] = [code.name('s'), code.name('w')];
  code.emit(`let ${small} = 0, ${wide};
    if (h${index}[i] !== ${WIDE_HI}) ${small} = h${index}[i] * ${TWO_32} + (l${index}[i] >>> 0);
    else ${wide} = ${code.constant(unscaledAt)}(c${index}, i);`);
  return { kind: 'exact', isNull, small, wide, scale: Math.max(type.decimal, 0) };
}

/** A constant's value. */
export function constantValue({ value, type }: Constant, code: Code): Value {
  if (value === null) return nullValue(type);
  if (value instanceof Decimal) return exactConstant(value.unscaled, value.scale);
  if (value instanceof Uint8Array) return bytesConstant(value, code);
  if (typeof value === 'number') return { kind: 'real', isNull: undefined, number: code.constant(value) };
  if (isPlainNumber(type)) return exactConstant(value, 0);
  const { lo, hi } = halvesOf(value);
  return { kind: 'bits', isNull: undefined, lo: `(${lo})`, hi: `(${hi})` };
}

function exactConstant(unscaled: bigint, scale: number): ExactValue {
  const small = Number(unscaled);
  return Number.isSafeInteger(small)
    ? { kind: 'exact', isNull: undefined, small: `(${small})`, wide: undefined, scale }
    : { kind: 'exact', isNull: undefined, small: '0', wide: `(${unscaled}n)`, scale };
}

function bytesConstant(value: Uint8Array, code: Code): BytesValue {
  return {
    kind: 'bytes',
    isNull: undefined,
    data: code.constant(value),
    start: '0',
    end: String(value.length),
  };
}

/** NULL, in the form that values of its type have. */
export function nullValue(type: Constant['type']): Value {
  const isNull = 'true';
  switch (storageOf(type)) {
    case 'i64':
      return isPlainNumber(type)
        ? { kind: 'exact', isNull, small: '0', wide: undefined, scale: 0 }
        : { kind: 'bits', isNull, lo: '0', hi: '0' };
    case 'dec':
      // It has no digits, as scaleOf says, whatever its type would have.
      return { kind: 'exact', isNull, small: '0', wide: undefined, scale: 0 };
    case 'f64':
      return { kind: 'real', isNull, number: '0' };
    case 'bytes':
      return { kind: 'bytes', isNull, data: 'undefined', start: '0', end: '0' };
  }
}

/** A test's value, from the name of its truth: 1, 0, or 2 for NULL. */
export function truthAsValue(name: string): ExactValue {
  return {
    kind: 'exact',
    isNull: `(${name} === 2)`,
    small: `(${name} & 1)`,
    wide: undefined,
    scale: 0,
  };
}

/** The value as one of a kind. */
export function ofKind<Kind extends Value['kind']>(value: Value, kind: Kind): Extract<Value, { kind: Kind }> {
  assert(value.kind === kind, `a value of kind ${value.kind}, not ${kind}`);
  return value as Extract<Value, { kind: Kind }>;
}
