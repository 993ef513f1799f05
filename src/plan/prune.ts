/** Leaves out of scans the columns that nothing reads: then a change that touches only those is no change at all. */
import { assert, present, unreachable } from '../base/assert.js';
import type { RowExpression } from '../dataflow/expression.js';
import { columnsUsed, mapColumns } from '../dataflow/expression-columns.js';
import type { LogicalPlan } from './logical-plan.js';

/** The plan with scans of only the columns in use; what comes out stays the same. */
export function prune(plan: LogicalPlan): LogicalPlan {
  assert(plan.kind === 'project', 'a view is a projection at its top');
  return { ...plan, ...narrowed(plan.input, plan.items) };
}

/** A relation reduced to the columns that some expressions over it read, and those expressions over what is left. */
function narrowed(
  plan: LogicalPlan,
  items: readonly RowExpression[],
): { readonly input: LogicalPlan; readonly items: readonly RowExpression[] } {
  switch (plan.kind) {
    case 'scan': {
      const left = [...new Set(items.flatMap((item) => [...columnsUsed(item)]))].sort((a, b) => a - b);
      const columnIds = left.map((position) => present(plan.columnIds[position], `no column ${position}`));
      const renumbered = items.map((item) =>
        mapColumns(item, (column) => ({ ...column, index: left.indexOf(column.index) })),
      );
      return { input: { ...plan, columnIds }, items: renumbered };
    }
    case 'filter': {
      const inner = narrowed(plan.input, [plan.predicate, ...items]);
      const [predicate, ...rest] = inner.items;
      return {
        input: { ...plan, input: inner.input, predicate: present(predicate, 'no predicate') },
        items: rest,
      };
    }
    case 'project':
      return { input: { ...plan, ...narrowed(plan.input, plan.items) }, items };
    default:
      return unreachable(plan);
  }
}
