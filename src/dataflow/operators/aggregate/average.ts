/** The exact quotient of a sum and a count, rounded as TiDB rounds AVG. */
import { powerOfTen, rescaled } from '../../../codec/decimal.js';

/** TiDB keeps decimals in words of nine digits. */
const DIGITS_PER_WORD = 9;
/** TiDB's `div_precision_increment`, fixed for AVG. */
const DIVISION_DIGITS = 4;

/**
 * The average of decimals or integers.
 *
 * TiDB divides to whole words of digits, at least four digits more than the operand's, cuts what comes after, and then
 * rounds to the result's scale: so where that ends with a word, AVG is cut and not rounded.
 *
 * @param sum - unscaled.
 * @param count - not zero.
 * @param from - the operand's scale.
 * @param to - the result's.
 * @see pingcap/tidb pkg/types/mydecimal.go (DecimalDiv, doDivMod), pkg/executor/aggfuncs/func_avg.go
 */
export function averageOf(sum: bigint, count: bigint, from: number, to: number): bigint {
  const whole = wholeWords(from);
  const digits = wholeWords(whole + Math.max(0, DIVISION_DIGITS - (whole - from)));
  const quotient = (sum * powerOfTen(digits - from)) / count;
  return rescaled(quotient, digits, to);
}

function wholeWords(digits: number): number {
  return Math.ceil(digits / DIGITS_PER_WORD) * DIGITS_PER_WORD;
}
