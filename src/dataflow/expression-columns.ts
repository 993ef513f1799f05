/** The columns that an expression reads. */
import { present, unreachable } from '../base/assert.js';
import type { InputColumn, RowExpression } from './expression.js';

/** Positions of the columns that an expression reads. */
export function columnsUsed(expression: RowExpression): ReadonlySet<number> {
  const used = new Set<number>();
  mapColumns(expression, (column) => {
    used.add(column.index);
    return column;
  });
  return used;
}

/** The expression with something else in the place of each column. */
export function mapColumns(
  expression: RowExpression,
  replace: (column: InputColumn) => RowExpression,
): RowExpression {
  const inner = (it: RowExpression): RowExpression => mapColumns(it, replace);
  switch (expression.kind) {
    case 'column':
      return replace(expression);
    case 'constant':
      return expression;
    case 'compare':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) };
    case 'in':
    case 'like':
    case 'isNull':
    case 'isTruth':
    case 'not':
      return { ...expression, operand: inner(expression.operand) };
    case 'and':
    case 'or':
    case 'xor':
      return { ...expression, operands: expression.operands.map(inner) };
    case 'call':
      return { ...expression, operands: expression.operands.map(inner) };
    case 'case':
      return {
        ...expression,
        branches: expression.branches.map(({ when, then }) => ({ when: inner(when), then: inner(then) })),
        otherwise: inner(expression.otherwise),
      };
    case 'cast':
      return { ...expression, operand: inner(expression.operand) };
    default:
      return unreachable(expression);
  }
}

/** The expression with each column replaced by what stands for it. */
export function substituted(expression: RowExpression, items: readonly RowExpression[]): RowExpression {
  return mapColumns(expression, ({ index }) =>
    present(items[index], `no column ${index} among ${items.length}`),
  );
}
