/** Joins with keys: equalities between the two sides become pairs of columns, all other conditions stay as they are. */
import { type Comparison, type RowExpression, withAllDigits } from '../dataflow/expression.js';
import { columnsUsed, mapColumns } from '../dataflow/expression-columns.js';
import type { JoinColumns, JoinType } from '../dataflow/view-spec.js';
import { conjunction } from './conjunction.js';
import type { LogicalPlan } from './logical-plan.js';
import { columnTypes, columnsOf, projected, shifted } from './plan-columns.js';

/** An equality that a join can look up. */
interface JoinKey {
  readonly comparison: Comparison;
  /** Over the columns of the left side. */
  readonly left: RowExpression;
  /** Over the columns of left and right side. */
  readonly right: RowExpression;
}

/**
 * Joins two relations.
 *
 * @param tests - conditions over left columns followed by right columns.
 * @returns a relation with the columns of `left`, then those of `right`; of semi and anti joins only those of `left`.
 */
export function makeJoin(
  type: JoinType,
  left: LogicalPlan,
  right: LogicalPlan,
  tests: readonly RowExpression[],
): LogicalPlan {
  const width = columnTypes(left).length;
  const keys: JoinKey[] = [];
  const residual: RowExpression[] = [];
  for (const test of tests) {
    const key = joinKey(test, width);
    if (key === undefined) residual.push(test);
    else keys.push(key);
  }
  const leftSide = withColumns(
    left,
    keys.map((key) => key.left),
  );
  const rightSide = withColumns(
    right,
    keys.map((key) => shifted(key.right, -width)),
  );
  const on = keys.map(({ comparison }, i): JoinColumns => {
    const [leftPlace, rightPlace] = [leftSide.places[i] ?? 0, rightSide.places[i] ?? 0];
    const isNullSafe = comparison.operator === '<=>';
    return { left: leftPlace, right: rightPlace, domain: comparison.domain, isNullSafe };
  });
  const leftTypes = columnTypes(leftSide.plan);
  const extra = leftTypes.length - width;
  const moved = residual.map((test) =>
    mapColumns(test, (column) =>
      column.index < width ? column : { ...column, index: column.index + extra },
    ),
  );
  const join: LogicalPlan = {
    kind: 'join',
    type,
    left: leftSide.plan,
    right: rightSide.plan,
    on,
    residual: conjunction(moved),
  };
  const types = columnTypes(join);
  const isOfLeft = type === 'semi' || type === 'anti';
  const rightWidth = isOfLeft ? 0 : columnTypes(right).length;
  const kept = [...columnsOf(types, 0, width), ...columnsOf(types, leftTypes.length, rightWidth)];
  return projected(join, kept);
}

/** Whether a test is an equality between the columns below `width` and those from there on. */
export function isJoinKey(test: RowExpression, width: number): boolean {
  return joinKey(test, width) !== undefined;
}

function joinKey(test: RowExpression, width: number): JoinKey | undefined {
  if (test.kind !== 'compare' || (test.operator !== '=' && test.operator !== '<=>')) return undefined;
  const [a, b] = [sideOf(test.left, width), sideOf(test.right, width)];
  if (a === 'left' && b === 'right') return { comparison: test, left: test.left, right: test.right };
  if (a === 'right' && b === 'left') return { comparison: test, left: test.right, right: test.left };
  return undefined;
}

function sideOf(expression: RowExpression, width: number): 'left' | 'right' | undefined {
  const sides = new Set([...columnsUsed(expression)].map((index) => (index < width ? 'left' : 'right')));
  const [side] = sides;
  return sides.size === 1 ? side : undefined;
}

/** The relation with these values among its columns, and where they are. */
function withColumns(
  plan: LogicalPlan,
  values: readonly RowExpression[],
): { readonly plan: LogicalPlan; readonly places: readonly number[] } {
  const types = columnTypes(plan);
  const items: RowExpression[] = [...columnsOf(types)];
  const places = values.map((value) =>
    value.kind === 'column' ? value.index : items.push(withAllDigits(value)) - 1,
  );
  return { plan: projected(plan, items), places };
}
