/**
 * Which columns of a relation are decided by which others: then `GROUP BY id` may show the name that goes with the id.
 * Sound, not complete: what is not found here is refused, though TiDB may know better.
 *
 * @see https://dev.mysql.com/doc/refman/8.0/en/group-by-functional-dependence.html
 */
import { unreachable } from '../base/assert.js';
import { FieldFlag, hasFlag } from '../codec/field-type.js';
import type { RowExpression } from '../dataflow/expression.js';
import { columnsUsed } from '../dataflow/expression-columns.js';
import { conjuncts } from './conjunction.js';
import type { JoinPlan, LogicalPlan } from './logical-plan.js';
import { columnTypes } from './plan-columns.js';

/** Domains in which equal values are the same value. */
const EXACT: ReadonlySet<string> = new Set(['integer', 'time', 'duration']);

/** The columns that have one value in all rows that agree on `columns`, these included. */
export function determinedBy(plan: LogicalPlan, columns: ReadonlySet<number>): ReadonlySet<number> {
  switch (plan.kind) {
    case 'scan': {
      const isFixed = (id: number): boolean => columns.has(plan.columnIds.indexOf(id));
      const isOneRow = plan.table.uniqueKeys.some((key) => key.every(isFixed));
      return isOneRow ? new Set(plan.columnIds.keys()) : columns;
    }
    case 'filter':
      return closure(columns, conjuncts(plan.predicate), (known) => determinedBy(plan.input, known));
    case 'project': {
      const below = [...columns].flatMap((column) => {
        const item = plan.items[column];
        return item?.kind === 'column' ? [item.index] : [];
      });
      const known = determinedBy(plan.input, new Set(below));
      const decided = plan.items.flatMap((item, i) => (isKnown(item, known) ? [i] : []));
      return new Set([...columns, ...decided]);
    }
    case 'join':
      return joined(plan, columns);
    case 'aggregate': {
      const isGroup = plan.groups.every((_, i) => columns.has(i));
      return isGroup ? new Set([...plan.groups, ...plan.aggregates].keys()) : columns;
    }
    case 'unionAll':
      return columns;
    default:
      return unreachable(plan);
  }
}

function joined(plan: JoinPlan, columns: ReadonlySet<number>): ReadonlySet<number> {
  const width = columnTypes(plan.left).length;
  const leftOf = (known: ReadonlySet<number>): ReadonlySet<number> =>
    determinedBy(plan.left, new Set([...known].filter((index) => index < width)));
  if (plan.type === 'semi' || plan.type === 'anti') return leftOf(columns);
  const rightOf = (known: ReadonlySet<number>): readonly number[] => {
    const own = [...known].filter((index) => index >= width).map((index) => index - width);
    return [...determinedBy(plan.right, new Set(own))].map((index) => index + width);
  };
  const tests = conditionsOf(plan, width);
  if (plan.type === 'inner') {
    return closure(columns, tests, (known) => new Set([...known, ...leftOf(known), ...rightOf(known)]));
  }
  const left = leftOf(columns);
  const all = new Set([...columns, ...left]);
  // A row of NULLs instead of a match must be told from a match: by a column that is never NULL in one.
  const types = columnTypes(plan.right);
  const isTold = [...columns].some((index) => {
    const type = types[index - width];
    return index >= width && type !== undefined && hasFlag(type, FieldFlag.notNull);
  });
  if (isTold) rightOf(columns).forEach((index) => all.add(index));
  // One left row's matches are decided with what the condition reads of it.
  const read = tests.flatMap((test) => [...columnsUsed(test)]).filter((index) => index < width);
  if (read.every((index) => left.has(index))) {
    const inside = closure(all, tests, (known) => new Set([...known, ...rightOf(known)]));
    const isAll = types.every((_, i) => inside.has(width + i));
    if (isAll) inside.forEach((index) => all.add(index));
  }
  return all;
}

/** What columns decide, until equalities and `step` add nothing more. */
function closure(
  columns: ReadonlySet<number>,
  tests: readonly RowExpression[],
  step: (known: ReadonlySet<number>) => ReadonlySet<number>,
): ReadonlySet<number> {
  let known: ReadonlySet<number> = columns;
  for (;;) {
    const next = new Set([...known, ...step(known)]);
    for (const test of tests) {
      if (test.kind !== 'compare' || test.operator !== '=' || !EXACT.has(test.domain.kind)) continue;
      const { left, right } = test;
      if (left.kind === 'column' && isKnown(right, next)) next.add(left.index);
      if (right.kind === 'column' && isKnown(left, next)) next.add(right.index);
    }
    if (next.size === known.size) return next;
    known = next;
  }
}

/** The conditions of a join, keys among them, over left columns followed by right columns. */
function conditionsOf(plan: JoinPlan, width: number): readonly RowExpression[] {
  const types = columnTypes(plan);
  const keys = plan.on.flatMap(({ left, right, domain, isNullSafe }): RowExpression[] => {
    const [a, b] = [types[left], types[width + right]];
    if (isNullSafe || a === undefined || b === undefined) return [];
    const sides = {
      left: { kind: 'column', index: left, type: a },
      right: { kind: 'column', index: width + right, type: b },
    } as const;
    return [{ kind: 'compare', operator: '=', domain, ...sides }];
  });
  return [...keys, ...conjuncts(plan.residual)];
}

function isKnown(expression: RowExpression, known: ReadonlySet<number>): boolean {
  return [...columnsUsed(expression)].every((index) => known.has(index));
}
