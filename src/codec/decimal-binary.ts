/**
 * DECIMAL in rows and keys: precision and scale, a byte each, then MySQL's packed form, which compares as bytes among
 * decimals of the same precision and scale.
 *
 * The digits before and after the point are cut into words of nine digits, counted from the point; a word takes four
 * bytes big-endian, a shorter one at either end 1, 1, 2, 2, 3, 3, 4, 4 bytes for 1 to 8 digits. All bytes of a
 * negative number are inverted, and the top bit of the first byte is flipped, so that positive ones sort later.
 *
 * Words are summed in a double as long as that is exact (53 bits: every DECIMAL up to 15 digits), then in a bigint.
 *
 * @see pingcap/tidb pkg/types/mydecimal.go (WriteBin, FromBin), pkg/util/codec/decimal.go
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { malformed } from './codec-error.js';
import { digitCount, powerOfTen, rescaled } from './decimal.js';

const WORD_DIGITS = 9;
const WORD_BYTES = 4;
/** Bytes of a word of so many digits. */
const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4] as const;
const TENS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;

/** Most digits and most digits after the point that TiDB's decimal can hold. */
const PRECISION_MAX = 81;
const SCALE_MAX = 30;

/** Bytes of the packed form. */
export function decimalSize(precision: number, scale: number): number {
  const whole = precision - scale;
  return (
    Math.floor(whole / WORD_DIGITS) * WORD_BYTES +
    BYTES_OF_DIGITS[whole % WORD_DIGITS]! +
    Math.floor(scale / WORD_DIGITS) * WORD_BYTES +
    BYTES_OF_DIGITS[scale % WORD_DIGITS]!
  );
}

/**
 * Where the decimal (precision, scale, packed form) that begins at `at` ends.
 *
 * @throws CodecError — when it is cut short or its precision or scale is impossible.
 */
export function decimalEnd(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 3) malformed(`decimal cut short at ${end}`);
  const precision = bytes[at]!;
  const scale = bytes[at + 1]!;
  if (precision === 0 || precision > PRECISION_MAX || scale > SCALE_MAX || scale > precision) {
    malformed(`decimal(${precision},${scale}) at ${at}`);
  }
  const next = at + 2 + decimalSize(precision, scale);
  if (next > end) malformed(`decimal(${precision},${scale}) cut short at ${end}`);
  return next;
}

/** What {@link DecimalReader} read. */
export class DecimalReader {
  /** Digits after the point, as stored. */
  scale = 0;
  /** The unscaled value, if it is within 2^53; else NaN, and {@link wide} has it. */
  small = 0;
  wide = 0n;
  /** Where the next thing begins. */
  next = 0;

  /**
   * Reads a decimal (precision, scale, packed form).
   *
   * @throws CodecError — see {@link decimalEnd}; also when a word has more digits than it may.
   */
  read(bytes: Uint8Array, at: number, end: number): void {
    this.next = decimalEnd(bytes, at, end);
    const scale = bytes[at + 1]!;
    const whole = bytes[at]! - scale;
    this.scale = scale;
    const isNegative = bytes[at + 2]! < 0x80;
    this.#flip = isNegative ? 0xff : 0;
    this.#at = at + 2;
    this.#first = at + 2;
    this.small = 0;
    this.#word(bytes, whole % WORD_DIGITS);
    for (let i = whole; i >= WORD_DIGITS; i -= WORD_DIGITS) this.#word(bytes, WORD_DIGITS);
    for (let i = scale; i >= WORD_DIGITS; i -= WORD_DIGITS) this.#word(bytes, WORD_DIGITS);
    this.#word(bytes, scale % WORD_DIGITS);
    // `0 - x`, not `-x`: there is no negative zero.
    if (isNegative) this.small = 0 - this.small;
    if (isNegative) this.wide = -this.wide;
  }

  /** The unscaled value. */
  get unscaled(): bigint {
    return Number.isNaN(this.small) ? this.wide : BigInt(this.small);
  }

  #flip = 0;
  #at = 0;
  #first = 0;

  #word(bytes: Uint8Array, digits: number): void {
    if (digits === 0) return;
    const size = digits === WORD_DIGITS ? WORD_BYTES : BYTES_OF_DIGITS[digits]!;
    let word = 0;
    for (let i = 0; i < size; i++, this.#at++) {
      const flipped = this.#at === this.#first ? bytes[this.#at]! ^ 0x80 : bytes[this.#at]!;
      word = word * 256 + (flipped ^ this.#flip);
    }
    if (word >= TENS[digits]!) malformed(`decimal word of ${digits} digits before ${this.#at}`);
    const sum = this.small * TENS[digits]! + word;
    if (sum <= Number.MAX_SAFE_INTEGER) this.small = sum;
    else this.#widen(digits, word);
  }

  #widen(digits: number, word: number): void {
    const so = Number.isNaN(this.small) ? this.wide : BigInt(this.small);
    this.wide = so * powerOfTen(digits) + BigInt(word);
    this.small = NaN;
  }
}

/** Precision and scale of a DECIMAL column. */
export interface DecimalShape {
  readonly precision: number;
  readonly scale: number;
}

/** Writes decimals of one shape. */
export class DecimalWriter {
  readonly shape: DecimalShape;
  /** Digits of each word, from the left; their sum is the precision. */
  readonly #digits: readonly number[];
  readonly #words: Float64Array;
  /** Least value that does not fit, as a double: exact up to 10^22, and beyond that no small value is near. */
  readonly #limit: number;

  constructor(shape: DecimalShape) {
    const { precision, scale } = shape;
    assert(precision >= 1 && precision <= PRECISION_MAX, `decimal(${precision},${scale})`);
    assert(scale >= 0 && scale <= SCALE_MAX && scale <= precision, `decimal(${precision},${scale})`);
    this.shape = shape;
    const whole = precision - scale;
    const words = (digits: number): number[] =>
      Array.from({ length: Math.floor(digits / WORD_DIGITS) }, () => WORD_DIGITS);
    this.#digits = [whole % WORD_DIGITS, ...words(whole), ...words(scale), scale % WORD_DIGITS].filter(
      (n) => n > 0,
    );
    this.#words = new Float64Array(this.#digits.length);
    this.#limit = 10 ** precision;
  }

  /**
   * Appends precision, scale and packed form of a decimal, rounded to the shape's scale.
   *
   * @returns whether it fits the shape's precision; if not, nothing was written.
   */
  write(out: ByteWriter, unscaled: bigint, scale: number): boolean {
    const value = rescaled(unscaled, scale, this.shape.scale);
    if (digitCount(value) > this.shape.precision) return false;
    let rest = value < 0n ? -value : value;
    for (let i = this.#digits.length - 1; i >= 0; i--) {
      const power = powerOfTen(this.#digits[i]!);
      this.#words[i] = Number(rest % power);
      rest /= power;
    }
    this.#put(out, value < 0n);
    return true;
  }

  /**
   * The same for an unscaled value within 2^53 that has the shape's own scale.
   *
   * @returns whether it fits; if not, nothing was written.
   */
  writeSmall(out: ByteWriter, unscaled: number): boolean {
    let rest = Math.abs(unscaled);
    if (rest >= this.#limit) return false;
    for (let i = this.#digits.length - 1; i >= 0; i--) {
      const power = TENS[this.#digits[i]!]!;
      const word = rest % power;
      this.#words[i] = word;
      // Exact: the difference is a multiple of the divisor.
      rest = (rest - word) / power;
    }
    this.#put(out, unscaled < 0);
    return true;
  }

  #put(out: ByteWriter, isNegative: boolean): void {
    out.u8(this.shape.precision).u8(this.shape.scale);
    const flip = isNegative ? 0xff : 0;
    let first = 0x80;
    for (let i = 0; i < this.#digits.length; i++) {
      const digits = this.#digits[i]!;
      const size = digits === WORD_DIGITS ? WORD_BYTES : BYTES_OF_DIGITS[digits]!;
      const word = this.#words[i]!;
      for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) {
        out.u8((word >>> shift) ^ flip ^ first);
        first = 0;
      }
    }
  }
}
