/** A query inside an expression: its rows, and what of it depends on the row outside. */
import { FieldFlag, MysqlType, hasFlag } from '../codec/field-type.js';
import {
  type Comparison,
  type ComparisonDomain,
  type RowExpression,
  typeOf,
  withAllDigits,
} from '../dataflow/expression.js';
import type { Expression, Query, Select } from '../sql/ast/select.js';
import { holds } from './ast-walk.js';
import { refuse } from './bind-context.js';
import { bindExpression } from './bind-expression.js';
import { refuseHiddenDigits } from './hidden-digits.js';
import type { LogicalPlan } from './logical-plan.js';
import { isCorrelated, isOuterOnly, joinedOver } from './outer-column.js';
import { placeOver } from './place.js';
import { columnTypes, columnsOf, projected } from './plan-columns.js';
import type { OuterNames, QueryContext } from './query-context.js';
import { Relation } from './relation.js';
import { Scope } from './scope.js';
import { plainType } from './typing/literal.js';
import { valueClassOf } from './typing/value-class.js';

/** A query's rows before anything of the row outside decides which of them count. */
export interface InnerQuery {
  readonly relation: Relation;
  /** Its select list, over the relation. */
  readonly items: readonly RowExpression[];
  /** Tests over the relation and outer columns (outer-column.ts). */
  readonly correlations: readonly RowExpression[];
}

/** An equality between a value inside and one of the row outside. */
export interface CorrelationKey {
  readonly inner: RowExpression;
  /** Over outer columns. */
  readonly outer: RowExpression;
  readonly domain: ComparisonDomain;
  readonly operator: '=' | '<=>';
}

const AGGREGATES: ReadonlySet<Expression['kind']> = new Set(['aggregate', 'windowCall']);

/** The SELECT of a query that is nothing else, not even grouped; undefined: it is more. */
export function plainSelect({ with: withClause, body, orderBy, limit, lock }: Query): Select | undefined {
  const isPlain =
    withClause === undefined && orderBy.length === 0 && limit === undefined && lock === undefined;
  if (!isPlain || body.kind !== 'select') return undefined;
  const isGrouped = body.groupBy !== undefined || body.having !== undefined || body.windows.length > 0;
  return isGrouped || hasAggregates(body) ? undefined : body;
}

/** Whether a select list has aggregates, outside of queries in it. */
export function hasAggregates(select: Select): boolean {
  return select.items.some((item) => item.kind === 'item' && holds(item.value, AGGREGATES));
}

/**
 * Binds a query of which only counts which rows it has, not how often: EXISTS and IN.
 *
 * @throws NotSupportedError
 */
export function bindInner(query: Query, names: OuterNames, context: QueryContext): InnerQuery {
  const inside: QueryContext = { ...context, outer: names };
  const select = plainSelect(query);
  if (select === undefined) {
    const { plan } = context.binder.query(query, inside);
    return {
      relation: new Relation(plan, new Scope([])),
      items: columnsOf(columnTypes(plan)),
      correlations: [],
    };
  }
  const { relation, correlations } = context.binder.rows(select, inside);
  const place = placeOver(relation, inside);
  const items = select.items.map((item) => {
    if (item.kind === 'wildcard') throw refuse(context.text, item, 'a wildcard in canonical text');
    const value = bindExpression(item.value, place.context);
    refuseHiddenDigits(value, item, context.text);
    return value;
  });
  return { relation, items, correlations };
}

/** The equalities that correlations are; what is no equality is refused. */
export function correlationKeys(
  correlations: readonly RowExpression[],
  node: Expression,
  { text }: QueryContext,
): readonly CorrelationKey[] {
  return correlations.map((test) => {
    const key = test.kind === 'compare' ? keyOf(test) : undefined;
    if (key === undefined)
      throw refuse(text, node, 'what it shares with the query outside is more than equalities');
    return key;
  });
}

function keyOf({ operator, domain, left, right }: Comparison): CorrelationKey | undefined {
  if (operator !== '=' && operator !== '<=>') return undefined;
  if (isOuterOnly(left) && !isCorrelated(right))
    return { inner: groupable(right, domain), outer: left, domain, operator };
  if (isOuterOnly(right) && !isCorrelated(left))
    return { inner: groupable(left, domain), outer: right, domain, operator };
  return undefined;
}

/** A value as it can be grouped by in a domain: exact numbers that are compared as doubles become doubles. */
export function groupable(value: RowExpression, domain: ComparisonDomain): RowExpression {
  if (domain.kind !== 'real' || valueClassOf(typeOf(value)) === 'real') return value;
  const type = plainType(MysqlType.double, 23, -1, 0);
  return { kind: 'cast', operand: value, type, scale: 0, source: '' };
}

/** The relation's rows as nothing but some values. */
export function valuesOf(relation: Relation, values: readonly RowExpression[]): LogicalPlan {
  return projected(relation.plan, values.map(withAllDigits));
}

/** The tests that bind rows, whose first columns are the inner values of keys, to the rows of a relation outside. */
export function keyTests(
  keys: readonly CorrelationKey[],
  plan: LogicalPlan,
  outerWidth: number,
): readonly RowExpression[] {
  const columns = columnsOf(columnTypes(plan));
  return keys.flatMap(({ outer, domain, operator }, i): RowExpression[] => {
    const column = columns[i];
    if (column === undefined) return [];
    const right = { ...column, index: column.index + outerWidth };
    return [{ kind: 'compare', operator, domain, left: joinedOver(outer, outerWidth), right }];
  });
}

/** Whether an expression is surely never NULL. */
export function isNeverNull(expression: RowExpression): boolean {
  if (expression.kind === 'constant') return expression.value !== null;
  return expression.kind === 'column' && hasFlag(expression.type, FieldFlag.notNull);
}

/** Refuses tests that still speak of a query outside the one that they have been moved to. */
export function refuseFurtherOut(
  tests: readonly RowExpression[],
  node: Expression,
  { text }: QueryContext,
): void {
  if (tests.some(isCorrelated)) throw refuse(text, node, 'it refers to a query further out than the next');
}
