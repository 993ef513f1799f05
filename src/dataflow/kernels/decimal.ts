/**
 * Exact numbers in columns: decimals as scaled integers with the wide escape, and integers as decimals of scale zero.
 */
import { type DecColumn, type I64Column, WIDE_HI } from '../../codec/column.js';
import { Decimal, powerOfTen } from '../../codec/decimal.js';
import { TWO_32, bigintAt, doubleAt } from './i64.js';

/** A column of exact numbers. */
export type ExactColumn = I64Column | DecColumn;

/** Powers of ten that are exact doubles. */
const EXACT_POWERS = Array.from({ length: 23 }, (_, n) => Number(powerOfTen(n)));

/** The unscaled value of a decimal cell that is not wide: exact, within ±(2^53 − 1). */
export function smallAt(column: Pick<DecColumn, 'lo' | 'hi'>, row: number): number {
  return column.hi[row]! * TWO_32 + (column.lo[row]! >>> 0);
}

/** The unscaled value of any decimal cell. */
export function unscaledAt(column: DecColumn, row: number): bigint {
  if (column.hi[row] !== WIDE_HI) return BigInt(smallAt(column, row));
  return column.wide?.get(row) ?? 0n;
}

/** How a decimal cell compares with an unscaled value of the same scale. */
export function compareUnscaled(column: DecColumn, row: number, unscaled: bigint): number {
  const value = unscaledAt(column, row);
  return value < unscaled ? -1 : value > unscaled ? 1 : 0;
}

/**
 * How two cells of exact numbers compare.
 *
 * @param isUnsignedA - of an integer column: how to read it.
 */
export function compareExact(
  a: ExactColumn,
  isUnsignedA: boolean,
  b: ExactColumn,
  isUnsignedB: boolean,
  row: number,
): number {
  const scaleA = a.kind === 'dec' ? a.scale : 0;
  const scaleB = b.kind === 'dec' ? b.scale : 0;
  const scale = Math.max(scaleA, scaleB);
  const left = scaledAt(a, isUnsignedA, row) * powerOfTen(scale - scaleA);
  const right = scaledAt(b, isUnsignedB, row) * powerOfTen(scale - scaleB);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The double nearest to a cell of exact numbers. */
export function exactToDouble(column: ExactColumn, isUnsigned: boolean, row: number): number {
  if (column.kind === 'i64') return doubleAt(column, row, isUnsigned);
  const { scale } = column;
  // The quotient of two exact doubles is rounded once, so it is the nearest one.
  if (column.hi[row] !== WIDE_HI && scale < EXACT_POWERS.length)
    return smallAt(column, row) / EXACT_POWERS[scale]!;
  return decimalToDouble(new Decimal(unscaledAt(column, row), scale));
}

/** The nearest double. */
export function decimalToDouble(value: Decimal): number {
  return Number(value.toString());
}

function scaledAt(column: ExactColumn, isUnsigned: boolean, row: number): bigint {
  return column.kind === 'dec' ? unscaledAt(column, row) : bigintAt(column, row, isUnsigned);
}
