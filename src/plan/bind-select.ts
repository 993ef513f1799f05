/** SELECT: rows, groups, HAVING, the select list, DISTINCT. What is not here is refused, piece by piece. */
import { lowerName } from '../catalog/lower-name.js';
import { type RowExpression, typeOf } from '../dataflow/expression.js';
import type { ColumnReference } from '../sql/ast/leaf.js';
import type { Expression, GroupBy, Select, SelectItem } from '../sql/ast/select.js';
import { holds, walkOutsideQueries } from './ast-walk.js';
import { refuse } from './bind-context.js';
import { bindExpression, bindTruth } from './bind-expression.js';
import { conjuncts } from './conjunction.js';
import { distinct } from './distinct.js';
import { type GroupValue, groupRows } from './group-rows.js';
import { refuseHiddenDigits } from './hidden-digits.js';
import { groupingDomain } from './key-domain.js';
import { isCorrelated } from './outer-column.js';
import { type Resolver, placeOver } from './place.js';
import type { BoundQuery, QueryContext } from './query-context.js';
import type { Relation } from './relation.js';

type Item = Extract<SelectItem, { kind: 'item' }>;

/** A SELECT's relation before its select list, and what names mean over it. */
interface Source {
  readonly relation: Relation;
  readonly resolve: Resolver | undefined;
}

const AGGREGATES: ReadonlySet<Expression['kind']> = new Set(['aggregate']);

/**
 * Binds a SELECT.
 *
 * @throws NotSupportedError — naming the piece that cannot be maintained.
 */
export function bindSelect(select: Select, context: QueryContext): BoundQuery {
  refuseParts(select, context);
  const items = select.items.map((item): Item => {
    // TiDB expands wildcards and names every item.
    if (item.kind === 'wildcard') throw refuse(context.text, item, 'a wildcard in canonical text');
    return item;
  });
  const source = sourceOf(select, items, context);
  applyHaving(select, items, source, context);
  const place = placeOver(source.relation, context, source.resolve);
  const bound = items.map((item) => ({
    name: item.alias ?? context.text.slice(item.value.span.start, item.value.span.end),
    value: bindExpression(item.value, place.context),
  }));
  const values = bound.map(({ value }) => value);
  if (values.some(isCorrelated))
    throw refuse(context.text, select, 'its select list refers to the query outside');
  const output = bound.map(({ name, value }) => ({ name, type: typeOf(value) }));
  const plan = { kind: 'project', input: source.relation.plan, items: values } as const;
  return {
    plan: select.quantifier === 'DISTINCT' ? distinct(plan, select, context) : plan,
    output,
  };
}

function refuseParts(select: Select, { text }: QueryContext): void {
  const refuseSelect = (reason: string): Error => refuse(text, select, reason);
  if (select.groupBy?.isRollup === true) throw refuseSelect('WITH ROLLUP is not supported yet');
  if (select.windows.length > 0) throw refuseSelect('WINDOW is not supported yet');
  if (/\bset_var\b/i.test(select.hints ?? ''))
    throw refuseSelect('the hint SET_VAR would change what the select means');
}

function sourceOf(select: Select, items: readonly Item[], context: QueryContext): Source {
  const { relation, correlations } = context.binder.rows(select, context);
  if (correlations.length > 0)
    throw refuse(context.text, select, 'a subquery of this form that refers to the query outside');
  const mentioned = [
    ...items.map(({ value }) => value),
    ...(select.having === undefined ? [] : [select.having]),
  ];
  const isGrouped = select.groupBy !== undefined || mentioned.some((it) => holds(it, AGGREGATES));
  if (!isGrouped) return { relation, resolve: undefined };
  const groups = groupValues(select.groupBy, items, relation, context);
  return groupRows(relation, { groups, isScalar: select.groupBy === undefined, mentioned }, context);
}

/** What GROUP BY says: a column of FROM, else an alias of the select list, else an expression. */
function groupValues(
  groupBy: GroupBy | undefined,
  items: readonly Item[],
  relation: Relation,
  context: QueryContext,
): readonly GroupValue[] {
  const place = placeOver(relation, context, (node) => {
    if (node.kind !== 'column' || relation.scope.find(node).length > 0) return undefined;
    const item = itemNamed(node, items);
    return item === undefined ? undefined : bindExpression(item.value, placeOver(relation, context).context);
  });
  return (groupBy?.items ?? []).map((written) => {
    const value = bindExpression(written.value, place.context);
    if (isCorrelated(value)) throw refuse(context.text, written.value, 'it refers to the query outside');
    refuseHiddenDigits(value, written.value, context.text);
    const made = groupingDomain(typeOf(value), context.comparison);
    if (made.kind === 'refused') throw refuse(context.text, written.value, made.reason);
    return { value, domain: made.domain };
  });
}

function itemNamed({ database, table, name }: ColumnReference, items: readonly Item[]): Item | undefined {
  if (database !== undefined || table !== undefined) return undefined;
  return items.find(({ alias }) => alias !== undefined && lowerName(alias) === lowerName(name));
}

/**
 * Names in HAVING are aliases of the select list first, unless GROUP BY names a column so.
 *
 * @see pingcap/tidb pkg/planner/core/logical_plan_builder.go (havingWindowAndOrderbyExprResolver)
 */
function applyHaving(
  select: Select,
  items: readonly Item[],
  { relation, resolve }: Source,
  context: QueryContext,
): void {
  if (select.having === undefined) return;
  const isGroupName = (node: ColumnReference): boolean =>
    (select.groupBy?.items ?? []).some(
      ({ value }) => value.kind === 'column' && lowerName(value.name) === lowerName(node.name),
    );
  const listPlace = placeOver(relation, context, resolve);
  const aliasOf = (node: Expression): RowExpression | undefined => {
    const item = node.kind === 'column' && !isGroupName(node) ? itemNamed(node, items) : undefined;
    return item === undefined ? undefined : bindExpression(item.value, listPlace.context);
  };
  const hasAlias = (node: Expression): boolean => {
    let isFound = false;
    walkOutsideQueries(node, (inner) => {
      if (inner.kind === 'column' && !isGroupName(inner) && itemNamed(inner, items) !== undefined)
        isFound = true;
      return inner.kind === 'aggregate' ? 'past' : 'inside';
    });
    return isFound;
  };
  const place = placeOver(relation, context, (node, self) => {
    const alias = aliasOf(node);
    if (alias !== undefined) return alias;
    // Within an aggregate names are those of the rows.
    if (node.kind !== 'aggregate' && hasAlias(node)) return undefined;
    return resolve?.(node, self);
  });
  const tests = conjuncts(bindTruth(select.having, place.context));
  if (tests.some(isCorrelated)) throw refuse(context.text, select.having, 'it refers to the query outside');
  relation.restrict(tests);
}
