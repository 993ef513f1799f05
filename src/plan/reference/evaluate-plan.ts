/**
 * Evaluates a logical plan over whole tables, row by row: what a view must contain. Written apart from the engine, whose
 * oracle it is, and shares with it only the codec: no delta, no column, no key of the engine's making.
 */
import { assert, unreachable } from '../../base/assert.js';
import type { TableVersion } from '../../catalog/table-version.js';
import type { Datum } from '../../codec/datum.js';
import type { ComparisonDomain } from '../../dataflow/expression.js';
import type { AggregatePlan, JoinPlan, LogicalPlan } from '../logical-plan.js';
import { widthOf } from '../plan-columns.js';
import { evaluateAggregate } from './evaluate-aggregate.js';
import { evaluate, truthOf } from './evaluate-expression.js';
import { leastOf, sameText } from './same-text.js';

/** A row: one value a column. */
export type Row = readonly Datum[];

/** The rows of a table, with these columns in this order. */
export type TableRows = (table: TableVersion, columnIds: readonly number[]) => readonly Row[];

/** The rows of a relation, in no order that means anything. */
export function evaluatePlan(plan: LogicalPlan, rowsOf: TableRows): readonly Row[] {
  switch (plan.kind) {
    case 'scan':
      return rowsOf(plan.table, plan.columnIds);
    case 'filter':
      return evaluatePlan(plan.input, rowsOf).filter((row) => truthOf(plan.predicate, row) === true);
    case 'project':
      return evaluatePlan(plan.input, rowsOf).map((row) => plan.items.map((item) => evaluate(item, row)));
    case 'join':
      return joined(plan, evaluatePlan(plan.left, rowsOf), evaluatePlan(plan.right, rowsOf));
    case 'aggregate':
      return grouped(plan, evaluatePlan(plan.input, rowsOf));
    case 'unionAll':
      return plan.inputs.flatMap((input) => evaluatePlan(input, rowsOf));
    default:
      return unreachable(plan);
  }
}

function joined(plan: JoinPlan, left: readonly Row[], right: readonly Row[]): readonly Row[] {
  const buckets = bucketsOf(right, (row) => joinText(plan, row, 'right'));
  const nulls: Row = Array.from({ length: widthOf(plan.right) }, () => null);
  const { residual } = plan;
  return left.flatMap((row): readonly Row[] => {
    const text = joinText(plan, row, 'left');
    const candidates = text === undefined ? [] : (buckets.get(text) ?? []);
    const matches = candidates
      .map((other) => [...row, ...other])
      .filter((both) => residual === undefined || truthOf(residual, both) === true);
    switch (plan.type) {
      case 'inner':
        return matches;
      case 'left':
        return matches.length === 0 ? [[...row, ...nulls]] : matches;
      case 'semi':
        return matches.length > 0 ? [row] : [];
      case 'anti':
        return matches.length === 0 ? [row] : [];
    }
  });
}

/** What a row has in common with all rows that it can match; undefined: it can match none. */
function joinText({ on }: JoinPlan, row: Row, side: 'left' | 'right'): string | undefined {
  const parts = on.map((pair) => {
    const value = valueAt(row, pair[side]);
    return value === null && !pair.isNullSafe ? undefined : sameText(pair.domain, value);
  });
  return parts.includes(undefined) ? undefined : parts.join('|');
}

function bucketsOf(
  rows: readonly Row[],
  textOf: (row: Row) => string | undefined,
): ReadonlyMap<string, readonly Row[]> {
  const buckets = new Map<string, Row[]>();
  for (const row of rows) {
    const text = textOf(row);
    if (text === undefined) continue;
    const bucket = buckets.get(text);
    if (bucket === undefined) buckets.set(text, [row]);
    else bucket.push(row);
  }
  return buckets;
}

function grouped({ groups, aggregates, isScalar }: AggregatePlan, rows: readonly Row[]): readonly Row[] {
  const textOf = (row: Row): string =>
    groups.map(({ index, domain }) => sameText(domain, valueAt(row, index))).join('|');
  const buckets = new Map(bucketsOf(rows, textOf));
  if (isScalar) {
    assert(groups.length === 0, 'a single group has no key');
    buckets.set('', rows);
  }
  return [...buckets.values()].map((members) => [
    ...groups.map(({ index, domain }) => representative(domain, members, index)),
    ...aggregates.map((spec) => evaluateAggregate(spec, members)),
  ]);
}

/** The least, by its bytes, of values that are the same in the domain. */
function representative(domain: ComparisonDomain, members: readonly Row[], index: number): Datum {
  return leastOf(
    domain,
    members.map((row) => valueAt(row, index)),
  );
}

function valueAt(row: Row, index: number): Datum {
  const value = row[index];
  assert(value !== undefined, `no column ${index} in a row of ${row.length}`);
  return value;
}
