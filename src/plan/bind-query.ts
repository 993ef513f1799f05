/** Queries: SELECT, and several of them united. What is not here is refused, piece by piece. */
import { lowerName } from '../catalog/lower-name.js';
import type { Query, SetOperation } from '../sql/ast/select.js';
import { refuse } from './bind-context.js';
import { bindRows } from './bind-rows.js';
import { bindSelect } from './bind-select.js';
import { bindSubquery } from './bind-subquery.js';
import { distinct } from './distinct.js';
import { refuseHiddenColumns } from './hidden-digits.js';
import type { Binder, BoundQuery, QueryContext } from './query-context.js';
import { unionAll } from './union-all.js';

/** The binding of queries and what is in them, for {@link QueryContext.binder}. */
export const BINDER: Binder = { query: bindQuery, rows: bindRows, subquery: bindSubquery };

/**
 * Binds a query.
 *
 * @throws NotSupportedError — naming the piece that cannot be maintained.
 */
function bindQuery(query: Query, given: QueryContext): BoundQuery {
  const { body } = query;
  const refuseQuery = (reason: string): Error => refuse(given.text, query, reason);
  if (query.orderBy.length > 0) throw refuseQuery('ORDER BY is not supported yet');
  if (query.limit !== undefined) throw refuseQuery('LIMIT is not supported yet');
  if (query.lock !== undefined) throw refuseQuery('a view locks no rows');
  const context = withCommonTables(query, given);
  switch (body.kind) {
    case 'select':
      return bindSelect(body, context);
    case 'setOperation':
      return bindSetOperation(body, context);
    case 'table':
    case 'values':
      throw refuseQuery('only SELECT is supported yet');
  }
}

/** Common tables are written where they are named: nothing in a view has effects or changes between two looks. */
function withCommonTables({ with: clause }: Query, context: QueryContext): QueryContext {
  if (clause === undefined) return context;
  let known = context.commonTables;
  for (const table of clause.tables) {
    if (clause.isRecursive) throw refuse(context.text, table, 'WITH RECURSIVE is not supported yet');
    const bound = bindQuery(table.query, { ...context, outer: undefined, commonTables: known });
    refuseHiddenColumns(bound.plan, table, context.text);
    const output = bound.output.map((column, i) => ({ ...column, name: table.columns[i] ?? column.name }));
    known = new Map([...known, [lowerName(table.name), { ...bound, output }]]);
  }
  return { ...context, commonTables: known };
}

/** From left to right; a UNION leaves no duplicates of anything before it. */
function bindSetOperation(body: SetOperation, context: QueryContext): BoundQuery {
  const inputs = body.operands.map((operand) => bindQuery(operand, context));
  const [first, ...rest] = inputs;
  if (first === undefined) throw refuse(context.text, body, 'a union of nothing');
  const last = body.operators.findLastIndex((operator) => operator === 'UNION');
  const other = body.operators.find((operator) => operator !== 'UNION' && operator !== 'UNION ALL');
  if (other !== undefined) throw refuse(context.text, body, `${other} is not supported yet`);
  if (rest.length === 0) return first;
  if (last < 0) return unionAll(inputs, body, context);
  const before = unionAll(inputs.slice(0, last + 2), body, context);
  const united = { ...before, plan: distinct(before.plan, body, context) };
  return last + 2 === inputs.length ? united : unionAll([united, ...inputs.slice(last + 2)], body, context);
}
