/**
 * A row's bytes: equal for equal rows and only for them, whatever the columns' types. NULL is apart from every value;
 * cells carry their length, so no two rows run into each other.
 */
import { assert, unreachable } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { type KeyString, keyString } from '../base/bytes.js';
import { type Column, WIDE_HI, isNullAt } from '../codec/column.js';
import type { Delta } from '../dataflow/delta.js';
import type { RowChange } from './row-ids.js';

const NULL = 0;
const VALUE = 1;
const WIDE = 2;

/** The bytes of one row, as a key. */
export function rowKey(columns: readonly Column[], row: number, scratch: ByteWriter): KeyString {
  scratch.reset();
  for (const column of columns) writeCell(scratch, column, row);
  return keyString(scratch.view());
}

/** The rows of a consolidated delta as changes of multiplicity. */
export function* rowChanges(delta: Delta): Iterable<RowChange> {
  const scratch = new ByteWriter(256);
  for (let row = 0; row < delta.rows; row++) {
    const weight = delta.weights[row] ?? 0;
    if (weight !== 0) yield { key: rowKey(delta.columns, row, scratch), row, weight };
  }
}

function writeCell(out: ByteWriter, column: Column, row: number): void {
  if (isNullAt(column.nulls, row)) {
    out.u8(NULL);
    return;
  }
  switch (column.kind) {
    case 'i64':
      writeHalves(out.u8(VALUE), column, row);
      return;
    case 'f64':
      out.u8(VALUE).f64be(column.values[row] ?? 0);
      return;
    case 'dec': {
      if (column.hi[row] !== WIDE_HI) {
        writeHalves(out.u8(VALUE), column, row);
        return;
      }
      const wide = column.wide?.get(row);
      assert(wide !== undefined, `no wide value for row ${row} of a decimal column`);
      const text = wide.toString();
      out.u8(WIDE).u32be(text.length).utf8(text);
      return;
    }
    case 'bytes': {
      const start = column.offsets[row] ?? 0;
      const end = column.offsets[row + 1] ?? 0;
      out
        .u8(VALUE)
        .u32be(end - start)
        .bytes(column.data.subarray(start, end));
      return;
    }
    default:
      unreachable(column);
  }
}

function writeHalves(
  out: ByteWriter,
  column: { readonly lo: Int32Array; readonly hi: Int32Array },
  row: number,
): void {
  out.u32be((column.hi[row] ?? 0) >>> 0).u32be((column.lo[row] ?? 0) >>> 0);
}
