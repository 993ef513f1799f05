/**
 * Sets of columns on which no two rows of a relation agree and which are never NULL. A base table's primary and NOT
 * NULL unique keys are such; they survive filters, and projections that pass on all of their columns unchanged.
 */
import { unreachable } from '../base/assert.js';
import type { LogicalPlan } from './logical-plan.js';

/** The keys of a relation, as positions of its columns; the shortest first. */
export function uniqueKeys(plan: LogicalPlan): readonly (readonly number[])[] {
  switch (plan.kind) {
    case 'scan':
      return positionsOf(plan.table.uniqueKeys, (id) => plan.columnIds.indexOf(id));
    case 'filter':
      return uniqueKeys(plan.input);
    case 'project':
      return positionsOf(uniqueKeys(plan.input), (position) =>
        plan.items.findIndex((item) => item.kind === 'column' && item.index === position),
      );
    default:
      return unreachable(plan);
  }
}

/** Keys with each column replaced by its place; those of which a column has none are left out. */
function positionsOf(
  keys: readonly (readonly number[])[],
  placeOf: (column: number) => number,
): readonly (readonly number[])[] {
  return keys
    .map((key) => key.map(placeOf))
    .filter((key) => key.every((place) => place >= 0))
    .sort((a, b) => a.length - b.length);
}
