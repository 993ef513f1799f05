/**
 * Collations as TiDB has them: which strings are equal, which come first, and the sort key that stands for a string
 * in index entries and clustered keys.
 *
 * The `_bin` collations of character sets ignore trailing spaces (PAD SPACE), `binary` and `utf8mb4_0900_bin` do not.
 * `_general_ci` weighs each character alone (general-ci-weights.ts) and pads. latin1 and ascii columns hold UTF-8 in
 * TiDB too, so their `_bin` is that of utf8. Not here yet: `_unicode_ci`, `_0900_ai_ci`, gbk, gb18030.
 *
 * Clusters bootstrapped with `new_collations_enabled_on_first_bootstrap = false` compare every string as bytes,
 * whatever its collation is called.
 *
 * @see pingcap/tidb pkg/util/collate/{collate,bin,general_ci}.go
 */
import { ByteWriter } from '../base/byte-writer.js';
import { compareBytes, equalBytes } from '../base/bytes.js';
import { SqlError } from '../base/errors.js';
import { generalCiWeight, generalCiWeights } from './general-ci-weights.js';
import { BROKEN_RUNE, runeAt, runeLength } from './utf8.js';

const SPACE = 0x20;

/** An order of strings. Strings are bytes in UTF-8, or any bytes under `binary`. */
export interface Collation {
  readonly name: string;
  /** Whether trailing spaces are ignored. */
  readonly isPadSpace: boolean;
  /** Whether the sort key is the string itself, but for trailing spaces that are ignored. */
  readonly isBytewise: boolean;
  /** Appends the sort key of bytes `start … end`: sort keys compare by memcmp as the strings do. */
  writeSortKey(out: ByteWriter, bytes: Uint8Array, start: number, end: number): void;
  sortKey(bytes: Uint8Array): Uint8Array;
  /** Whether the sort keys are the same: equality in GROUP BY, DISTINCT, joins and unique indexes. */
  equals(a: Uint8Array, b: Uint8Array): boolean;
  /**
   * As TiDB compares in expressions: the order of the sort keys, except that two strings compare as equal from the
   * first broken UTF-8 byte on under `_general_ci` (which is no order: sort by {@link Collation.writeSortKey}).
   */
  compare(a: Uint8Array, b: Uint8Array): number;
}

/** Collations without a trailing space to ignore. */
const UNPADDED = ['binary', 'utf8mb4_0900_bin'] as const;
const PADDED = ['utf8mb4_bin', 'utf8_bin', 'latin1_bin', 'ascii_bin'] as const;
const GENERAL_CI = ['utf8mb4_general_ci', 'utf8_general_ci'] as const;

/**
 * A collation by name.
 *
 * @param isNewCollation - the cluster's `new_collation_enabled`; false makes all of them bytewise, without padding.
 * @throws SqlError 1235 — when the collation is not supported here.
 */
export function collationOf(name: string, isNewCollation: boolean): Collation {
  if (!isNewCollation) return new BytewiseCollation(name, false);
  const collation = SUPPORTED.get(name);
  if (collation === undefined) {
    throw new SqlError(1235, '42000', `TiView does not support comparing strings of collation '${name}' yet`);
  }
  return collation;
}

/** Whether {@link collationOf} knows the collation under `new_collation_enabled`. */
export function isCollationSupported(name: string): boolean {
  return SUPPORTED.has(name);
}

/** Where the string ends if its trailing spaces are ignored. */
export function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === SPACE) at--;
  return at;
}

class BytewiseCollation implements Collation {
  readonly name: string;
  readonly isPadSpace: boolean;
  readonly isBytewise = true;

  constructor(name: string, isPadSpace: boolean) {
    this.name = name;
    this.isPadSpace = isPadSpace;
  }

  writeSortKey(out: ByteWriter, bytes: Uint8Array, start: number, end: number): void {
    out.bytes(bytes.subarray(start, this.isPadSpace ? trimmedEnd(bytes, start, end) : end));
  }

  sortKey(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(this.#trimmed(bytes));
  }

  equals(a: Uint8Array, b: Uint8Array): boolean {
    return equalBytes(this.#trimmed(a), this.#trimmed(b));
  }

  compare(a: Uint8Array, b: Uint8Array): number {
    return compareBytes(this.#trimmed(a), this.#trimmed(b));
  }

  #trimmed(bytes: Uint8Array): Uint8Array {
    return this.isPadSpace ? bytes.subarray(0, trimmedEnd(bytes, 0, bytes.length)) : bytes;
  }
}

class GeneralCiCollation implements Collation {
  readonly name: string;
  readonly isPadSpace = true;
  readonly isBytewise = false;

  constructor(name: string) {
    this.name = name;
  }

  writeSortKey(out: ByteWriter, bytes: Uint8Array, start: number, end: number): void {
    const weights = generalCiWeights();
    const trimmed = trimmedEnd(bytes, start, end);
    for (let at = start; at < trimmed;) {
      const rune = runeAt(bytes, at, trimmed);
      if (rune === BROKEN_RUNE) return;
      out.u16be(generalCiWeight(weights, rune));
      at += runeLength(rune);
    }
  }

  sortKey(bytes: Uint8Array): Uint8Array {
    const out = new ByteWriter(2 * bytes.length);
    this.writeSortKey(out, bytes, 0, bytes.length);
    return out.take();
  }

  equals(a: Uint8Array, b: Uint8Array): boolean {
    return this.#walk(a, b, false) === 0;
  }

  compare(a: Uint8Array, b: Uint8Array): number {
    return this.#walk(a, b, true);
  }

  /** Weight by weight; a broken byte ends its string, or (`isLenient`) the whole comparison, as equal. */
  #walk(a: Uint8Array, b: Uint8Array, isLenient: boolean): number {
    const weights = generalCiWeights();
    const aEnd = trimmedEnd(a, 0, a.length);
    const bEnd = trimmedEnd(b, 0, b.length);
    let aAt = 0;
    let bAt = 0;
    for (;;) {
      const aRune = aAt < aEnd ? runeAt(a, aAt, aEnd) : END;
      const bRune = bAt < bEnd ? runeAt(b, bAt, bEnd) : END;
      const isOver = aRune === END || bRune === END;
      if (isLenient && !isOver && (aRune === BROKEN_RUNE || bRune === BROKEN_RUNE)) return 0;
      // What is left over decides by its length in bytes, broken or not.
      if (isLenient && isOver) return Math.sign(aEnd - aAt - (bEnd - bAt));
      const aWeight = aRune < 0 ? -1 : generalCiWeight(weights, aRune);
      const bWeight = bRune < 0 ? -1 : generalCiWeight(weights, bRune);
      if (aWeight !== bWeight) return aWeight < bWeight ? -1 : 1;
      if (aWeight < 0) return 0;
      aAt += runeLength(aRune);
      bAt += runeLength(bRune);
    }
  }
}

/** Stands for the character after the last one. Negative, as {@link BROKEN_RUNE} is. */
const END = -2;

const SUPPORTED: ReadonlyMap<string, Collation> = new Map<string, Collation>([
  ...UNPADDED.map((name) => [name, new BytewiseCollation(name, false)] as const),
  ...PADDED.map((name) => [name, new BytewiseCollation(name, true)] as const),
  ...GENERAL_CI.map((name) => [name, new GeneralCiCollation(name)] as const),
]);
