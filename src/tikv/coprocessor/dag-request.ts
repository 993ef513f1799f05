/**
 * The plan that TiKV runs for a table scan: TableScan, then Selection if there are conditions, in TypeDefault
 * encoding (TypeChunk is no faster to produce, and TiKV falls back from it silently; TRUTH §10).
 *
 * @see pingcap/tidb pkg/distsql/request_builder.go, pkg/util/misc.go (ColumnsToProto)
 */
import { assert, present } from '../../base/assert.js';
import type { FieldType } from '../../codec/field-type.js';
import { messageCodec } from '../proto.js';
import { collationId } from './collation-id.js';
import type { Condition } from './condition.js';
import { encodeCondition } from './condition-encoder.js';
import {
  type ColumnInfoMessage,
  type DagRequest,
  EncodeType,
  ExecType,
  type ExecutorMessage,
} from './cop-types.js';

/** What TiDB sends for a SELECT: overflow, truncation, division by zero and zero dates are no errors. */
const SELECT_FLAGS = 0b1_1110_0010n;

/** Column id of `_tidb_rowid`. */
export const ROW_ID_COLUMN = -1;

const dagCodec = messageCodec<DagRequest>('tipb.DAGRequest');

/** A column to scan. */
export interface ScanColumn {
  /** As in TableInfo; {@link ROW_ID_COLUMN} for the handle of a table without an integer key. */
  readonly id: number;
  readonly type: FieldType;
  /** It is the row's integer handle (`PKIsHandle`, or `_tidb_rowid`): its value is in the key. */
  readonly isHandle: boolean;
  /** Value of rows written before the column was added: one datum with its flag. Left out: NULL. */
  readonly originDefault?: Uint8Array;
}

/** What to scan. */
export interface TableScanPlan {
  /** The physical table: of a partitioned one, a partition. */
  readonly tableId: bigint;
  readonly columns: readonly ScanColumn[];
  /** Of a clustered key that is not the integer handle: its columns' ids in key order. */
  readonly primaryColumnIds?: readonly number[];
  /** Those of them of which only a prefix is in the key. */
  readonly primaryPrefixColumnIds?: readonly number[];
  /** Rows for which all of them are true. */
  readonly conditions?: readonly Condition[];
  /** Places in {@link columns} of what to give; left out: all. */
  readonly output?: readonly number[];
  /** `mysql.tidb.new_collation_enabled`. */
  readonly usesNewCollation: boolean;
}

/** Types of the columns that the scan gives. */
export function outputTypes(plan: TableScanPlan): readonly FieldType[] {
  return outputOf(plan).map((place) => present(plan.columns[place], `no column ${place}`).type);
}

/** The plan in bytes. */
export function encodePlan(plan: TableScanPlan): Uint8Array {
  const output = outputOf(plan);
  assert(output.length > 0, 'a scan must give at least one column');
  return dagCodec.encode({
    executors: executorsOf(plan),
    timeZoneOffset: 0n,
    timeZoneName: 'UTC',
    flags: SELECT_FLAGS,
    outputOffsets: output,
    encodeType: EncodeType.default,
  });
}

/** Places of the columns that the scan gives. */
function outputOf(plan: TableScanPlan): readonly number[] {
  return plan.output ?? plan.columns.map((_, place) => place);
}

function executorsOf(plan: TableScanPlan): readonly ExecutorMessage[] {
  const { columns, conditions = [], usesNewCollation } = plan;
  const scan: ExecutorMessage = {
    tp: ExecType.tableScan,
    tblScan: {
      tableId: plan.tableId,
      columns: columns.map((column) => columnInfo(column, usesNewCollation)),
      desc: false,
      primaryColumnIds: (plan.primaryColumnIds ?? []).map(BigInt),
      primaryPrefixColumnIds: (plan.primaryPrefixColumnIds ?? []).map(BigInt),
    },
  };
  if (conditions.length === 0) return [scan];
  const scope = { types: columns.map((column) => column.type), usesNewCollation };
  const selection = { conditions: conditions.map((condition) => encodeCondition(condition, scope)) };
  return [scan, { tp: ExecType.selection, selection }];
}

function columnInfo(column: ScanColumn, usesNewCollation: boolean): ColumnInfoMessage {
  const { id, type, isHandle, originDefault } = column;
  return {
    columnId: BigInt(id),
    tp: type.tp,
    collation: collationId(type.collate, usesNewCollation),
    columnLen: type.flen,
    decimal: type.decimal,
    flag: type.flag,
    elems: type.elems,
    pkHandle: isHandle,
    ...(originDefault === undefined ? {} : { defaultVal: originDefault }),
  };
}
