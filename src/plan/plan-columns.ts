/** The columns of relations: their types, and expressions that pass them on. */
import { present, unreachable } from '../base/assert.js';
import { type FieldType, nullable } from '../codec/field-type.js';
import { type InputColumn, type RowExpression, typeOf } from '../dataflow/expression.js';
import { mapColumns, substituted } from '../dataflow/expression-columns.js';
import type { LogicalPlan } from './logical-plan.js';

/** The types of a relation's columns; NOT NULL only where no row can have a NULL. */
export function columnTypes(plan: LogicalPlan): readonly FieldType[] {
  switch (plan.kind) {
    case 'scan':
      return plan.columnIds.map((id) => present(plan.table.column(id), `no column ${id}`).type);
    case 'filter':
      return columnTypes(plan.input);
    case 'project': {
      const input = columnTypes(plan.input);
      return plan.items.map((item) =>
        item.kind === 'column' ? present(input[item.index], `no column ${item.index}`) : typeOf(item),
      );
    }
    case 'join': {
      const left = columnTypes(plan.left);
      if (plan.type === 'semi' || plan.type === 'anti') return left;
      const right = columnTypes(plan.right);
      return [...left, ...(plan.type === 'left' ? right.map(nullable) : right)];
    }
    case 'aggregate': {
      const input = columnTypes(plan.input);
      return [
        ...plan.groups.map(({ index }) => present(input[index], `no column ${index}`)),
        ...plan.aggregates.map(({ type }) => type),
      ];
    }
    case 'unionAll':
      return plan.types;
    default:
      return unreachable(plan);
  }
}

/** How many columns a relation has. */
export function widthOf(plan: LogicalPlan): number {
  return columnTypes(plan).length;
}

/** Expressions for the first `count` columns of a relation. */
export function columnsOf(
  types: readonly FieldType[],
  from = 0,
  count = types.length,
): readonly InputColumn[] {
  return types.slice(from, from + count).map((type, i) => ({ kind: 'column', index: from + i, type }));
}

/** The expression over columns that lie `by` further on. */
export function shifted(expression: RowExpression, by: number): RowExpression {
  return by === 0
    ? expression
    : mapColumns(expression, (column) => ({ ...column, index: column.index + by }));
}

/**
 * A projection. One of nothing but columns melts into a projection below or above it, and one that changes nothing is
 * none, so that equal relations look the same.
 */
export function projected(input: LogicalPlan, items: readonly RowExpression[]): LogicalPlan {
  if (isIdentity(items, input)) return input;
  if (input.kind === 'project' && (items.every(isColumn) || input.items.every(isColumn))) {
    const inner = input.items;
    return projected(
      input.input,
      items.map((item) => substituted(item, inner)),
    );
  }
  return { kind: 'project', input, items };
}

function isIdentity(items: readonly RowExpression[], input: LogicalPlan): boolean {
  return (
    items.every((item, i) => item.kind === 'column' && item.index === i) && items.length === widthOf(input)
  );
}

function isColumn(item: RowExpression): boolean {
  return item.kind === 'column';
}
