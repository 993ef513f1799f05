/** Equalities that no operator in the text stands for: USING, NATURAL, IN. */
import type { Comparison, RowExpression } from '../dataflow/expression.js';
import type { Span } from '../sql/ast/span.js';
import { refuse } from './bind-context.js';
import type { QueryContext } from './query-context.js';
import { comparable } from './typing/comparison.js';

/**
 * `left = right`, as TiDB compares the two.
 *
 * @param node - what to quote when they cannot be compared.
 */
export function equality(
  left: RowExpression,
  right: RowExpression,
  node: { readonly span: Span },
  context: QueryContext,
): Comparison {
  const made = comparable(left, right, context.comparison);
  if (made.kind === 'refused') throw refuse(context.text, node, made.reason);
  return { kind: 'compare', operator: '=', domain: made.domain, left: made.left, right: made.right };
}
