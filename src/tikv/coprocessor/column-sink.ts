/**
 * Where decoded cells go: one sink a column, filled row by row. The builders of the engine's columns
 * (codec/column-builder.ts) are such sinks; which of the methods is called follows from the column's type
 * (`storageOf` in codec/field-type.ts).
 */
export interface ColumnSink {
  appendNull(): void;
  /** Integers, BIT, ENUM, SET, packed times, durations: two's complement halves. */
  appendInt(lo: number, hi: number): void;
  /** FLOAT, DOUBLE. */
  appendDouble(value: number): void;
  /**
   * DECIMAL: the value is `unscaled` / 10^`scale`.
   *
   * @param unscaled - a number if it is at most 2^53 − 1 in size, a bigint if not.
   */
  appendDecimal(unscaled: number | bigint, scale: number): void;
  /** Strings, JSON (type byte and binary form), VECTOR: `data[start … end)`, lent for the call. */
  appendBytes(data: Uint8Array, start: number, end: number): void;
}
