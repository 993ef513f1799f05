/** Columns of NULLs. */
import { unreachable } from '../base/assert.js';
import type { Column } from '../codec/column.js';
import type { ColumnShape } from './state/word-codec.js';

/** A column with NULL in each of so many rows. */
export function nullColumn(shape: ColumnShape, rows: number): Column {
  const nulls = new Uint32Array((rows + 31) >>> 5).fill(0xffff_ffff);
  if (shape.kind === 'dec') {
    const [lo, hi] = [new Int32Array(rows), new Int32Array(rows)];
    return { kind: 'dec', scale: shape.scale, lo, hi, wide: undefined, nulls };
  }
  const { kind } = shape;
  switch (kind) {
    case 'i64':
      return { kind, lo: new Int32Array(rows), hi: new Int32Array(rows), nulls };
    case 'f64':
      return { kind, values: new Float64Array(rows), nulls };
    case 'bytes':
      return { kind, offsets: new Uint32Array(rows + 1), data: new Uint8Array(0), nulls };
    default:
      return unreachable(kind);
  }
}
