/** One cell of a column as a {@link Datum}, and back: for slow paths, tests and messages. */
import { assert, unreachable } from '../base/assert.js';
import { type Column, type I64Column, WIDE_HI, isNullAt } from './column.js';
import type { ColumnBuilder } from './column-builder.js';
import type { Datum } from './datum.js';
import { Decimal } from './decimal.js';
import { type FieldType, isUnsigned } from './field-type.js';

/**
 * The value in a row of a column. Bytes share the column's memory.
 *
 * @param type - decides whether integers are read as unsigned.
 */
export function cellAt(column: Column, row: number, type: FieldType): Datum {
  if (isNullAt(column.nulls, row)) return null;
  switch (column.kind) {
    case 'i64':
      return isUnsigned(type) ? BigInt.asUintN(64, signedAt(column, row)) : signedAt(column, row);
    case 'f64':
      return column.values[row]!;
    case 'dec': {
      const isWide = column.hi[row] === WIDE_HI;
      const unscaled = isWide ? column.wide?.get(row) : signedAt(column, row);
      assert(unscaled !== undefined, `no wide value for row ${row} of a decimal column`);
      return new Decimal(unscaled, column.scale);
    }
    case 'bytes':
      return column.data.subarray(column.offsets[row], column.offsets[row + 1]);
    default:
      return unreachable(column);
  }
}

/** The halves of a row joined, as a signed integer. */
function signedAt(column: Pick<I64Column, 'lo' | 'hi'>, row: number): bigint {
  return (BigInt(column.hi[row]!) << 32n) | BigInt(column.lo[row]! >>> 0);
}

/** Appends a value; a decimal is rounded to the column's scale. The value must be of the builder's kind. */
export function appendDatum(builder: ColumnBuilder, datum: Datum): void {
  if (datum === null) {
    builder.appendNull();
    return;
  }
  switch (builder.kind) {
    case 'i64':
      assert(typeof datum === 'bigint', `${typeof datum} for an integer column`);
      builder.appendBigint(datum);
      return;
    case 'f64':
      assert(typeof datum === 'number', `${typeof datum} for a floating-point column`);
      builder.append(datum);
      return;
    case 'dec':
      assert(datum instanceof Decimal, `${typeof datum} for a decimal column`);
      builder.appendUnscaled(datum.rescale(builder.scale).unscaled);
      return;
    case 'bytes':
      assert(datum instanceof Uint8Array, `${typeof datum} for a column of bytes`);
      builder.append(datum, 0, datum.length);
      return;
    default:
      unreachable(builder);
  }
}

/** Whether two values are the same: decimals by value, bytes by content, NULL equal to NULL. */
export function sameDatum(a: Datum, b: Datum): boolean {
  if (a instanceof Decimal) return b instanceof Decimal && a.equals(b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  return a === b;
}
