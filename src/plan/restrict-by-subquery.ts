/** Tests of WHERE that hold a query as semi and anti joins: `[NOT] EXISTS`, `IN`, `= ANY`, and NOT IN without NULLs. */
import type { RowExpression } from '../dataflow/expression.js';
import type { Exists, Expression, InQuery } from '../sql/ast/select.js';
import { refuse } from './bind-context.js';
import { bindExpression } from './bind-expression.js';
import { equality } from './equality.js';
import { type InnerQuery, bindInner, isNeverNull, refuseFurtherOut } from './inner-query.js';
import { asOuter, joinedOver } from './outer-column.js';
import type { Place, QueryContext } from './query-context.js';

/**
 * Reduces the relation of a place by a test, if that is a join.
 *
 * @param test - one of those that must all be true.
 * @returns whether it was; if not, nothing has happened.
 */
export function restrictBySubquery(test: Expression, place: Place, context: QueryContext): boolean {
  const read = membershipOf(test);
  if (read === undefined) return false;
  const { node, isNegated } = read;
  const inner = bindInner(node.query, place.names, context);
  const equalities = node.kind === 'exists' ? [] : memberTests(node, inner, place, context);
  // NOT IN is not true, either, for a NULL, or beside one.
  if (isNegated && !equalities.every(({ isExact }) => isExact)) return false;
  const { relation } = place;
  const tests = [...inner.correlations, ...equalities.map(({ equal }) => equal)].map((correlation) =>
    joinedOver(correlation, relation.width),
  );
  refuseFurtherOut(tests, test, context);
  relation.join(isNegated ? 'anti' : 'semi', inner.relation.plan, tests);
  return true;
}

function membershipOf(
  test: Expression,
): { readonly node: Exists | InQuery; readonly isNegated: boolean } | undefined {
  switch (test.kind) {
    case 'exists':
    case 'inQuery':
      return { node: test, isNegated: test.isNegated };
    case 'compareQuery': {
      const isMember = test.operator === '=' && test.quantifier === 'ANY';
      const isNoMember = test.operator === '!=' && test.quantifier === 'ALL';
      if (!isMember && !isNoMember) return undefined;
      const { span, operand, query } = test;
      return {
        node: { kind: 'inQuery', span, operand, query, isNegated: isNoMember },
        isNegated: isNoMember,
      };
    }
    case 'unary': {
      if (test.operator !== 'NOT' && test.operator !== '!') return undefined;
      const inner = membershipOf(test.operand);
      return inner === undefined ? undefined : { ...inner, isNegated: !inner.isNegated };
    }
    default:
      return undefined;
  }
}

/** What must be equal for a row outside to be among the rows inside, and whether no NULL can have a say in it. */
export function memberTests(
  node: InQuery,
  inner: InnerQuery,
  place: Place,
  context: QueryContext,
): readonly { readonly equal: ReturnType<typeof equality>; readonly isExact: boolean }[] {
  const written = node.operand.kind === 'row' ? node.operand.values : [node.operand];
  return written.map((value, i) => {
    const operand = bindExpression(value, place.context);
    const item: RowExpression | undefined = inner.items[i];
    if (item === undefined || inner.items.length !== written.length)
      throw refuse(context.text, node, 'it compares another number of columns than the query has');
    refuseFurtherOut([operand, item], node, context);
    const isExact = isNeverNull(operand) && isNeverNull(item);
    return { equal: equality(asOuter(operand), item, node, context), isExact };
  });
}
