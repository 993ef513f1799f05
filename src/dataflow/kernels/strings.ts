/**
 * Strings in columns compared under collations, without making an array or a string for a row where that can be
 * avoided: bytewise collations look at the bytes in place, `_general_ci` weighs ASCII by table and asks the codec for
 * anything else.
 */
import { keyString } from '../../base/bytes.js';
import { type Collation, trimmedEnd } from '../../codec/collation.js';

/** Compares strings data[start, end) with a fixed one. */
export interface StringTester {
  /** Negative, zero or positive. */
  readonly compare: (data: Uint8Array, start: number, end: number) => number;
  readonly equals: (data: Uint8Array, start: number, end: number) => boolean;
  /** Whether the sort keys are the same, which broken UTF-8 tells from `equals` (codec/collation.ts). */
  readonly hasSameKey: (data: Uint8Array, start: number, end: number) => boolean;
}

/** How string data[start, end) compares with `other`. */
export type StringComparator = (data: Uint8Array, start: number, end: number, other: Uint8Array) => number;

/** A tester against `constant`. */
export function stringTester(collation: Collation, constant: Uint8Array): StringTester {
  const compareTwo = stringComparator(collation);
  const compare = (data: Uint8Array, start: number, end: number): number =>
    compareTwo(data, start, end, constant);
  if (collation.isBytewise) {
    const equals = bytewiseEquals(collation.isPadSpace, constant);
    return { compare, equals, hasSameKey: equals };
  }
  return {
    compare,
    equals: (data, start, end) => compare(data, start, end) === 0,
    hasSameKey: (data, start, end) => collation.equals(data.subarray(start, end), constant),
  };
}

/** Compares strings under a collation as TiDB's expressions do. */
export function stringComparator(collation: Collation): StringComparator {
  const { isPadSpace } = collation;
  const weights = collation.isBytewise ? undefined : asciiWeights(collation);
  return (data, start, end, other) => {
    const stop = isPadSpace ? trimmedEnd(data, start, end) : end;
    const otherStop = isPadSpace ? trimmedEnd(other, 0, other.length) : other.length;
    const length = Math.min(stop - start, otherStop);
    for (let i = 0; i < length; i++) {
      const x = data[start + i]!;
      const y = other[i]!;
      if (weights === undefined) {
        if (x !== y) return x - y;
      } else {
        if ((x | y) >= 0x80) return collation.compare(data.subarray(start, end), other);
        const difference = weights[x]! - weights[y]!;
        if (difference !== 0) return difference;
      }
    }
    return stop - start - otherStop;
  };
}

function bytewiseEquals(
  isPadSpace: boolean,
  constant: Uint8Array,
): (data: Uint8Array, start: number, end: number) => boolean {
  const wanted = isPadSpace ? constant.subarray(0, trimmedEnd(constant, 0, constant.length)) : constant;
  const { length } = wanted;
  return (data, start, end) => {
    if (end - start < length) return false;
    for (let i = 0; i < length; i++) {
      if (data[start + i] !== wanted[i]) return false;
    }
    // What is left over must be spaces, if spaces are ignored, or nothing.
    return end - start === length || (isPadSpace && trimmedEnd(data, start + length, end) === start + length);
  };
}

/** The key under which equal strings, and only they, are the same. */
export function equalityKey(collation: Collation, data: Uint8Array, start: number, end: number): string {
  const bytes = data.subarray(start, end);
  const key = collation.isBytewise && !collation.isPadSpace ? bytes : collation.sortKey(bytes);
  return keyString(key);
}

/** Sort keys of the single ASCII characters, as numbers; a collation here weighs each character alone. */
function asciiWeights(collation: Collation): Float64Array {
  return Float64Array.from({ length: 128 }, (_, byte) => {
    // A space at the end may be ignored, so each character is weighed before another one.
    const [pair, single] = [
      collation.sortKey(Uint8Array.of(byte, 0x61)),
      collation.sortKey(Uint8Array.of(0x61)),
    ];
    return pair.subarray(0, pair.length - single.length).reduce((sum, part) => sum * 256 + part, 0);
  });
}
