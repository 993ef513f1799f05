/**
 * Expressions that hold a query, as values of a column: the query is grouped by what it shares with the row outside,
 * and joined to it. A row outside without a group has what an aggregate of nothing is: 0 for COUNT, NULL for others.
 *
 * @see Galindo-Legaria, Joshi, "Orthogonal Optimization of Subqueries and Aggregation", SIGMOD 2001
 */
import { FieldFlag, MysqlType, nullable } from '../codec/field-type.js';
import { BOOLEAN_TYPE, type Constant, type RowExpression, typeOf } from '../dataflow/expression.js';
import { mapColumns } from '../dataflow/expression-columns.js';
import type { AggregateSpec } from '../dataflow/view-spec.js';
import type { CompareQuery, Exists, InQuery, Query, ScalarQuery, Select } from '../sql/ast/select.js';
import { COUNT_TYPE } from './aggregate-type.js';
import { refuse } from './bind-context.js';
import { bindExpression } from './bind-expression.js';
import { groupRows } from './group-rows.js';
import {
  type CorrelationKey,
  type InnerQuery,
  bindInner,
  correlationKeys,
  groupable,
  hasAggregates,
  keyTests,
  plainSelect,
  refuseFurtherOut,
  valuesOf,
} from './inner-query.js';
import { exactDomain } from './key-domain.js';
import type { LogicalPlan } from './logical-plan.js';
import { joinedOver } from './outer-column.js';
import { placeOver } from './place.js';
import { columnTypes } from './plan-columns.js';
import { pushDown } from './push-down.js';
import type { Place, QueryContext, Subquery } from './query-context.js';
import { memberTests } from './restrict-by-subquery.js';
import { isAtMostOne } from './unique-keys.js';
import { plainType } from './typing/literal.js';

const ZERO: Constant = {
  kind: 'constant',
  value: 0n,
  type: plainType(MysqlType.longlong, 1, 0, FieldFlag.notNull),
};
const COUNT_ROWS: AggregateSpec = {
  function: 'count',
  isDistinct: false,
  operands: [],
  domains: [],
  type: COUNT_TYPE,
};
const UNKNOWN: Constant = { kind: 'constant', value: null, type: BOOLEAN_TYPE };

/**
 * The value of an expression that holds a query, over the relation of its place, which it is joined to.
 *
 * @throws NotSupportedError — naming the query and why it cannot be joined.
 */
export function bindSubquery(node: Subquery, place: Place, context: QueryContext): RowExpression {
  switch (node.kind) {
    case 'scalarQuery':
      return scalarValue(node, place, context);
    case 'exists':
      return existsValue(node, place, context);
    case 'inQuery':
      return membership(node, place, context);
    case 'compareQuery':
      return comparisonValue(node, place, context);
  }
}

function comparisonValue(node: CompareQuery, place: Place, context: QueryContext): RowExpression {
  const { operator, quantifier, operand, query, span } = node;
  const isNegated = operator === '!=';
  if ((operator !== '=' || quantifier !== 'ANY') && (!isNegated || quantifier !== 'ALL'))
    throw refuse(context.text, node, `${operator} ${quantifier} of a subquery is not supported yet`);
  return membership({ kind: 'inQuery', span, operand, query, isNegated }, place, context);
}

function existsValue(node: Exists, place: Place, context: QueryContext): RowExpression {
  const inner = bindInner(node.query, place.names, context);
  const keys = correlationKeys(inner.correlations, node, context);
  const isThere = isMatched(inner, keys, place, { node, context });
  return node.isNegated ? { kind: 'not', operand: isThere } : isThere;
}

interface Written {
  readonly node: Subquery;
  readonly context: QueryContext;
}

/** Whether there is a row inside that the keys bind to the row outside. */
function isMatched(
  inner: InnerQuery,
  keys: readonly CorrelationKey[],
  { relation }: Place,
  { node, context }: Written,
): RowExpression {
  const values = keys.map((key) => key.inner);
  const grouped: LogicalPlan = {
    kind: 'aggregate',
    input: valuesOf(inner.relation, values),
    groups: keys.map(({ domain }, index) => ({ index, domain })),
    isScalar: keys.length === 0,
    aggregates: [COUNT_ROWS],
  };
  const count = attach(grouped, keys, { relation, node, context });
  return keys.length === 0
    ? { kind: 'compare', operator: '>', domain: { kind: 'integer' }, left: count(0), right: ZERO }
    : { kind: 'not', operand: { kind: 'isNull', operand: count(0) } };
}

/**
 * Joins rows grouped by keys to the relation.
 *
 * @returns the column of the i-th value behind the keys.
 */
function attach(
  grouped: LogicalPlan,
  keys: readonly CorrelationKey[],
  { relation, node, context }: Pick<Place, 'relation'> & Written,
): (i: number) => RowExpression {
  const tests = keyTests(keys, grouped, relation.width);
  refuseFurtherOut(tests, node, context);
  const from = relation.join(keys.length === 0 ? 'inner' : 'left', grouped, tests);
  const types = columnTypes(relation.plan);
  return (i) => {
    const index = from + keys.length + i;
    return { kind: 'column', index, type: types[index] ?? BOOLEAN_TYPE };
  };
}

/** `x [NOT] IN (query)` with the three values that SQL gives it. */
function membership(node: InQuery, place: Place, context: QueryContext): RowExpression {
  const inner = bindInner(node.query, place.names, context);
  const keys = correlationKeys(inner.correlations, node, context);
  const members = memberTests(node, inner, place, context);
  const memberKeys = members.map(({ equal: { left: outer, right, domain } }): CorrelationKey => {
    return { inner: groupable(right, domain), outer, domain, operator: '=' };
  });
  const isFound = isMatched(inner, [...keys, ...memberKeys], place, { node, context });
  const isExact = members.every((member) => member.isExact);
  const value: RowExpression = isExact
    ? isFound
    : { kind: 'or', operands: [isFound, unknownByNull(node, inner, keys, { place, context })] };
  return node.isNegated ? { kind: 'not', operand: value } : value;
}

/** NULL where a row outside that is not found might be one of those with NULLs; else false. */
function unknownByNull(
  node: InQuery,
  inner: InnerQuery,
  keys: readonly CorrelationKey[],
  { place, context }: { readonly place: Place; readonly context: QueryContext },
): RowExpression {
  const [item, ...others] = inner.items;
  if (item === undefined || others.length > 0)
    throw refuse(context.text, node, 'IN over several columns that can be NULL is not supported yet');
  const { relation } = place;
  const operand = bindExpression(node.operand, place.context);
  const grouped: LogicalPlan = {
    kind: 'aggregate',
    input: valuesOf(inner.relation, [...keys.map((key) => key.inner), item]),
    groups: keys.map(({ domain }, index) => ({ index, domain })),
    isScalar: keys.length === 0,
    aggregates: [
      COUNT_ROWS,
      { ...COUNT_ROWS, operands: [keys.length], domains: [exactDomain(typeOf(item))] },
    ],
  };
  const count = attach(grouped, keys, { relation, node, context });
  const isTrue = (operator: '<' | '>', left: RowExpression, right: RowExpression): RowExpression => ({
    kind: 'isTruth',
    truth: true,
    operand: { kind: 'compare', operator, domain: { kind: 'integer' }, left, right },
  });
  const hasRows = isTrue('>', count(0), ZERO);
  const hasNulls = isTrue('<', count(1), count(0));
  const mayBe: RowExpression = { kind: 'or', operands: [{ kind: 'isNull', operand }, hasNulls] };
  return { kind: 'and', operands: [UNKNOWN, hasRows, mayBe] };
}

function scalarValue(node: ScalarQuery, place: Place, context: QueryContext): RowExpression {
  const inside: QueryContext = { ...context, outer: place.names };
  const select = aggregatedSelect(node.query);
  if (select !== undefined) return aggregateValue(select, node, { place, inside });
  return onlyValue(node, place, context);
}

/** The SELECT of a query that has one row for sure: aggregates of all rows. */
function aggregatedSelect(query: Query): Select | undefined {
  const { body } = query;
  if (body.kind !== 'select' || body.groupBy !== undefined || body.having !== undefined) return undefined;
  return hasAggregates(body) && plainSelect({ ...query, body: { ...body, items: [] } }) !== undefined
    ? body
    : undefined;
}

function aggregateValue(
  select: Select,
  node: ScalarQuery,
  { place, inside }: { readonly place: Place; readonly inside: QueryContext },
): RowExpression {
  const [item, ...others] = select.items;
  if (item?.kind !== 'item' || others.length > 0)
    throw refuse(inside.text, node, 'a subquery used as a value has one column');
  const { relation: rows, correlations } = inside.binder.rows(select, inside);
  const keys = correlationKeys(correlations, node, inside);
  const grouped = groupRows(
    rows,
    {
      groups: keys.map(({ inner, domain }) => ({ value: inner, domain })),
      isScalar: keys.length === 0,
      mentioned: [item.value],
    },
    inside,
  );
  const width = columnTypes(grouped.relation.plan).length;
  const value = bindExpression(item.value, placeOver(grouped.relation, inside, grouped.resolve).context);
  // With keys, a row outside may have no group, and what was joined to the group would be missing with it.
  if (keys.length > 0 && columnTypes(grouped.relation.plan).length > width)
    throw refuse(inside.text, node, 'a subquery within an aggregated subquery is not supported yet');
  const { relation } = place;
  const outerWidth = relation.width;
  attach(grouped.relation.plan, keys, { relation, node, context: inside });
  refuseFurtherOut([joinedOver(value, outerWidth)], node, inside);
  if (keys.length === 0) return joinedOver(value, outerWidth);
  return overNothing(joinedOver(value, outerWidth), outerWidth, grouped.counts);
}

/** The value with each COUNT that may have no group made 0, and everything else that may have none able to be NULL. */
function overNothing(value: RowExpression, outerWidth: number, counts: ReadonlySet<number>): RowExpression {
  return mapColumns(value, (column) => {
    if (column.index < outerWidth) return column;
    const inner: RowExpression = { ...column, type: nullable(column.type) };
    return counts.has(column.index - outerWidth)
      ? {
          kind: 'call',
          function: 'coalesce',
          operands: [inner, ZERO],
          type: column.type,
          scale: 0,
          source: '',
        }
      : inner;
  });
}

/** A query whose rows have a key that is all bound to the row outside: a left join finds at most one. */
function onlyValue(node: ScalarQuery, place: Place, context: QueryContext): RowExpression {
  const refuseIt = (reason: string): Error => refuse(context.text, node, reason);
  const inner = bindInner(node.query, place.names, context);
  const [item, ...others] = inner.items;
  if (item === undefined || others.length > 0) throw refuseIt('a subquery used as a value has one column');
  const keys = correlationKeys(inner.correlations, node, context);
  const { relation } = place;
  const fixed = keys.flatMap((key) =>
    key.inner.kind === 'column' && key.operator === '='
      ? [{ index: key.inner.index, domain: key.domain }]
      : [],
  );
  if (!isAtMostOne(pushDown(inner.relation.plan), fixed))
    throw refuseIt('the subquery may have more than one row');
  refuseFurtherOut([item], node, context);
  const values = valuesOf(inner.relation, [...keys.map((key) => key.inner), item]);
  const tests = keyTests(keys, values, relation.width);
  refuseFurtherOut(tests, node, context);
  const index = relation.join('left', values, tests) + keys.length;
  return { kind: 'column', index, type: nullable(typeOf(item)) };
}
