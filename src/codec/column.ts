/**
 * Columnar values: what the engine computes on, and what crosses threads (plain typed arrays, transferable). No
 * object a row. A column has no length of its own: its owner (dataflow/delta.ts) knows how many rows there are, and
 * arrays may be longer than that.
 *
 * Integers are two 32-bit halves (PERFORMANCE §2: BigInt columns are 5–10 times slower). DECIMAL is a scaled
 * integer of the column's own scale in the same two halves; a value whose scaled form does not fit in 53 bits goes to
 * `wide`, keyed by row.
 */

/** One bit a row, row r at bit r&31 of word r>>5; a set bit means NULL. undefined: no row is NULL. */
export type NullBits = Uint32Array | undefined;

/** Two's complement 64-bit integers (see FieldType/storageOf for which types). */
export interface I64Column {
  readonly kind: 'i64';
  /** Low halves; as unsigned bits. */
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly nulls: NullBits;
}

/** Doubles; FLOAT values are exactly representable. */
export interface F64Column {
  readonly kind: 'f64';
  readonly values: Float64Array;
  readonly nulls: NullBits;
}

/** Decimals with one scale for the whole column. */
export interface DecColumn {
  readonly kind: 'dec';
  /** Digits after the point, of every value. */
  readonly scale: number;
  /** The value × 10^scale, as in {@link I64Column}, if |it| ≤ 2^53 − 1. */
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  /** Rows whose scaled value is larger; their halves hold {@link WIDE_HI} and zero. undefined: none. */
  readonly wide: ReadonlyMap<number, bigint> | undefined;
  readonly nulls: NullBits;
}

/** High half of a {@link DecColumn} cell that means "look in `wide`" (no 53-bit value has it). */
export const WIDE_HI = -0x8000_0000;

/** Byte strings: the cell of row r is data[offsets[r] … offsets[r + 1]). */
export interface BytesColumn {
  readonly kind: 'bytes';
  /** One more than there are rows. */
  readonly offsets: Uint32Array;
  readonly data: Uint8Array;
  readonly nulls: NullBits;
}

/** A column of values. */
export type Column = I64Column | F64Column | DecColumn | BytesColumn;

/** Whether row `row` is NULL. */
export function isNullAt(nulls: NullBits, row: number): boolean {
  return nulls !== undefined && ((nulls[row >>> 5]! >>> (row & 31)) & 1) === 1;
}
