/**
 * Parts of moments in compiled code, straight from the packed bits (codec/packed-time.ts): year × 13 + month from bit
 * 46, day from 41, hour from 36, minute from 30, second from 24.
 */
import { assert, present } from '../../base/assert.js';
import { packTime, shiftMinutes, unpackTime } from '../../codec/packed-time.js';
import type { Call } from '../expression.js';
import { halvesOf } from '../kernels/i64.js';
import type { Compiler } from './compiler.js';
import { ofKind } from './leaf-code.js';
import type { BitsValue, ExactValue } from './value.js';

/** A TIMESTAMP as the clock shows it some minutes east of UTC. */
export function wallClockCode(call: Call, compiler: Compiler): BitsValue {
  const [operand, minutes] = call.operands;
  const offset = minutes?.kind === 'constant' ? minutes.value : undefined;
  assert(operand !== undefined && typeof offset === 'bigint', 'a TIMESTAMP and a constant offset');
  const value = ofKind(compiler.value(operand), 'bits');
  if (offset === 0n) return value;
  const { code } = compiler;
  const [lo, hi] = [code.name('p'), code.name('q')];
  const shift = code.constant((low: number, high: number) => halvesOf(shifted(low, high, Number(offset))));
  const set = `const t = ${shift}(${value.lo}, ${value.hi}); ${lo} = t.lo; ${hi} = t.hi;`;
  code.emit(
    `let ${lo} = 0, ${hi} = 0; ${value.isNull === undefined ? '' : `if (!${value.isNull})`} { ${set} }`,
  );
  return { kind: 'bits', isNull: value.isNull, lo, hi };
}

function shifted(lo: number, hi: number, minutes: number): bigint {
  const bits = BigInt.asUintN(64, (BigInt(hi) << 32n) | BigInt(lo >>> 0));
  return packTime(shiftMinutes(unpackTime(bits), minutes));
}

/** The functions of this file. */
export type TimeFunction = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';

/** The value of such a call. */
export function timeCode(call: Call & { readonly function: TimeFunction }, compiler: Compiler): ExactValue {
  const operand = present(call.operands[0], `${call.function} of nothing`);
  const { isNull, lo, hi } = ofKind(compiler.value(operand), 'bits');
  return { kind: 'exact', isNull, small: partCode(call.function, lo, hi), wide: undefined, scale: 0 };
}

function partCode(part: TimeFunction, lo: string, hi: string): string {
  switch (part) {
    case 'year':
      return `Math.floor((${hi} >>> 14) / 13)`;
    case 'month':
      return `((${hi} >>> 14) % 13)`;
    case 'day':
      return `((${hi} >>> 9) & 31)`;
    case 'hour':
      return `((${hi} >>> 4) & 31)`;
    case 'minute':
      return `(((${hi} & 15) << 2) | (${lo} >>> 30))`;
    case 'second':
      return `((${lo} >>> 24) & 63)`;
  }
}
