/**
 * Moves tests to where they turn rows away first, and conditions of inner joins to where they become keys. A row that a
 * test turns away below a join is never held by it; and tests right above a scan are what TiKV can do for us.
 *
 * Nothing moves below the side of an outer join that NULLs may stand for, nor below a group that merges values which
 * the test could tell apart.
 */
import { present, unreachable } from '../base/assert.js';
import type { RowExpression } from '../dataflow/expression.js';
import { columnsUsed, mapColumns, substituted } from '../dataflow/expression-columns.js';
import { conjuncts, filtered } from './conjunction.js';
import type { AggregatePlan, JoinPlan, LogicalPlan } from './logical-plan.js';
import { makeJoin } from './make-join.js';
import { joinGroup } from './order-joins.js';
import { columnTypes, shifted } from './plan-columns.js';

/**
 * The relation reduced to the rows for which all tests are true.
 *
 * @param tests - over the relation's columns, which stay as they are.
 */
export function pushDown(plan: LogicalPlan, tests: readonly RowExpression[] = []): LogicalPlan {
  switch (plan.kind) {
    case 'scan':
      return filtered(plan, tests);
    case 'filter':
      return pushDown(plan.input, [...conjuncts(plan.predicate), ...tests]);
    case 'project':
      return {
        ...plan,
        input: pushDown(
          plan.input,
          tests.flatMap((test) => conjuncts(substituted(test, plan.items))),
        ),
      };
    case 'join':
      return plan.type === 'inner' ? joinGroup(plan, tests, pushDown) : belowOuter(plan, tests);
    case 'aggregate':
      return belowGroups(plan, tests);
    case 'unionAll':
      return { ...plan, inputs: plan.inputs.map((input) => pushDown(input, tests)) };
    default:
      return unreachable(plan);
  }
}

/** Left, semi and anti joins: tests on left rows go left, and conditions on right rows alone go right. */
function belowOuter(plan: JoinPlan, tests: readonly RowExpression[]): LogicalPlan {
  const width = columnTypes(plan.left).length;
  const isLeft = (test: RowExpression): boolean => [...columnsUsed(test)].every((index) => index < width);
  const isRight = (test: RowExpression): boolean => [...columnsUsed(test)].every((index) => index >= width);
  const conditions = conjuncts(plan.residual);
  const left = pushDown(plan.left, tests.filter(isLeft));
  const right = pushDown(
    plan.right,
    conditions.filter(isRight).map((test) => shifted(test, -width)),
  );
  const join = makeJoin(
    plan.type,
    left,
    right,
    conditions.filter((test) => !isRight(test)),
  );
  return filtered(
    join,
    tests.filter((test) => !isLeft(test)),
  );
}

/** Domains in which values that are equal are the same, so that no test can tell them apart. */
const EXACT: ReadonlySet<string> = new Set(['integer', 'decimal', 'time', 'duration']);

function belowGroups(plan: AggregatePlan, tests: readonly RowExpression[]): LogicalPlan {
  const isBelow = (test: RowExpression): boolean => {
    const used = [...columnsUsed(test)];
    return used.length > 0 && used.every((index) => EXACT.has(plan.groups[index]?.domain.kind ?? 'none'));
  };
  const below = tests.filter(isBelow).map((test) =>
    mapColumns(test, (column) => {
      const { index } = present(plan.groups[column.index], `no group ${column.index}`);
      return { ...column, index };
    }),
  );
  const input = pushDown(plan.input, below);
  return filtered(
    { ...plan, input },
    tests.filter((test) => !isBelow(test)),
  );
}
