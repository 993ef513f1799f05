/**
 * 64-bit integers as two halves (codec/column.ts): what compiled code does not write out itself.
 */
import type { I64Column } from '../../codec/column.js';

/** 2^32. */
export const TWO_32 = 0x1_0000_0000;

/** An integer's halves, the low one as signed bits. */
export interface Halves {
  readonly lo: number;
  readonly hi: number;
}

/** Halves of the low 64 bits. */
export function halvesOf(value: bigint): Halves {
  return { lo: Number(BigInt.asIntN(32, value)), hi: Number(BigInt.asIntN(32, value >> 32n)) };
}

/** The integer in a row. */
export function bigintAt(column: Pick<I64Column, 'lo' | 'hi'>, row: number, isUnsigned: boolean): bigint {
  const signed = (BigInt(column.hi[row]!) << 32n) | BigInt(column.lo[row]! >>> 0);
  return isUnsigned ? BigInt.asUintN(64, signed) : signed;
}

/** The nearest double: one rounding, since both products are exact. */
export function doubleAt(column: Pick<I64Column, 'lo' | 'hi'>, row: number, isUnsigned: boolean): number {
  const hi = column.hi[row]!;
  return (isUnsigned ? hi >>> 0 : hi) * TWO_32 + (column.lo[row]! >>> 0);
}

/** How two integers given as halves compare, each signed or not. Negative, zero or positive. */
export function compareHalves(a: Halves, isUnsignedA: boolean, b: Halves, isUnsignedB: boolean): number {
  const aHi = isUnsignedA ? a.hi >>> 0 : a.hi;
  const bHi = isUnsignedB ? b.hi >>> 0 : b.hi;
  return aHi !== bHi ? aHi - bHi : (a.lo >>> 0) - (b.lo >>> 0);
}

/** The integer of two halves, the high one as a signed or an unsigned number, as the integer is. */
export function wideInteger(lo: number, hi: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}
