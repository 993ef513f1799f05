/**
 * A table at a snapshot, as deltas of insertions: the input of a build. TiKV picks the columns and tests the
 * conditions it can; pages come in key order, one physical table after the other.
 */
import { ByteWriter } from '../base/byte-writer.js';
import { originDefaultOf } from '../catalog/origin-default.js';
import type { TableVersion } from '../catalog/table-version.js';
import { writeCompact } from '../codec/flagged-datum.js';
import { ROWID_COLUMN, ROWID_TYPE, type TableId, coprocessorRange } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import type { Delta } from '../dataflow/delta.js';
import type { Condition } from '../tikv/coprocessor/condition.js';
import type { Coprocessor, ScanPage } from '../tikv/coprocessor/coprocessor.js';
import type { ScanColumn, TableScanPlan } from '../tikv/coprocessor/dag-request.js';
import { CommandPriority } from '../tikv/proto-types.js';
import type { SourceTable } from './source-table.js';

/** What to scan. */
export interface TableScanRequest {
  readonly table: SourceTable;
  /** A GC barrier must hold it. */
  readonly ts: Ts;
  /** Conditions that TiKV tests; columns by their place in the table's `columnIds`. */
  readonly conditions: readonly Condition[];
}

/** Some rows of it. */
export interface ScannedRows {
  readonly delta: Delta;
  /** Size of the rows as they came. */
  readonly bytes: number;
  /** How far the scan has come. */
  readonly doneUpTo: Uint8Array;
}

/**
 * Scans a table.
 *
 * @throws BudgetError — a region or a lock could not be got past; BadReplyError; the signal's reason.
 */
export async function* scanTable(
  coprocessor: Coprocessor,
  request: TableScanRequest,
  signal: AbortSignal,
): AsyncGenerator<ScannedRows, void, undefined> {
  const { version } = request.table;
  const { columnIds } = request.table;
  // TiKV gives no rows without columns. A query that only counts rows gets one to count them by.
  const read = columnIds.length > 0 ? columnIds : version.columns.slice(0, 1).map(({ id }) => id);
  const columns = read.map((id) => scanColumn(version, id));
  for (const physicalId of version.physicalIds) {
    const pages = coprocessor.scanTable(
      {
        plan: scanPlan(request, physicalId, columns),
        ranges: [coprocessorRange(physicalId)],
        ts: request.ts,
        read: { notFillCache: true, priority: CommandPriority.low },
      },
      signal,
    );
    for await (const page of pages) yield scannedRows(page, columnIds.length);
  }
}

function scannedRows(page: ScanPage, width: number): ScannedRows {
  const delta: Delta = {
    rows: page.rows,
    weights: new Int32Array(page.rows).fill(1),
    columns: page.columns.slice(0, width),
    isConsolidated: false,
  };
  return { delta, bytes: page.bytes, doneUpTo: page.doneUpTo };
}

function scanPlan(
  request: TableScanRequest,
  physicalId: TableId,
  columns: readonly ScanColumn[],
): TableScanPlan {
  const { handle, isNewCollation } = request.table.version;
  const common = handle.kind === 'common' ? handle.columns : [];
  return {
    tableId: BigInt(physicalId),
    columns,
    conditions: request.conditions,
    usesNewCollation: isNewCollation,
    primaryColumnIds: common.map(({ columnId }) => columnId),
    primaryPrefixColumnIds: common.filter(({ isPrefix }) => isPrefix).map(({ columnId }) => columnId),
  };
}

function scanColumn(version: TableVersion, id: number): ScanColumn {
  if (id === ROWID_COLUMN) return { id, type: ROWID_TYPE, isHandle: true };
  const isHandle = version.handle.kind === 'int' && version.handle.columnId === id;
  const column = version.column(id);
  if (column === undefined) throw new RangeError(`no column ${id} in table ${version.id}`);
  const { type } = column;
  const originDefault = originDefaultOf(column);
  if (originDefault === undefined || originDefault === null) return { id, type, isHandle };
  const out = new ByteWriter(32);
  writeCompact(out, originDefault, type);
  return { id, type, isHandle, originDefault: out.take() };
}
