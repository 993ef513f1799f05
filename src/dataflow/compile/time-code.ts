/**
 * Parts of moments in compiled code, straight from the packed bits (codec/packed-time.ts): year × 13 + month from bit
 * 46, day from 41, hour from 36, minute from 30, second from 24.
 */
import { present } from '../../base/assert.js';
import type { Call } from '../expression.js';
import type { Compiler } from './compiler.js';
import { ofKind } from './leaf-code.js';
import type { ExactValue } from './value.js';

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
