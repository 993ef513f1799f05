/**
 * A logical plan as the description of a circuit that maintains it. What is equal here is one operator, and one
 * arrangement, in the circuit: so nothing of names or of the order of views is in it.
 */
import { present, unreachable } from '../base/assert.js';
import type { NodeSpec } from '../dataflow/view-spec.js';
import type { LogicalPlan } from './logical-plan.js';

/** The operators that maintain a relation. Filter, projection and union are linear: their increments are themselves. */
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
    case 'join': {
      const { type, on, residual } = plan;
      const [left, right] = [incrementalize(plan.left), incrementalize(plan.right)];
      return { kind: 'join', type, left, right, on, residual };
    }
    case 'aggregate': {
      const { groups, isScalar, aggregates } = plan;
      return { kind: 'aggregate', input: incrementalize(plan.input), groups, isScalar, aggregates };
    }
    case 'unionAll':
      return { kind: 'unionAll', inputs: plan.inputs.map(incrementalize) };
    default:
      return unreachable(plan);
  }
}
