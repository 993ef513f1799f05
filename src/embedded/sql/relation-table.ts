/**
 * Relations that no table of TiKV holds, in the shape that the planner scans: system tables, results of queries that
 * the planner cannot do in one piece, the one row of a select without FROM.
 */
import type { ColumnInfo } from '../../catalog/column-info.js';
import { lowerName } from '../../catalog/lower-name.js';
import type { TableInfo } from '../../catalog/table-info.js';
import { TableVersion } from '../../catalog/table-version.js';
import type { FieldType } from '../../codec/field-type.js';
import type { LogicalPlan, OutputColumn } from '../../plan/logical-plan.js';
import type { BoundQuery } from '../../plan/query-context.js';
import type { Row } from '../../plan/reference/evaluate-plan.js';

/** Columns and rows. */
export interface ResultTable {
  readonly columns: readonly OutputColumn[];
  readonly rows: readonly Row[];
  /** What the planner made of it, for EXPLAIN; undefined: nothing. */
  readonly plan?: LogicalPlan;
}

/** No table of TiDB has such an id: 2^46 and above are temporary tables' there. */
const RELATION_ID = 2 ** 50;

/** A table of some columns, whose ids count from 1. */
export function relationTable(name: string, columns: readonly OutputColumn[]): TableVersion {
  const info: TableInfo = {
    id: RELATION_ID,
    name: { original: name, lower: lowerName(name) },
    kind: 'table',
    charset: 'utf8mb4',
    collate: 'utf8mb4_bin',
    columns: columns.map(columnInfo),
    indexes: [],
    state: 'public',
    isPkHandle: false,
    isCommonHandle: false,
    commonHandleVersion: 0,
    comment: '',
    partition: undefined,
    temporary: 'none',
    isCached: false,
    hasTtl: false,
    hasForeignKeys: false,
    materialized: { isView: false, isLog: false, isBase: false },
    mode: 'normal',
    autoIdCache: 0,
    shardRowIdBits: 0,
    autoRandomBits: 0,
  };
  return new TableVersion(info, 0, true);
}

/** The whole of such a table, as a query. */
export function scanOf(table: TableVersion): BoundQuery {
  return {
    plan: {
      kind: 'scan',
      table,
      name: table.info.name.original,
      columnIds: table.columns.map(({ id }) => id),
    },
    output: table.columns.map(({ name, type }) => ({ name: name.original, type })),
  };
}

function columnInfo({ name, type }: { name: string; type: FieldType }, offset: number): ColumnInfo {
  return {
    id: offset + 1,
    name: { original: name, lower: lowerName(name) },
    offset,
    type,
    isArray: false,
    state: 'public',
    hasDefault: false,
    originDefault: undefined,
    version: 2,
    isHidden: false,
    generated: undefined,
    replacesOffset: undefined,
    hasChangingType: false,
  };
}
