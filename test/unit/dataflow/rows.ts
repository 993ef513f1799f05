/** Deltas written down as rows, for tests. */
import { utf8 } from '../../../src/base/bytes.js';
import { appendDatum, cellAt } from '../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, type MysqlTypeCode } from '../../../src/codec/field-type.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import type { ComparisonOperator, RowExpression } from '../../../src/dataflow/expression.js';

function type(tp: MysqlTypeCode, more: Partial<FieldType> = {}): FieldType {
  return { tp, flag: 0, flen: 20, decimal: 0, charset: 'binary', collate: 'binary', elems: [], ...more };
}

/** Types of the columns that tests use. */
export const BIGINT = type(MysqlType.longlong);
export const UNSIGNED = type(MysqlType.longlong, { flag: FieldFlag.unsigned });
export const DOUBLE = type(MysqlType.double, { decimal: -1 });
export const DECIMAL = type(MysqlType.newdecimal, { flen: 65, decimal: 2 });
export const TEXT = type(MysqlType.varchar, { charset: 'utf8mb4', collate: 'utf8mb4_bin', decimal: -1 });

/** A value: text stands for its bytes, `d12.50` for a decimal is written with {@link dec}. */
export type Value = Datum | string;

/** A row with its weight before the values. */
export type WeightedRow = readonly [number, ...Value[]];

/** A decimal. */
export function dec(text: string): Decimal {
  return Decimal.parse(text)!;
}

/** A delta of such rows. */
export function deltaOf(types: readonly FieldType[], rows: readonly WeightedRow[]): Delta {
  const builders = types.map(columnBuilderOf);
  for (const [, ...values] of rows) {
    builders.forEach((builder, i) => {
      const value = values[i]!;
      appendDatum(builder, typeof value === 'string' ? utf8(value) : value);
    });
  }
  return {
    rows: rows.length,
    weights: Int32Array.from(rows, ([weight]) => weight),
    columns: builders.map((builder) => builder.finish()),
    isConsolidated: false,
  };
}

/** The rows of a delta, as they were written; decimals as text with a `d` before it. */
export function rowsOf(types: readonly FieldType[], delta: Delta): readonly (readonly unknown[])[] {
  return Array.from({ length: delta.rows }, (_, row) => [
    delta.weights[row]!,
    ...delta.columns.map((column, i) => {
      const value = cellAt(column, row, types[i]!);
      if (value instanceof Decimal) return `d${value.toString()}`;
      return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
    }),
  ]);
}

/** A column of the input. */
export function column(index: number, of: FieldType = BIGINT): RowExpression {
  return { kind: 'column', index, type: of };
}

/** A comparison of a BIGINT column with a number. */
export function compare(index: number, operator: ComparisonOperator, value: bigint): RowExpression {
  return {
    kind: 'compare',
    operator,
    domain: { kind: 'integer' },
    left: column(index),
    right: { kind: 'constant', value, type: BIGINT },
  };
}
