/**
 * Sets of columns on which no two rows of a relation agree and which are never NULL. A base table's primary and NOT
 * NULL unique keys are such. They survive filters, projections that pass on all of their columns unchanged, and joins
 * in which a row meets at most one other; groups are unique by what they are grouped by.
 */
import { unreachable } from '../base/assert.js';
import { FieldFlag, type FieldType, hasFlag } from '../codec/field-type.js';
import { isString } from '../codec/string-type.js';
import type { ComparisonDomain } from '../dataflow/expression.js';
import { determinedBy } from './functional-dependencies.js';
import type { AggregatePlan, JoinPlan, LogicalPlan } from './logical-plan.js';
import { columnTypes } from './plan-columns.js';
import { valueClassOf } from './typing/value-class.js';

/** Keys that are remembered of one relation: joins of many tables have very many. */
const KEYS_MAX = 12;

/** The keys of a relation, as positions of its columns; the shortest first. None is empty. */
export function uniqueKeys(plan: LogicalPlan): readonly (readonly number[])[] {
  const types = columnTypes(plan);
  return uniqueSets(plan).filter(
    (key) => key.length > 0 && key.every((position) => isNotNull(types[position])),
  );
}

/** Sets of columns on which no two rows agree, a NULL agreeing with a NULL; an empty one: there is one row at most. */
function uniqueSets(plan: LogicalPlan): readonly (readonly number[])[] {
  switch (plan.kind) {
    case 'scan':
      return positionsOf(plan.table.uniqueKeys, (id) => plan.columnIds.indexOf(id));
    case 'filter':
      return uniqueSets(plan.input);
    case 'project':
      return positionsOf(uniqueSets(plan.input), (position) =>
        plan.items.findIndex((item) => item.kind === 'column' && item.index === position),
      );
    case 'join':
      return joinSets(plan);
    case 'aggregate':
      return groupSets(plan);
    case 'unionAll':
      return [];
    default:
      return unreachable(plan);
  }
}

/** Whether some columns of a relation, each equal in its domain, can be those of one row only. */
export function isAtMostOne(
  plan: LogicalPlan,
  columns: readonly { readonly index: number; readonly domain: ComparisonDomain }[],
): boolean {
  const types = columnTypes(plan);
  const fixed = new Set(
    columns.filter(({ index, domain }) => isFaithful(domain, types[index])).map(({ index }) => index),
  );
  return uniqueSets(plan).some((key) => key.every((position) => fixed.has(position)));
}

/** What rows are grouped by, less the columns that the others decide. */
function groupSets(plan: AggregatePlan): readonly (readonly number[])[] {
  const types = columnTypes(plan);
  let key = plan.groups.map((_, i) => i);
  for (const candidate of [...key].reverse()) {
    const others = key.filter((position) => position !== candidate);
    const inputs = others.map((position) => plan.groups[position]?.index ?? -1);
    const isDecided = determinedBy(plan.input, new Set(inputs)).has(plan.groups[candidate]?.index ?? -1);
    if (others.length > 0 && isDecided) key = others;
  }
  const isKey = key.every((position) => isFaithful(plan.groups[position]?.domain, types[position]));
  return isKey && (key.length > 0 || plan.isScalar) ? [key] : [];
}

function joinSets(plan: JoinPlan): readonly (readonly number[])[] {
  const left = uniqueSets(plan.left);
  if (plan.type === 'semi' || plan.type === 'anti') return left;
  const width = columnTypes(plan.left).length;
  const pairs = plan.on.filter((pair) => !pair.isNullSafe);
  const isOneRight = isAtMostOne(
    plan.right,
    pairs.map(({ right: index, domain }) => ({ index, domain })),
  );
  const isOneLeft = isAtMostOne(
    plan.left,
    pairs.map(({ left: index, domain }) => ({ index, domain })),
  );
  const right = uniqueSets(plan.right).map((key) => key.map((position) => position + width));
  const both = left.flatMap((a) => right.map((b) => [...a, ...b]));
  // Left rows without a match agree on all right columns.
  const ofRight = isOneLeft && plan.type === 'inner' ? right : [];
  return shortest([...(isOneRight ? left : []), ...ofRight, ...both]);
}

/** Whether values that are equal in the domain are equal for a unique key over a column of the type. */
function isFaithful(domain: ComparisonDomain | undefined, type: FieldType | undefined): boolean {
  if (type === undefined || domain === undefined) return false;
  if (domain.kind === 'string') return isString(type) && type.collate === domain.collation;
  // As doubles, integers and decimals far from zero are equal that are not the same.
  return domain.kind !== 'real' || valueClassOf(type) === 'real';
}

function isNotNull(type: FieldType | undefined): boolean {
  return type !== undefined && hasFlag(type, FieldFlag.notNull);
}

/** Keys with each column replaced by its place; those of which a column has none are left out. */
function positionsOf(
  keys: readonly (readonly number[])[],
  placeOf: (column: number) => number,
): readonly (readonly number[])[] {
  return shortest(keys.map((key) => key.map(placeOf)).filter((key) => key.every((place) => place >= 0)));
}

/** The shortest keys; one that holds another says nothing new. */
function shortest(keys: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const kept: (readonly number[])[] = [];
  for (const key of [...keys].sort((a, b) => a.length - b.length)) {
    if (!kept.some((other) => other.every((position) => key.includes(position)))) kept.push(key);
  }
  return kept.slice(0, KEYS_MAX);
}
