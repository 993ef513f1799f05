/** Evaluates a logical plan over whole tables: what a view must contain. */
import { unreachable } from '../../base/assert.js';
import type { TableVersion } from '../../catalog/table-version.js';
import type { Datum } from '../../codec/datum.js';
import type { LogicalPlan } from '../logical-plan.js';
import { evaluate, truthOf } from './evaluate-expression.js';

/** A row: one value a column. */
export type Row = readonly Datum[];

/** The rows of a table, with these columns in this order. */
export type TableRows = (table: TableVersion, columnIds: readonly number[]) => readonly Row[];

/** The rows of a relation, in no order that means anything. */
export function evaluatePlan(plan: LogicalPlan, rowsOf: TableRows): readonly Row[] {
  switch (plan.kind) {
    case 'scan':
      return rowsOf(plan.table, plan.columnIds);
    case 'filter':
      return evaluatePlan(plan.input, rowsOf).filter((row) => truthOf(plan.predicate, row) === true);
    case 'project':
      return evaluatePlan(plan.input, rowsOf).map((row) => plan.items.map((item) => evaluate(item, row)));
    default:
      return unreachable(plan);
  }
}
