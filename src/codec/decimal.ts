/**
 * Exact decimals: an integer of any size and the number of its digits that stand after the point. There is one zero
 * (TiDB never stores a negative one; the bytes of one would read as zero).
 */
import { assert } from '../base/assert.js';

const TEXT = /^[ \t\n\v\f\r]*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?[ \t\n\v\f\r]*$/;
/** Beyond this an exponent in a text is no decimal that MySQL could hold. */
const EXPONENT_MAX = 1000;

/** 10^n. */
export function powerOfTen(n: number): bigint {
  return POWERS[n] ?? 10n ** BigInt(n);
}

const POWERS: readonly bigint[] = Array.from({ length: 82 }, (_, n) => 10n ** BigInt(n));

/** An exact decimal number: unscaled × 10^−scale. Immutable. */
export class Decimal {
  readonly unscaled: bigint;
  /** Digits after the point: ≥ 0. */
  readonly scale: number;

  constructor(unscaled: bigint, scale: number) {
    assert(Number.isInteger(scale) && scale >= 0, `scale ${scale} of a decimal`);
    this.unscaled = unscaled;
    this.scale = scale;
  }

  /**
   * Reads `[+-]digits[.digits][e[+-]digits]` between blanks.
   *
   * @returns undefined — when the text is nothing of that form.
   */
  static parse(text: string): Decimal | undefined {
    const match = TEXT.exec(text);
    if (match === null) return undefined;
    const [, sign, whole = '', fraction = '', exponentText] = match;
    if (whole.length + fraction.length === 0) return undefined;
    const digits = BigInt(whole + fraction);
    const unscaled = sign === '-' ? -digits : digits;
    const exponent = exponentText === undefined ? 0 : Number(exponentText);
    if (Math.abs(exponent) > EXPONENT_MAX) return undefined;
    const scale = fraction.length - exponent;
    return scale >= 0 ? new Decimal(unscaled, scale) : new Decimal(unscaled * powerOfTen(-scale), 0);
  }

  /** Digits before and after the point, without leading zeros; zero has as many as its scale, at least one. */
  get precision(): number {
    return Math.max(digitCount(this.unscaled), this.scale, 1);
  }

  /** The same or the nearest value with `scale` digits after the point; halves go away from zero. */
  rescale(scale: number): Decimal {
    return scale === this.scale ? this : new Decimal(rescaled(this.unscaled, this.scale, scale), scale);
  }

  /** By value: 1.0 equals 1.00. Negative, zero or positive. */
  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const a = rescaled(this.unscaled, this.scale, scale);
    const b = rescaled(other.unscaled, other.scale, scale);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** By value. */
  equals(other: Decimal): boolean {
    return this.compare(other) === 0;
  }

  /** As MySQL prints it: all digits of the scale, a zero before the point. */
  toString(): string {
    const isNegative = this.unscaled < 0n;
    const digits = String(isNegative ? -this.unscaled : this.unscaled).padStart(this.scale + 1, '0');
    const point = digits.length - this.scale;
    const text = this.scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
    return isNegative ? `-${text}` : text;
  }
}

/**
 * An unscaled value brought from one scale to another; what is cut off is rounded half away from zero ("half up", as
 * MySQL rounds exact numbers).
 */
export function rescaled(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return to === from ? unscaled : unscaled * powerOfTen(to - from);
  const divisor = powerOfTen(from - to);
  const half = divisor / 2n;
  // Division of bigints truncates, so adding half with the value's own sign rounds away from zero.
  return (unscaled + (unscaled < 0n ? -half : half)) / divisor;
}

/** Decimal digits of the absolute value, none for zero. */
export function digitCount(unscaled: bigint): number {
  if (unscaled === 0n) return 0;
  return String(unscaled < 0n ? -unscaled : unscaled).length;
}
