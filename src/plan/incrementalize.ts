/** A logical plan as the description of a circuit that maintains it. */
import { present, unreachable } from '../base/assert.js';
import type { NodeSpec } from '../dataflow/view-spec.js';
import type { LogicalPlan } from './logical-plan.js';

/** The operators that maintain a relation. Filter and projection are linear: their increments are themselves. */
export function incrementalize(plan: LogicalPlan): NodeSpec {
  switch (plan.kind) {
    case 'scan': {
      const { table, columnIds } = plan;
      const columns = columnIds.map((id) => ({
        id,
        type: present(table.column(id), `no column ${id}`).type,
      }));
      return { kind: 'source', table: table.id, columns };
    }
    case 'filter':
      return { kind: 'filter', input: incrementalize(plan.input), predicate: plan.predicate };
    case 'project':
      return { kind: 'project', input: incrementalize(plan.input), items: plan.items };
    default:
      return unreachable(plan);
  }
}
