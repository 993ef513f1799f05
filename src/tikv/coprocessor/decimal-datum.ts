/**
 * Decimals as they lie in datums: precision, digits after the point, then MySQL's binary form: groups of nine digits
 * in four bytes (fewer digits in fewer bytes at both ends), the sign bit turned over, everything turned over when
 * negative.
 *
 * @see pingcap/tidb pkg/types/mydecimal.go (FromBin)
 */
import { BadReplyError } from './bad-reply.js';
import type { ColumnSink } from './column-sink.js';

const DIGITS_PER_WORD = 9;
/** Bytes of a group with fewer than nine digits, by the number of digits. */
const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4] as const;
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;
/** Below it, one more group of nine digits stays an exact double. */
const SAFE_BEFORE_WORD = Math.floor(Number.MAX_SAFE_INTEGER / 1e9) - 1;

/**
 * Decodes one decimal into a sink.
 *
 * @param at - of the precision byte.
 * @returns where the next datum begins.
 */
export function decodeDecimal(data: Uint8Array, at: number, sink: ColumnSink): number {
  const precision = byteAt(data, at);
  const scale = byteAt(data, at + 1);
  if (precision < scale || precision > 81) throw new BadReplyError(`decimal(${precision},${scale})`);
  let pos = at + 2;
  const isNegative = (byteAt(data, pos) & 0x80) === 0;
  const flip = isNegative ? 0xff : 0;
  let small = 0;
  let large: bigint | undefined;
  let first = 0x80;
  for (const digits of groupsOf(precision - scale, scale)) {
    let word = 0;
    for (let i = BYTES_OF_DIGITS[digits] ?? 0; i > 0; i--) {
      word = word * 256 + (byteAt(data, pos++) ^ flip ^ first);
      first = 0;
    }
    if (large === undefined && small <= SAFE_BEFORE_WORD) {
      small = small * (POWERS[digits] ?? 1) + word;
    } else {
      large = (large ?? BigInt(small)) * BigInt(POWERS[digits] ?? 1) + BigInt(word);
    }
  }
  if (large !== undefined) sink.appendDecimal(smallest(isNegative ? -large : large), scale);
  else sink.appendDecimal(isNegative && small !== 0 ? -small : small, scale);
  return pos;
}

/** Sizes of the groups from the left: the odd one, whole ones, whole ones behind the point, the odd one. */
function* groupsOf(integerDigits: number, scale: number): Generator<number> {
  if (integerDigits % DIGITS_PER_WORD > 0) yield integerDigits % DIGITS_PER_WORD;
  for (let i = Math.floor(integerDigits / DIGITS_PER_WORD); i > 0; i--) yield DIGITS_PER_WORD;
  for (let i = Math.floor(scale / DIGITS_PER_WORD); i > 0; i--) yield DIGITS_PER_WORD;
  if (scale % DIGITS_PER_WORD > 0) yield scale % DIGITS_PER_WORD;
}

function smallest(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function byteAt(data: Uint8Array, at: number): number {
  const byte = data[at];
  if (byte === undefined) throw new BadReplyError('a decimal is cut off');
  return byte;
}
