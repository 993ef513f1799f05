/** A view's table as this program finds it again: its schema, and the ids of its rows. */
import { present } from '../base/assert.js';
import { TiviewError } from '../base/errors.js';
import { ByteWriter } from '../base/byte-writer.js';
import type { TableVersion } from '../catalog/table-version.js';
import { ROWID_COLUMN, type TableId } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import { BackingTable } from '../commit/backing-table.js';
import { rowKey } from '../commit/row-bytes.js';
import { RowIds } from '../commit/row-ids.js';
import { scanTable } from '../source/table-scan.js';
import type { ReignParts } from './reign-parts.js';
import type { OutputColumn } from './view-record.js';

/**
 * Opens a view's table.
 *
 * @throws TiviewError kind `viewTableGone` — it is not there, or lacks a column.
 */
export async function openViewTable(
  parts: Pick<ReignParts, 'catalog'>,
  tableId: TableId,
  output: readonly OutputColumn[],
  at: Ts,
  signal: AbortSignal,
): Promise<BackingTable> {
  const version = await parts.catalog.tableAt(tableId, at, signal);
  if (version === undefined) throw tableGone('its table is not there any more');
  const columnIds = output.map(({ name }) => {
    const column = version.columns.find((one) => one.name.lower === name.toLowerCase());
    if (column === undefined) throw tableGone(`its table has no column '${name}' any more`);
    return column.id;
  });
  return new BackingTable(parts.catalog, version, columnIds);
}

/** Reads the ids of all rows of a table without a key, as of a moment at which nobody writes to it. */
export async function loadRowIds(
  parts: Pick<ReignParts, 'cluster'>,
  table: BackingTable,
  at: Ts,
  signal: AbortSignal,
): Promise<RowIds | undefined> {
  if (!table.hasRowIds) return undefined;
  const ids = new RowIds();
  const source = { version: table.version, columnIds: [...table.columnIds, ROWID_COLUMN] };
  const scratch = new ByteWriter(256);
  for await (const { delta } of scanTable(
    parts.cluster.coprocessor,
    { table: source, ts: at, conditions: [] },
    signal,
  )) {
    const values = delta.columns.slice(0, -1);
    const idColumn = present(delta.columns.at(-1), 'a scan without columns');
    for (let row = 0; row < delta.rows; row++) {
      if (idColumn.kind !== 'i64') throw new TypeError('row ids are integers');
      const low = BigInt((idColumn.lo[row] ?? 0) >>> 0);
      ids.load(rowKey(values, row, scratch), (BigInt(idColumn.hi[row] ?? 0) << 32n) | low);
    }
  }
  return ids;
}

/** Whether a table of that name is the one with that id, at a moment. */
export async function isStillTable(
  parts: Pick<ReignParts, 'catalog'>,
  place: { readonly schema: string; readonly name: string },
  tableId: TableId,
  at: Ts,
  signal: AbortSignal,
): Promise<boolean> {
  const version: TableVersion | undefined = await parts.catalog.findTable(
    place.schema,
    place.name,
    at,
    signal,
  );
  return version?.id === tableId;
}

function tableGone(message: string): TiviewError {
  return new TiviewError(message, { kind: 'viewTableGone', side: 'tidb', isRetryable: false });
}
