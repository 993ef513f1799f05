/**
 * Comparisons of exact numbers (integers and decimals) in compiled code. A column against a constant compares the
 * stored integers with the constant brought to the column's scale once, when compiling; only what does not fit in a
 * double's 53 bits goes through bigints.
 */
import { WIDE_HI } from '../../codec/column.js';
import { type Decimal, powerOfTen } from '../../codec/decimal.js';
import { isUnsigned } from '../../codec/field-type.js';
import type { ComparisonOperator, InputColumn } from '../expression.js';
import { compareExact, compareUnscaled } from '../kernels/decimal.js';
import { TWO_32 } from '../kernels/i64.js';
import type { Code } from './code.js';
import { type IntegerCode, type Operand, exactOf, integerCode, valueOf } from './operand-code.js';
import { compareValues } from './value-comparison.js';

/** The operators as JavaScript writes them between two numbers. */
export type NumericOperator = '===' | '!==' | '<' | '<=' | '>' | '>=';

const NUMERIC: Readonly<Record<ComparisonOperator, NumericOperator>> = {
  '=': '===',
  '<=>': '===',
  '<>': '!==',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

const MIRRORED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '=': '=',
  '<=>': '<=>',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** The operator between two numbers. */
export function numericOperator(operator: ComparisonOperator): NumericOperator {
  return NUMERIC[operator];
}

/** The operator with its operands exchanged. */
export function mirrored(operator: ComparisonOperator): ComparisonOperator {
  return MIRRORED[operator];
}

/** Whether integers given as halves compare so. */
export function compareHalvesCode(operator: ComparisonOperator, a: IntegerCode, b: IntegerCode): string {
  const numeric = NUMERIC[operator];
  if (numeric === '===') return `(${a.lo} === ${b.lo} && ${a.hi} === ${b.hi})`;
  if (numeric === '!==') return `(${a.lo} !== ${b.lo} || ${a.hi} !== ${b.hi})`;
  const strict = numeric.slice(0, 1);
  return `(${a.hi} ${strict} ${b.hi} || (${a.hi} === ${b.hi} && ${a.lo} ${numeric} ${b.lo}))`;
}

/** Whether two exact operands, neither NULL, compare so. */
export function exactComparison(
  operator: ComparisonOperator,
  left: Operand,
  right: Operand,
  code: Code,
): string {
  if (left.kind === 'value' || right.kind === 'value') {
    return `(${compareValues(valueOf(left, code), valueOf(right, code), code)} ${NUMERIC[operator]} 0)`;
  }
  if (right.kind === 'constant') return againstConstant(operator, left, exactOf(right.constant), code);
  if (left.kind === 'constant')
    return againstConstant(MIRRORED[operator], right, exactOf(left.constant), code);
  if (isInteger(left, code) && isInteger(right, code)) {
    return compareHalvesCode(operator, integerCode(left, code), integerCode(right, code));
  }
  if (left.kind !== 'column' || right.kind !== 'column') {
    return `(${compareValues(valueOf(left, code), valueOf(right, code), code)} ${NUMERIC[operator]} 0)`;
  }
  const [a, b] = [left.column, right.column];
  const call = `${code.constant(compareExact)}(c${a.index}, ${isUnsigned(a.type)}, c${b.index}, ${isUnsigned(b.type)}, i)`;
  return `(${call} ${NUMERIC[operator]} 0)`;
}

function isInteger(operand: Operand, code: Code): boolean {
  return operand.kind !== 'column' || code.column(operand.column.index, operand.column.type) === 'i64';
}

function againstConstant(
  operator: ComparisonOperator,
  operand: Operand,
  constant: Decimal,
  code: Code,
): string {
  if (operand.kind === 'constant')
    return String(holds(operator, exactOf(operand.constant).compare(constant)));
  const isDecimal = operand.kind === 'column' && !isInteger(operand, code);
  const scale = isDecimal ? Math.max(operand.column.type.decimal, 0) : 0;
  const bound = boundAt(operator, constant, scale);
  if (typeof bound === 'boolean') return String(bound);
  return isDecimal
    ? decimalAgainst(bound, operand.column, code)
    : integerAgainst(bound, integerCode(operand, code), operand);
}

/** A comparison with an integer at the column's scale. */
interface Bound {
  readonly operator: ComparisonOperator;
  readonly unscaled: bigint;
}

/** The constant at a scale, rounded down; where that changes it, the operator changes so that the answer does not. */
function boundAt(operator: ComparisonOperator, constant: Decimal, scale: number): Bound | boolean {
  const divisor = powerOfTen(Math.max(constant.scale - scale, 0));
  const multiplied = constant.unscaled * powerOfTen(Math.max(scale - constant.scale, 0));
  const remainder = ((multiplied % divisor) + divisor) % divisor;
  const unscaled = (multiplied - remainder) / divisor;
  if (remainder === 0n) return { operator, unscaled };
  switch (operator) {
    case '=':
    case '<=>':
      return false;
    case '<>':
      return true;
    case '<':
    case '<=':
      return { operator: '<=', unscaled };
    case '>':
    case '>=':
      return { operator: '>', unscaled };
  }
}

function decimalAgainst({ operator, unscaled }: Bound, { index }: InputColumn, code: Code): string {
  const wide = `${code.constant(compareUnscaled)}(c${index}, i, ${code.constant(unscaled)})`;
  const small = Number(unscaled);
  // A value that is not wide is nearer to zero than a bound that is.
  const difference = Number.isSafeInteger(small)
    ? `h${index}[i] * ${TWO_32} + (l${index}[i] >>> 0) - (${small})`
    : unscaled > 0n
      ? '-1'
      : '1';
  return `((h${index}[i] === ${WIDE_HI} ? ${wide} : ${difference}) ${NUMERIC[operator]} 0)`;
}

function integerAgainst({ operator, unscaled }: Bound, value: IntegerCode, operand: Operand): string {
  const type = operand.kind === 'column' ? operand.column.type : undefined;
  const [least, most] =
    type === undefined
      ? [0n, 1n]
      : isUnsigned(type)
        ? [0n, 0xffff_ffff_ffff_ffffn]
        : [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn];
  if (unscaled < least) return String(holds(operator, 1));
  if (unscaled > most) return String(holds(operator, -1));
  const lo = Number(BigInt.asUintN(32, unscaled));
  const hi = Number(unscaled >> 32n);
  return compareHalvesCode(operator, value, { lo: String(lo), hi: hi < 0 ? `(${hi})` : String(hi) });
}

/** Whether an order (negative, zero, positive) satisfies an operator. */
export function holds(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case '=':
    case '<=>':
      return order === 0;
    case '<>':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}
