/** A build's row in `<schema>.builds`: the fence of its batches, and how far it has come. Its id is the view's. */
import { type Ts, ts } from '../codec/tso.js';
import type { TableId } from '../codec/table-keys.js';
import { type SystemRecord, numberIn, textIn } from './system-table.js';

/**
 * - `scan`: the hidden table is being filled from the snapshot;
 * - `catchUp`: it stands at `appliedTs`, and follows its own feed;
 * - `merged`: it is maintained by epochs, and about to be published.
 */
export type BuildPhase = 'scan' | 'catchUp' | 'merged';

const PHASES: readonly BuildPhase[] = ['scan', 'catchUp', 'merged'];

/** One attempt at a build. */
export interface BuildRecord {
  readonly viewId: bigint;
  /** Counts from 1; each has a table of its own. */
  readonly attempt: bigint;
  /** Reign that runs it. */
  readonly term: bigint;
  readonly phase: BuildPhase;
  readonly tableId: TableId;
  /** In the system schema. */
  readonly tableName: string;
  /** S. */
  readonly snapshotTs: Ts;
  /** Instant of the base tables that the table shows; zero while it is being filled. */
  readonly appliedTs: Ts;
  readonly rowsWritten: bigint;
}

/** As a row. */
export function buildToRecord(build: BuildRecord): SystemRecord {
  return {
    id: build.viewId,
    attempt: build.attempt,
    term: build.term,
    phase: build.phase,
    table_id: BigInt(build.tableId),
    table_name: build.tableName,
    snapshot_ts: build.snapshotTs,
    applied_ts: build.appliedTs,
    rows_written: build.rowsWritten,
  };
}

/** Inverse of {@link buildToRecord}. */
export function buildOfRecord(record: SystemRecord): BuildRecord {
  const phase = PHASES.find((name) => name === textIn(record, 'phase'));
  return {
    viewId: numberIn(record, 'id'),
    attempt: numberIn(record, 'attempt'),
    term: numberIn(record, 'term'),
    phase: phase ?? 'scan',
    tableId: Number(numberIn(record, 'table_id')),
    tableName: textIn(record, 'table_name'),
    snapshotTs: ts(numberIn(record, 'snapshot_ts')),
    appliedTs: ts(numberIn(record, 'applied_ts')),
    rowsWritten: numberIn(record, 'rows_written'),
  };
}
