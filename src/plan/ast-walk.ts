/** Walks over trees of expressions without knowing every kind of node. */
import type { Expression } from '../sql/ast/select.js';

/** Whether to go on to what is inside a node. */
export type Visit = (node: Expression) => 'inside' | 'past';

/** The expressions that hold a query. */
export const SUBQUERIES: ReadonlySet<Expression['kind']> = new Set([
  'scalarQuery',
  'exists',
  'inQuery',
  'compareQuery',
]);

/** Visits an expression and all expressions in it, from the outside in, but not the queries in it. */
export function walkOutsideQueries(root: Expression, visit: Visit): void {
  walk(root, visit, false);
}

/** Visits an expression and all expressions in it, from the outside in, those of queries in it too. */
export function walkAll(root: Expression, visit: Visit): void {
  walk(root, visit, true);
}

/** Whether there is a node of one of the kinds in an expression, outside of queries in it. */
export function holds(root: Expression, kinds: ReadonlySet<Expression['kind']>): boolean {
  let isFound = false;
  walkOutsideQueries(root, (node) => {
    if (kinds.has(node.kind)) isFound = true;
    return isFound ? 'past' : 'inside';
  });
  return isFound;
}

function walk(value: unknown, visit: Visit, isIntoQueries: boolean): void {
  if (Array.isArray(value)) {
    for (const one of value) walk(one, visit, isIntoQueries);
  } else if (typeof value === 'object' && value !== null) {
    if (!isIntoQueries && 'kind' in value && value.kind === 'query') return;
    if (isExpression(value) && visit(value) === 'past') return;
    for (const inner of Object.values(value)) walk(inner, visit, isIntoQueries);
  }
}

/** Kinds of nodes that are no expressions, but parts of a query. */
const PARTS: ReadonlySet<string> = new Set([
  'query',
  'select',
  'item',
  'wildcard',
  'table',
  'values',
  'setOperation',
  'tableName',
  'derived',
  'join',
  'currentRow',
  'preceding',
  'following',
]);

function isExpression(value: object): value is Expression {
  return 'kind' in value && typeof value.kind === 'string' && !PARTS.has(value.kind);
}
