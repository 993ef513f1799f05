/**
 * Values in an order: two words that compare as the value does, and where these do not say all, something bigger that
 * decides between equal words. So numbers need no object, and strings need one only for what is beyond their first
 * eight bytes.
 *
 * Words compare as signed integers, the first before the second.
 */
import { assert, unreachable } from '../../../base/assert.js';
import { compareBytes } from '../../../base/bytes.js';
import { type Collation, collationOf } from '../../../codec/collation.js';
import { type BytesColumn, type Column, WIDE_HI } from '../../../codec/column.js';
import { type FieldType, isUnsigned } from '../../../codec/field-type.js';
import type { ComparisonDomain } from '../../expression.js';
import { shapeOf } from '../../state/word-codec.js';

/** What decides between values with equal words; undefined: they are the same. */
export type BigValue =
  /** A wide decimal. */
  | bigint
  /** A string: its sort key, and its bytes where they may differ although the keys do not. */
  | StringValue
  | undefined;

/** A string. */
export interface StringValue {
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A value as words. Reused: read it before the next is made. */
export interface OrderedValue {
  high: number;
  low: number;
  big: BigValue;
}

/** Negative, zero or positive. */
export function compareBig(a: BigValue, b: BigValue): number {
  if (a === undefined || b === undefined || a === b) return 0;
  if (typeof a === 'bigint' || typeof b === 'bigint') {
    assert(typeof a === 'bigint' && typeof b === 'bigint', 'a wide decimal compared with a string');
    return a < b ? -1 : 1;
  }
  const order = compareBytes(a.key, b.key);
  return order !== 0 || a.bytes === b.bytes ? order : compareBytes(a.bytes, b.bytes);
}

/** Turns the low word of an unsigned pair into one that compares as signed. */
const FLIP = -0x8000_0000;
/** High words of wide decimals: beyond those of all others. */
const WIDE = 0x7fff_ffff;

/** Reads values out of columns. */
export type ValueReader = (column: Column, row: number, out: OrderedValue) => void;

/**
 * A reader of cells that are not NULL.
 *
 * @param isDistinct - whether only equality in the domain counts: strings that are equal become the same.
 */
export function valueReader(type: FieldType, domain: ComparisonDomain, isDistinct: boolean): ValueReader {
  const { kind } = shapeOf(type);
  switch (kind) {
    case 'i64':
      assert(domain.kind !== 'string', 'integers ordered as strings');
      return integerReader(isUnsigned(type));
    case 'f64':
      return readDouble;
    case 'dec':
      return readDecimal;
    case 'bytes':
      assert(domain.kind === 'string', `strings ordered as ${domain.kind}`);
      return stringReader(collationOf(domain.collation, domain.isNewCollation), isDistinct);
    default:
      return unreachable(kind);
  }
}

function integerReader(hasNoSign: boolean): ValueReader {
  const flip = hasNoSign ? FLIP : 0;
  return (column, row, out) => {
    assert(column.kind === 'i64', `${column.kind} read as integers`);
    out.high = column.hi[row]! ^ flip;
    out.low = column.lo[row]! ^ FLIP;
    out.big = undefined;
  };
}

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

function readDouble(column: Column, row: number, out: OrderedValue): void {
  assert(column.kind === 'f64', `${column.kind} read as doubles`);
  // −0 is 0.
  double[0] = column.values[row]! + 0;
  const [low, high] = [halves[0]!, halves[1]!];
  // The greater the bits of a negative double, the less it is.
  out.high = high < 0 ? high ^ 0x7fff_ffff : high;
  out.low = (high < 0 ? ~low : low) ^ FLIP;
  out.big = undefined;
}

/** The double that {@link readDouble} has read. */
export function doubleOf(high: number, low: number): number {
  const unflipped = low ^ FLIP;
  halves[0] = high < 0 ? ~unflipped : unflipped;
  halves[1] = high < 0 ? high ^ 0x7fff_ffff : high;
  return double[0]!;
}

function readDecimal(column: Column, row: number, out: OrderedValue): void {
  assert(column.kind === 'dec', `${column.kind} read as decimals`);
  if (column.hi[row] !== WIDE_HI) {
    out.high = column.hi[row]!;
    out.low = column.lo[row]! ^ FLIP;
    out.big = undefined;
    return;
  }
  const value = column.wide?.get(row) ?? 0n;
  out.high = value < 0n ? -WIDE : WIDE;
  out.low = 0;
  out.big = value;
}

/** The low half that an integer or decimal was read from. */
export function lowHalf(low: number): number {
  return low ^ FLIP;
}

/** The high half that an integer was read from. */
export function highHalf(high: number, hasNoSign: boolean): number {
  return hasNoSign ? high ^ FLIP : high;
}

function stringReader(collation: Collation, isDistinct: boolean): ValueReader {
  const isPlain = collation.isBytewise && !collation.isPadSpace;
  return (column, row, out) => {
    assert(column.kind === 'bytes', `${column.kind} read as strings`);
    const bytes = cellBytes(column, row);
    const key = isPlain ? bytes : collation.sortKey(bytes);
    readBytes({ key, bytes: isDistinct ? key : bytes }, out);
  };
}

function cellBytes({ data, offsets }: BytesColumn, row: number): Uint8Array {
  return data.slice(offsets[row], offsets[row + 1]);
}

/** A string as words: its key's first bytes, most significant first. */
export function readBytes(value: StringValue, out: OrderedValue): void {
  const { key } = value;
  const at = (i: number): number => key[i] ?? 0;
  out.high = ((at(0) << 24) | (at(1) << 16) | (at(2) << 8) | at(3)) ^ FLIP;
  out.low = ((at(4) << 24) | (at(5) << 16) | (at(6) << 8) | at(7)) ^ FLIP;
  out.big = value;
}
