/** Where expressions over a relation are bound: what their names mean, and what the queries in them are joined to. */
import type { RowExpression } from '../dataflow/expression.js';
import type { ColumnReference } from '../sql/ast/leaf.js';
import type { Expression } from '../sql/ast/select.js';
import { type BindContext, refuse } from './bind-context.js';
import { bindExpression } from './bind-expression.js';
import { asOuter } from './outer-column.js';
import type { OuterNames, Place, QueryContext } from './query-context.js';
import { MISPLACED_AGGREGATE } from './refusal-reasons.js';
import type { Relation } from './relation.js';

/** What stands for a node instead of its own meaning; undefined: nothing. */
export type Resolver = (node: Expression, context: BindContext) => RowExpression | undefined;

/**
 * The place of expressions over a relation. Queries in them are joined to it: it may have more columns afterwards.
 *
 * @param own - asked before everything else.
 */
export function placeOver(relation: Relation, query: QueryContext, own?: Resolver): Place {
  const { text, comparison } = query;
  const resolveColumn = (node: ColumnReference, context: BindContext): RowExpression | undefined => {
    const resolved = own?.(node, context);
    if (resolved !== undefined || relation.scope.find(node).length > 0) return resolved;
    const outer = query.outer?.(node);
    return outer === undefined ? undefined : asOuter(outer);
  };
  const context: BindContext = {
    text,
    comparison,
    scope: relation.scope,
    resolve: (node, self) => {
      switch (node.kind) {
        case 'column':
          return resolveColumn(node, self);
        case 'scalarQuery':
        case 'exists':
        case 'inQuery':
        case 'compareQuery':
          return query.binder.subquery(node, { relation, context: self, names }, query);
        case 'aggregate': {
          const resolved = own?.(node, self);
          if (resolved === undefined) throw refuse(text, node, MISPLACED_AGGREGATE);
          return resolved;
        }
        default:
          return own?.(node, self);
      }
    },
  };
  const names: OuterNames = (node) =>
    resolveColumn(node, context) ??
    (relation.scope.find(node).length > 0 ? bindExpression(node, context) : undefined);
  return { relation, context, names };
}
