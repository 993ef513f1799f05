/** A plan for people: one line an operator, as EXPLAIN shows it. */
import { present, unreachable } from '../base/assert.js';
import type { TableVersion } from '../catalog/table-version.js';
import type { LogicalPlan } from './logical-plan.js';
import { uniqueKeys } from './unique-keys.js';

/** One operator of a plan. */
export interface ExplainedOperator {
  /** `Project_1`; with the depth, where it stands. */
  readonly id: string;
  /** 0: the view itself; inputs follow, one deeper. */
  readonly depth: number;
  readonly operator: string;
  /** What no two of its rows agree on: column names, or positions where columns have none. */
  readonly keys: readonly (readonly string[])[];
  /** What it holds between epochs: nothing, if it is linear. */
  readonly stateColumns: readonly string[];
  readonly how: 'incremental';
}

/** The operators of a plan, from the view down to its tables. */
export function explainPlan(plan: LogicalPlan): readonly ExplainedOperator[] {
  const lines: ExplainedOperator[] = [];
  const visit = (node: LogicalPlan, depth: number): void => {
    const { title, names } = described(node);
    lines.push({
      id: `${title}_${lines.length + 1}`,
      depth,
      operator: node.kind === 'scan' ? `${title} ${node.name}` : title,
      keys: uniqueKeys(node).map((key) => key.map((position) => names[position] ?? `#${position + 1}`)),
      stateColumns: [],
      how: 'incremental',
    });
    if (node.kind !== 'scan') visit(node.input, depth + 1);
  };
  visit(plan, 0);
  return lines;
}

/** What an operator is called, and the names of its columns. */
function described(plan: LogicalPlan): {
  readonly title: string;
  readonly names: readonly (string | undefined)[];
} {
  switch (plan.kind) {
    case 'scan':
      return { title: 'Scan', names: plan.columnIds.map((id) => columnName(plan.table, id)) };
    case 'filter':
      return { title: 'Filter', names: described(plan.input).names };
    case 'project': {
      const { names } = described(plan.input);
      return {
        title: 'Project',
        names: plan.items.map((item) => (item.kind === 'column' ? names[item.index] : undefined)),
      };
    }
    default:
      return unreachable(plan);
  }
}

function columnName(table: TableVersion, id: number): string {
  return present(table.column(id), `no column ${id} in table ${table.id}`).name.original;
}
