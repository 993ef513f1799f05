/**
 * Leaves out the columns that nothing reads, all through a plan: then a change that touches only those is no change at
 * all, and no join holds them.
 */
import { present, unreachable } from '../base/assert.js';
import type { RowExpression } from '../dataflow/expression.js';
import { columnsUsed, mapColumns } from '../dataflow/expression-columns.js';
import type { AggregatePlan, JoinPlan, LogicalPlan } from './logical-plan.js';
import { columnTypes, columnsOf, projected, widthOf } from './plan-columns.js';

/** The plan with only the columns in use below it; what comes out stays the same. */
export function prune(plan: LogicalPlan): LogicalPlan {
  const all = Array.from({ length: widthOf(plan) }, (_, i) => i);
  return exactly(plan, all);
}

/** A reduced relation, and where the columns are now that were asked for. */
interface Narrowed {
  readonly plan: LogicalPlan;
  readonly places: ReadonlyMap<number, number>;
}

/** The relation with these columns and no others, in this order. */
function exactly(plan: LogicalPlan, columns: readonly number[]): LogicalPlan {
  const narrow = narrowed(plan, new Set(columns));
  const types = columnTypes(narrow.plan);
  const all = columnsOf(types);
  const items = columns.map((column) =>
    present(all[placeOf(narrow.places, column)], `no column ${column} of ${types.length}`),
  );
  return projected(narrow.plan, items);
}

/** A relation with at least the columns in use. */
function narrowed(plan: LogicalPlan, used: ReadonlySet<number>): Narrowed {
  switch (plan.kind) {
    case 'scan': {
      const kept = sorted(used);
      const columnIds = kept.map((position) => present(plan.columnIds[position], `no column ${position}`));
      return { plan: { ...plan, columnIds }, places: placesIn(kept) };
    }
    case 'filter': {
      const inner = narrowed(plan.input, union(used, columnsUsed(plan.predicate)));
      const predicate = moved(plan.predicate, inner.places);
      return { plan: { ...plan, input: inner.plan, predicate }, places: inner.places };
    }
    case 'project': {
      const kept = sorted(used);
      const items = kept.map((position) => present(plan.items[position], `no column ${position}`));
      const inner = narrowed(plan.input, union(...items.map(columnsUsed)));
      const renumbered = items.map((item) => moved(item, inner.places));
      return { plan: projected(inner.plan, renumbered), places: placesIn(kept) };
    }
    case 'join':
      return narrowedJoin(plan, used);
    case 'aggregate':
      return narrowedGroups(plan, used);
    case 'unionAll': {
      const kept = sorted(used);
      return {
        plan: {
          ...plan,
          inputs: plan.inputs.map((input) => exactly(input, kept)),
          types: kept.map((position) => present(plan.types[position], `no column ${position}`)),
        },
        places: placesIn(kept),
      };
    }
    default:
      return unreachable(plan);
  }
}

function narrowedJoin(plan: JoinPlan, used: ReadonlySet<number>): Narrowed {
  const width = widthOf(plan.left);
  const all = union(used, plan.residual === undefined ? new Set() : columnsUsed(plan.residual));
  const leftKept = sorted(
    new Set([...[...all].filter((index) => index < width), ...plan.on.map(({ left }) => left)]),
  );
  const rightOfAll = [...all].filter((index) => index >= width).map((index) => index - width);
  const rightKept = sorted(new Set([...rightOfAll, ...plan.on.map(({ right }) => right)]));
  const places = placesIn([...leftKept, ...rightKept.map((index) => index + width)]);
  const [leftPlaces, rightPlaces] = [placesIn(leftKept), placesIn(rightKept)];
  const join: LogicalPlan = {
    ...plan,
    left: exactly(plan.left, leftKept),
    right: exactly(plan.right, rightKept),
    on: plan.on.map((pair) => ({
      ...pair,
      left: placeOf(leftPlaces, pair.left),
      right: placeOf(rightPlaces, pair.right),
    })),
    residual: plan.residual === undefined ? undefined : moved(plan.residual, places),
  };
  return { plan: join, places };
}

/** The groups all decide which rows there are; of the aggregates those that nothing reads are left out. */
function narrowedGroups(plan: AggregatePlan, used: ReadonlySet<number>): Narrowed {
  const { groups } = plan;
  const kept = plan.aggregates.map((_, i) => groups.length + i).filter((position) => used.has(position));
  const aggregates = kept.map((position) =>
    present(plan.aggregates[position - groups.length], `no aggregate ${position}`),
  );
  const read = [...groups.map(({ index }) => index), ...aggregates.flatMap(({ operands }) => operands)];
  const inputKept = sorted(new Set(read));
  const inner = placesIn(inputKept);
  return {
    plan: {
      ...plan,
      input: exactly(plan.input, inputKept),
      groups: groups.map((group) => ({ ...group, index: placeOf(inner, group.index) })),
      aggregates: aggregates.map((aggregate) => ({
        ...aggregate,
        operands: aggregate.operands.map((operand) => placeOf(inner, operand)),
      })),
    },
    places: placesIn([...groups.map((_, i) => i), ...kept]),
  };
}

function moved(expression: RowExpression, places: ReadonlyMap<number, number>): RowExpression {
  return mapColumns(expression, (column) => ({ ...column, index: placeOf(places, column.index) }));
}

function placeOf(places: ReadonlyMap<number, number>, column: number): number {
  return present(places.get(column), `column ${column} was left out`);
}

function placesIn(columns: readonly number[]): ReadonlyMap<number, number> {
  return new Map(columns.map((column, place) => [column, place]));
}

function union(...sets: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  return new Set(sets.flatMap((set) => [...set]));
}

function sorted(columns: ReadonlySet<number>): readonly number[] {
  return [...columns].sort((a, b) => a - b);
}
