/** Rows in tests: from stored pairs to values, and from columns back to pairs. */
import { fromHex, toHex } from '../../../../src/base/bytes.js';
import { RowEncoder } from '../../../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../../../src/catalog/table-version.js';
import { ByteSlice } from '../../../../src/codec/byte-slice.js';
import { cellAt } from '../../../../src/codec/cell.js';
import type { Column } from '../../../../src/codec/column.js';
import { datumBytes } from '../../../../src/codec/datum-text.js';
import { MutationBatch } from '../../../../src/codec/mutation-batch.js';
import { ROWID_COLUMN, decodeTableKey } from '../../../../src/codec/table-keys.js';
import type { RecordedPair } from './traces.js';

/** All columns of a table, and its hidden row id if it has one. */
export function allColumnIds(table: TableVersion): number[] {
  const ids = table.info.columns.map(({ id }) => id);
  return table.handle.kind === 'rowid' ? [...ids, ROWID_COLUMN] : ids;
}

/** Decoded rows of a table. */
export interface DecodedRows {
  readonly columns: readonly Column[];
  readonly rows: number;
}

/** Decodes the record pairs among some. */
export function decodeRows(table: TableVersion, pairs: readonly RecordedPair[]): DecodedRows {
  const decoder = table.rowDecoder(allColumnIds(table));
  for (const pair of pairs) {
    const key = fromHex(pair.key);
    if (decodeTableKey(key).kind === 'record')
      decoder.append(new ByteSlice(key), new ByteSlice(fromHex(pair.value)));
  }
  const { rows } = decoder;
  return { columns: decoder.finish(), rows };
}

/** Rows as a text result shows them: NULL is null, bytes that are no UTF-8 show as latin1 after `hex:`. */
export function textRows(table: TableVersion, decoded: DecodedRows): (string | null)[][] {
  return Array.from({ length: decoded.rows }, (_, row) =>
    table.info.columns.map(({ type }, i) => {
      const column = decoded.columns[i];
      const bytes = column === undefined ? null : datumBytes(cellAt(column, row, type), type);
      return bytes === null ? null : shown(bytes);
    }),
  );
}

function shown(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : `hex:${toHex(bytes)}`;
}

/** All pairs of the rows, sorted by key. */
export function encodeRows(table: TableVersion, decoded: DecodedRows): RecordedPair[] {
  const encoder = new RowEncoder(table, allColumnIds(table));
  const batch = new MutationBatch();
  for (let row = 0; row < decoded.rows; row++) encoder.put(decoded.columns, row, batch);
  return pairsOf(batch.consolidated());
}

/** A batch's puts as recorded pairs. */
export function pairsOf(batch: MutationBatch): RecordedPair[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    key: toHex(batch.keyAt(i)),
    value: toHex(batch.valueAt(i)),
  }));
}
