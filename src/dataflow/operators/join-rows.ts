/** Rows of one side of a join by reference, and the columns made of them. */
import { assert } from '../../base/assert.js';
import type { Column } from '../../codec/column.js';
import type { ArrangedDelta } from '../arranged-delta.js';
import { gatherColumn, pickInt32 } from '../gather.js';
import { nullColumn } from '../null-column.js';
import { ROW_WORDS } from '../state/arrangement.js';
import type { ColumnShape } from '../state/word-codec.js';
import { unpackColumn } from '../state/word-reader.js';

/** Some rows: numbers of rows of the delta, addresses in the arrangement, or rows of NULLs. */
export type RowReferences =
  { readonly kind: 'delta' | 'state'; readonly references: Int32Array } | { readonly kind: 'nulls' };

/** Column `k` of `count` rows of a side. */
export function columnOf(side: ArrangedDelta, k: number, rows: RowReferences, count: number): Column {
  switch (rows.kind) {
    case 'delta': {
      const column = side.columns[k];
      assert(column !== undefined, `no column ${k} among ${side.columns.length}`);
      return gatherColumn(column, rows.references, count);
    }
    case 'state': {
      const { arena, rowCodec } = side.arrangement;
      return unpackColumn(rowCodec, k, { arena, addresses: rows.references, count, skip: ROW_WORDS });
    }
    case 'nulls':
      return nullColumn(shapeAt(side, k), count);
  }
}

/** The rows picked by number. */
export function pickRows(rows: RowReferences, selected: Int32Array, count: number): RowReferences {
  return rows.kind === 'nulls' ? rows : { ...rows, references: pickInt32(rows.references, selected, count) };
}

function shapeAt(side: ArrangedDelta, k: number): ColumnShape {
  const shape = side.arrangement.rowCodec.shapes[k];
  assert(shape !== undefined, `no column ${k} in an arrangement`);
  return shape;
}
