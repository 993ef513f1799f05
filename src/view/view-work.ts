/** What the operators of a maintained view have done since their owner began, for EXPLAIN ANALYZE. */
import { SqlError } from '../base/errors.js';
import type { OperatorCounters } from '../dataflow/operator.js';
import type { Group } from './group.js';

/** One operator; plain values, since they may come from another instance. */
export interface WorkLine extends OperatorCounters {
  /** 0: the view itself; inputs follow, one deeper. */
  readonly depth: number;
  readonly operator: string;
  readonly spentMs: number;
  /** How many views it works for: what is shared is counted for each of them. */
  readonly views: number;
}

/** The operators of a view, from the view down to its tables. @throws SqlError 1356 — nobody maintains it. */
export function viewWork(group: Group, viewId: bigint): readonly WorkLine[] {
  const live = group.views.get(viewId);
  if (live === undefined)
    throw new SqlError(1356, 'HY000', 'the view is not maintained: nothing works for it');
  const names = new Map(live.compiled.sources.map(({ table, shownName }) => [table.version.id, shownName]));
  return group.circuit.work(viewId).map(({ depth, name, table, counters, spentMs, views }) => ({
    depth,
    operator: table === undefined ? name : `${name} ${names.get(table) ?? String(table)}`,
    rowsIn: counters.rowsIn,
    rowsOut: counters.rowsOut,
    rowsTouched: counters.rowsTouched,
    stateRows: counters.stateRows,
    stateBytes: counters.stateBytes,
    spentMs,
    views,
  }));
}
