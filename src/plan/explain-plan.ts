/** A plan for people: one line an operator, as EXPLAIN shows it. */
import { present, unreachable } from '../base/assert.js';
import type { TableVersion } from '../catalog/table-version.js';
import type { TableId } from '../codec/table-keys.js';
import type { AggregateSpec } from '../dataflow/view-spec.js';
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
  /** The base table that it reads; undefined: it reads its inputs. */
  readonly table: TableId | undefined;
}

/** What an operator is called, and its columns. */
interface Described {
  readonly title: string;
  /** Beside the title: the table, what is joined on. */
  readonly detail: string;
  /** The names of its columns; undefined: computed. */
  readonly names: readonly (string | undefined)[];
  readonly state: readonly string[];
  readonly inputs: readonly LogicalPlan[];
}

/** The operators of a plan, from the view down to its tables. */
export function explainPlan(plan: LogicalPlan): readonly ExplainedOperator[] {
  const lines: ExplainedOperator[] = [];
  const visit = (node: LogicalPlan, depth: number): void => {
    const { title, detail, names, state, inputs } = describe(node);
    lines.push({
      id: `${title}_${lines.length + 1}`,
      depth,
      operator: detail === '' ? title : `${title} ${detail}`,
      keys: uniqueKeys(node).map((key) => key.map((position) => shownName(names, position))),
      stateColumns: state,
      table: node.kind === 'scan' ? node.table.id : undefined,
    });
    inputs.forEach((input) => visit(input, depth + 1));
  };
  visit(plan, 0);
  return lines;
}

const JOIN_TITLES = { inner: 'Join', left: 'LeftJoin', semi: 'SemiJoin', anti: 'AntiJoin' } as const;

function describe(plan: LogicalPlan): Described {
  switch (plan.kind) {
    case 'scan': {
      const names = plan.columnIds.map((id) => columnName(plan.table, id));
      return { title: 'Scan', detail: plan.name, names, state: [], inputs: [] };
    }
    case 'filter': {
      const { names } = describe(plan.input);
      return { title: 'Filter', detail: '', names, state: [], inputs: [plan.input] };
    }
    case 'project': {
      const { names: below } = describe(plan.input);
      const names = plan.items.map((item) => (item.kind === 'column' ? below[item.index] : undefined));
      return { title: 'Project', detail: '', names, state: [], inputs: [plan.input] };
    }
    case 'join': {
      const [left, right] = [describe(plan.left).names, describe(plan.right).names];
      const pairs = plan.on.map((pair) => `${shownName(left, pair.left)} = ${shownName(right, pair.right)}`);
      const isOfLeft = plan.type === 'semi' || plan.type === 'anti';
      return {
        title: JOIN_TITLES[plan.type],
        detail: pairs.length === 0 ? '' : `on ${pairs.join(', ')}`,
        names: isOfLeft ? left : [...left, ...right],
        state: [...left, ...right].map((name, i) => name ?? `#${i + 1}`),
        inputs: [plan.left, plan.right],
      };
    }
    case 'aggregate': {
      const { names: below } = describe(plan.input);
      const groups = plan.groups.map(({ index }) => below[index]);
      const aggregates = plan.aggregates.map((spec) => aggregateName(spec, below));
      const shown = groups.map((name, i) => name ?? `#${i + 1}`);
      return {
        title: plan.aggregates.length === 0 ? 'Distinct' : 'Aggregate',
        detail: shown.length === 0 ? '' : `by ${shown.join(', ')}`,
        names: [...groups, ...aggregates],
        state: [...shown, ...aggregates],
        inputs: [plan.input],
      };
    }
    case 'unionAll': {
      const names = plan.inputs[0] === undefined ? [] : describe(plan.inputs[0]).names;
      return { title: 'UnionAll', detail: '', names, state: [], inputs: plan.inputs };
    }
    default:
      return unreachable(plan);
  }
}

function aggregateName(
  { function: name, isDistinct, operands }: AggregateSpec,
  below: readonly (string | undefined)[],
): string {
  const listed = operands.map((operand) => shownName(below, operand)).join(', ');
  return `${name}(${isDistinct ? 'distinct ' : ''}${listed === '' ? '*' : listed})`;
}

function shownName(names: readonly (string | undefined)[], position: number): string {
  return names[position] ?? `#${position + 1}`;
}

function columnName(table: TableVersion, id: number): string {
  return present(table.column(id), `no column ${id} in table ${table.id}`).name.original;
}
