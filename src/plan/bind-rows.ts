/** FROM and WHERE. Tests with a query in them become joins; what speaks of the query outside is handed up. */
import type { RowExpression } from '../dataflow/expression.js';
import type { Expression, Select } from '../sql/ast/select.js';
import { refuse } from './bind-context.js';
import { bindTruth } from './bind-expression.js';
import { bindFrom } from './bind-from.js';
import { conjuncts } from './conjunction.js';
import { isCorrelated } from './outer-column.js';
import { placeOver } from './place.js';
import type { BoundRows, QueryContext } from './query-context.js';
import { Relation } from './relation.js';
import { restrictBySubquery } from './restrict-by-subquery.js';
import { Scope } from './scope.js';

/**
 * Binds the rows of a SELECT before they are grouped.
 *
 * @throws NotSupportedError — naming the piece that cannot be maintained.
 */
export function bindRows(select: Select, query: QueryContext): BoundRows {
  if (select.from === undefined) throw refuse(query.text, select, 'a view needs a table to follow');
  const { plan, columns } = bindFrom(select.from, query);
  const relation = new Relation(plan, new Scope(columns));
  const place = placeOver(relation, query);
  const tests: RowExpression[] = [];
  const correlations: RowExpression[] = [];
  for (const conjunct of writtenConjuncts(select.where)) {
    if (restrictBySubquery(conjunct, place, query)) continue;
    for (const test of conjuncts(bindTruth(conjunct, place.context)))
      (isCorrelated(test) ? correlations : tests).push(test);
  }
  relation.restrict(tests);
  return { relation, correlations };
}

function writtenConjuncts(where: Expression | undefined): readonly Expression[] {
  if (where === undefined) return [];
  return where.kind === 'binary' && where.operator === 'AND'
    ? [...writtenConjuncts(where.left), ...writtenConjuncts(where.right)]
    : [where];
}
