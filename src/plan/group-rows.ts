/**
 * GROUP BY: a relation of rows becomes one of groups. What is written over the groups means their columns: an aggregate,
 * an expression that is grouped by, or a column that those decide (functional-dependencies.ts). Anything else would
 * depend on which row of a group one looks at, and is refused, whatever the sql_mode says.
 */
import { present } from '../base/assert.js';
import {
  type ComparisonDomain,
  type InputColumn,
  type RowExpression,
  typeOf,
} from '../dataflow/expression.js';
import type { AggregateSpec } from '../dataflow/view-spec.js';
import type { ColumnReference } from '../sql/ast/leaf.js';
import type { Expression } from '../sql/ast/select.js';
import { SUBQUERIES, holds, walkAll, walkOutsideQueries } from './ast-walk.js';
import { refuse } from './bind-context.js';
import { bindAggregate } from './bind-aggregate.js';
import { bindExpression } from './bind-expression.js';
import { determinedBy } from './functional-dependencies.js';
import { exactDomain } from './key-domain.js';
import { isOuterOnly } from './outer-column.js';
import { type Resolver, placeOver } from './place.js';
import { columnTypes } from './plan-columns.js';
import type { Place, QueryContext } from './query-context.js';
import { UNDECIDED_BY_GROUP } from './refusal-reasons.js';
import { Relation } from './relation.js';
import { Scope } from './scope.js';
import { stableText } from './stable-text.js';

/** What rows are grouped by. */
export interface GroupValue {
  readonly value: RowExpression;
  readonly domain: ComparisonDomain;
}

/** How to group. */
export interface Grouping {
  readonly groups: readonly GroupValue[];
  /** Whether there is one group, of no rows too; then there are no group values. */
  readonly isScalar: boolean;
  /** The expressions that will be bound over the groups. */
  readonly mentioned: readonly Expression[];
}

/** Groups. */
export interface GroupedRows {
  readonly relation: Relation;
  /** Finds the columns of the relation that expressions over the groups mean. */
  readonly resolve: Resolver;
  /** The columns that are COUNTs: 0 for no rows. */
  readonly counts: ReadonlySet<number>;
}

const LITERALS: ReadonlySet<Expression['kind']> = new Set([
  'number',
  'string',
  'bytes',
  'null',
  'boolean',
  'time',
]);
const NOT_OF_GROUPS: ReadonlySet<Expression['kind']> = new Set([...SUBQUERIES, 'aggregate', 'windowCall']);

/**
 * Groups the rows of a relation.
 *
 * @throws NotSupportedError — naming an aggregate that cannot be maintained.
 */
export function groupRows(rows: Relation, grouping: Grouping, context: QueryContext): GroupedRows {
  const place = placeOver(rows, context);
  const byText = new Map<string, number>();
  const groups: { index: number; domain: ComparisonDomain }[] = [];
  const addGroup = ({ value, domain }: GroupValue): void => {
    const text = stableText(value);
    const known = byText.get(text);
    if (known !== undefined && stableText(groups[known]?.domain) === stableText(domain)) return;
    if (known === undefined) byText.set(text, groups.length);
    groups.push({ index: rows.columnFor(value).index, domain });
  };
  grouping.groups.forEach(addGroup);
  if (!grouping.isScalar) decidedColumns(grouping.mentioned, groups, place).forEach(addGroup);
  const { aggregates, places } = bindAggregates(grouping.mentioned, place, context);
  const relation = new Relation(
    { kind: 'aggregate', input: rows.plan, groups, isScalar: grouping.isScalar, aggregates },
    new Scope([]),
  );
  const types = columnTypes(relation.plan);
  const column = (index: number): InputColumn => ({
    kind: 'column',
    index,
    type: present(types[index], `no column ${index}`),
  });
  const counts = aggregates.flatMap((spec, i) => (spec.function === 'count' ? [groups.length + i] : []));
  return {
    relation,
    counts: new Set(counts),
    resolve: (node) => {
      if (node.kind === 'aggregate') {
        return column(groups.length + present(places.get(node), 'an aggregate that was not mentioned'));
      }
      if (LITERALS.has(node.kind) || holds(node, NOT_OF_GROUPS)) return undefined;
      const value = bindExpression(node, place.context);
      const index = byText.get(stableText(value));
      if (index !== undefined) return column(index);
      if (node.kind !== 'column') return undefined;
      if (isOuterOnly(value)) return value;
      throw refuse(context.text, node, UNDECIDED_BY_GROUP);
    },
  };
}

/** The aggregates in some expressions, each once, and which of them each node is. */
function bindAggregates(
  mentioned: readonly Expression[],
  place: Place,
  context: QueryContext,
): { readonly aggregates: readonly AggregateSpec[]; readonly places: ReadonlyMap<Expression, number> } {
  const aggregates: AggregateSpec[] = [];
  const byText = new Map<string, number>();
  const places = new Map<Expression, number>();
  for (const expression of mentioned) {
    walkOutsideQueries(expression, (node) => {
      if (node.kind !== 'aggregate') return 'inside';
      const spec = bindAggregate(node, place, context);
      const text = stableText(spec);
      const known = byText.get(text) ?? aggregates.push(spec) - 1;
      byText.set(text, known);
      places.set(node, known);
      return 'past';
    });
  }
  return { aggregates, places };
}

/** The columns that are mentioned over the groups and that the groups decide, though they are none. */
function decidedColumns(
  mentioned: readonly Expression[],
  groups: readonly { readonly index: number }[],
  { relation, context }: Place,
): readonly GroupValue[] {
  const decided = determinedBy(relation.plan, new Set(groups.map(({ index }) => index)));
  const found = new Map<number, GroupValue>();
  const add = (node: ColumnReference): void => {
    const [index, ...others] = relation.scope.find(node);
    if (index === undefined || others.length > 0 || !decided.has(index)) return;
    if (groups.some((group) => group.index === index)) return;
    const value = bindExpression(node, context);
    found.set(index, { value, domain: exactDomain(typeOf(value)) });
  };
  for (const expression of mentioned) {
    walkAll(expression, (node) => {
      if (node.kind === 'column') add(node);
      return node.kind === 'aggregate' ? 'past' : 'inside';
    });
  }
  return [...found.values()];
}
