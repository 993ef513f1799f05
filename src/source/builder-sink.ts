/** The engine's column builders as sinks of the coprocessor's cells. */
import { assert } from '../base/assert.js';
import { type ColumnBuilder, columnBuilderOf } from '../codec/column-builder.js';
import { Decimal } from '../codec/decimal.js';
import type { FieldType } from '../codec/field-type.js';
import type { ColumnSink } from '../tikv/coprocessor/column-sink.js';

/** Fills one column. */
export class BuilderSink implements ColumnSink {
  readonly builder: ColumnBuilder;

  constructor(type: FieldType) {
    this.builder = columnBuilderOf(type);
  }

  appendNull(): void {
    this.builder.appendNull();
  }

  appendInt(lo: number, hi: number): void {
    const { builder } = this;
    assert(builder.kind === 'i64', `an integer for a column of ${builder.kind}`);
    builder.append(lo, hi);
  }

  appendDouble(value: number): void {
    const { builder } = this;
    assert(builder.kind === 'f64', `a double for a column of ${builder.kind}`);
    builder.append(value);
  }

  appendDecimal(unscaled: number | bigint, scale: number): void {
    const { builder } = this;
    assert(builder.kind === 'dec', `a decimal for a column of ${builder.kind}`);
    if (scale !== builder.scale) {
      builder.appendUnscaled(new Decimal(BigInt(unscaled), scale).rescale(builder.scale).unscaled);
    } else if (typeof unscaled === 'number') builder.appendSmall(unscaled);
    else builder.appendUnscaled(unscaled);
  }

  appendBytes(data: Uint8Array, start: number, end: number): void {
    const { builder } = this;
    assert(builder.kind === 'bytes', `bytes for a column of ${builder.kind}`);
    builder.append(data, start, end);
  }
}
