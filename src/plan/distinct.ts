/** DISTINCT and UNION: groups of equal rows, of which one is left. */
import type { ComparisonDomain } from '../dataflow/expression.js';
import type { Span } from '../sql/ast/span.js';
import { refuse } from './bind-context.js';
import { refuseHiddenColumns } from './hidden-digits.js';
import { groupingDomain } from './key-domain.js';
import type { LogicalPlan } from './logical-plan.js';
import { columnTypes } from './plan-columns.js';
import type { QueryContext } from './query-context.js';

/**
 * The distinct rows of a relation.
 *
 * @param node - what to quote when a column's values cannot be told apart.
 */
export function distinct(
  plan: LogicalPlan,
  node: { readonly span: Span },
  context: QueryContext,
): LogicalPlan {
  refuseHiddenColumns(plan, node, context.text);
  const groups = columnTypes(plan).map((type, index): { index: number; domain: ComparisonDomain } => {
    const made = groupingDomain(type, context.comparison);
    if (made.kind === 'refused') throw refuse(context.text, node, made.reason);
    return { index, domain: made.domain };
  });
  return { kind: 'aggregate', input: plan, groups, isScalar: false, aggregates: [] };
}
