/**
 * Quotients have more digits than their type shows. Whether TiDB goes on with all of them depends on its plan where a
 * quotient is a column of something (a derived table, a group, a union), so there it is refused.
 */
import { MysqlType } from '../codec/field-type.js';
import { type RowExpression, scaleOf, typeOf } from '../dataflow/expression.js';
import type { Span } from '../sql/ast/span.js';
import { refuse } from './bind-context.js';
import type { LogicalPlan } from './logical-plan.js';

/** Whether a value has digits that its type does not show. */
function hasHiddenDigits(value: RowExpression): boolean {
  const { tp, decimal } = typeOf(value);
  return tp === MysqlType.newdecimal && scaleOf(value) > decimal;
}

/**
 * Refuses a value that must not become a column.
 *
 * @param node - what to quote.
 */
export function refuseHiddenDigits(value: RowExpression, node: { readonly span: Span }, text: string): void {
  if (hasHiddenDigits(value))
    throw refuse(
      text,
      node,
      'a quotient, which has more digits than it shows, is a column of something else',
    );
}

/** Refuses a select list with such a value, where the query is not the view itself. */
export function refuseHiddenColumns(plan: LogicalPlan, node: { readonly span: Span }, text: string): void {
  if (plan.kind === 'project') plan.items.forEach((item) => refuseHiddenDigits(item, node, text));
}
