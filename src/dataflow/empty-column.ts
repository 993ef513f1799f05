/** Columns without rows. */
import { unreachable } from '../base/assert.js';
import { NO_BYTES } from '../base/bytes.js';
import type { Column } from '../codec/column.js';
import { type FieldType, storageOf } from '../codec/field-type.js';

/** A column of a type, without rows. */
export function emptyColumn(type: FieldType): Column {
  const kind = storageOf(type);
  switch (kind) {
    case 'i64':
      return { kind, lo: new Int32Array(0), hi: new Int32Array(0), nulls: undefined };
    case 'f64':
      return { kind, values: new Float64Array(0), nulls: undefined };
    case 'dec': {
      const scale = Math.max(type.decimal, 0);
      return { kind, scale, lo: new Int32Array(0), hi: new Int32Array(0), wide: undefined, nulls: undefined };
    }
    case 'bytes':
      return { kind, offsets: new Uint32Array(1), data: NO_BYTES, nulls: undefined };
    default:
      return unreachable(kind);
  }
}
