/**
 * Columns of the query outside, in expressions of the query inside. They are columns with positions that no relation
 * has: those of the relation outside, moved up by {@link OUTER_FROM}; of the query outside that one, moved up twice.
 */
import type { RowExpression } from '../dataflow/expression.js';
import { columnsUsed, mapColumns } from '../dataflow/expression-columns.js';
import { shifted } from './plan-columns.js';

/** Where the positions of outer columns begin: no relation has as many columns. */
const OUTER_FROM = 1_000_000;

/** An expression over the relation outside, as the query inside writes it. */
export function asOuter(expression: RowExpression): RowExpression {
  return shifted(expression, OUTER_FROM);
}

/** Whether an expression reads columns of a query outside. */
export function isCorrelated(expression: RowExpression): boolean {
  return [...columnsUsed(expression)].some((index) => index >= OUTER_FROM);
}

/** Whether an expression reads columns of queries outside only, and at least one. */
export function isOuterOnly(expression: RowExpression): boolean {
  const used = [...columnsUsed(expression)];
  return used.length > 0 && used.every((index) => index >= OUTER_FROM);
}

/** An expression of the query inside over the relation outside, followed by that of the inside. */
export function joinedOver(expression: RowExpression, outerWidth: number): RowExpression {
  return mapColumns(expression, (column) => ({
    ...column,
    index: column.index >= OUTER_FROM ? column.index - OUTER_FROM : column.index + outerWidth,
  }));
}
