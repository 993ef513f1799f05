/**
 * Prints queries as SQL with every parenthesis, so that no reader needs to know precedence. What it prints parses to
 * the same tree, and TiDB plans it as it plans the original.
 */
import { unreachable } from '../../base/assert.js';
import type { Limit, TableName } from '../ast/leaf.js';
import type {
  CommonTable,
  Frame,
  FrameBound,
  GroupBy,
  NamedWindow,
  OrderItem,
  Query,
  QueryBody,
  Select,
  SelectItem,
  TableExpression,
  WindowSpec,
} from '../ast/select.js';
import { printExpression, type PrintContext } from './print-expression.js';
import { printName } from './print-text.js';

const context: PrintContext = { query: printQuery, orderItems: printOrderItems, window: printWindow };

/** A query as SQL. */
export function printQuery(query: Query): string {
  const parts: string[] = [];
  if (query.with !== undefined) {
    const tables = query.with.tables.map(printCommonTable).join(', ');
    parts.push(`WITH ${query.with.isRecursive ? 'RECURSIVE ' : ''}${tables}`);
  }
  parts.push(printBody(query.body));
  if (query.orderBy.length > 0) parts.push(`ORDER BY ${printOrderItems(query.orderBy)}`);
  if (query.limit !== undefined) parts.push(printLimit(query.limit));
  if (query.lock !== undefined) parts.push(query.lock);
  return parts.join(' ');
}

function printCommonTable({ name, columns, query }: CommonTable): string {
  const list = columns.length === 0 ? '' : ` ${printNames(columns)}`;
  return `${printName(name)}${list} AS (${printQuery(query)})`;
}

function printBody(body: QueryBody): string {
  switch (body.kind) {
    case 'select':
      return printSelect(body);
    case 'table':
      return `TABLE ${printTableName(body.table)}`;
    case 'values':
      return `VALUES ${body.rows.map((row) => printExpression(row, context)).join(', ')}`;
    case 'setOperation':
      return body.operands
        .map(
          (operand, i) =>
            (i === 0 ? '' : `${body.operators[i - 1] ?? ''} `) + printOperand(operand, body.operands.length),
        )
        .join(' ');
    default:
      return unreachable(body);
  }
}

/** Parentheses where they say something: TiDB plans `(SELECT …) UNION …` and `SELECT … UNION …` alike. */
function printOperand(operand: Query, operands: number): string {
  const isPlain =
    operands > 1 &&
    operand.with === undefined &&
    operand.orderBy.length === 0 &&
    operand.limit === undefined &&
    operand.lock === undefined &&
    operand.body.kind !== 'setOperation';
  return isPlain ? printQuery(operand) : `(${printQuery(operand)})`;
}

function printSelect(select: Select): string {
  const parts = ['SELECT', ...select.options];
  if (select.hints !== undefined) parts.push(`/*+ ${select.hints}*/`);
  if (select.quantifier !== undefined) parts.push(select.quantifier);
  if (select.isStraightJoin) parts.push('STRAIGHT_JOIN');
  parts.push(select.items.map(printItem).join(','));
  if (select.from !== undefined) parts.push(`FROM ${printTables(select.from)}`);
  else if (select.where !== undefined) parts.push('FROM DUAL');
  if (select.where !== undefined) parts.push(`WHERE ${printExpression(select.where, context)}`);
  if (select.groupBy !== undefined) parts.push(printGroupBy(select.groupBy));
  if (select.having !== undefined) parts.push(`HAVING ${printExpression(select.having, context)}`);
  if (select.windows.length > 0) parts.push(`WINDOW ${select.windows.map(printNamedWindow).join(',')}`);
  return parts.join(' ');
}

function printItem(item: SelectItem): string {
  if (item.kind === 'wildcard') {
    const qualifiers = [item.database, item.table].filter((part) => part !== undefined);
    return [...qualifiers.map(printName), '*'].join('.');
  }
  const value = printExpression(item.value, context);
  return item.alias === undefined ? value : `${value} AS ${printName(item.alias)}`;
}

function printTables(tables: TableExpression): string {
  switch (tables.kind) {
    case 'tableName':
      return printTableName(tables);
    case 'derived': {
      const alias = tables.alias === undefined ? '' : ` AS ${printName(tables.alias)}`;
      return `(${printQuery(tables.query)})${alias}`;
    }
    case 'join': {
      const side = tables.type === 'INNER' ? '' : `${tables.type} `;
      const operator = tables.isStraight
        ? 'STRAIGHT_JOIN'
        : `${tables.isNatural ? 'NATURAL ' : ''}${side}JOIN`;
      const on = tables.on === undefined ? '' : ` ON ${printExpression(tables.on, context)}`;
      const using = tables.using.length === 0 ? '' : ` USING ${printNames(tables.using)}`;
      return `${printJoined(tables.left)} ${operator} ${printJoined(tables.right)}${on}${using}`;
    }
    default:
      return unreachable(tables);
  }
}

function printJoined(tables: TableExpression): string {
  return tables.kind === 'join' ? `(${printTables(tables)})` : printTables(tables);
}

function printTableName(table: TableName): string {
  const database = table.database === undefined ? '' : `${printName(table.database)}.`;
  const parts = [database + printName(table.name)];
  if (table.partitions.length > 0) parts.push(`PARTITION${printNames(table.partitions)}`);
  if (table.alias !== undefined) parts.push(`AS ${printName(table.alias)}`);
  for (const hint of table.indexHints) parts.push(`${hint.type} ${printNames(hint.indexes)}`);
  if (table.sample !== undefined) parts.push(table.sample);
  return parts.join(' ');
}

function printNames(names: readonly string[]): string {
  return `(${names.map(printName).join(', ')})`;
}

function printGroupBy({ items, isRollup }: GroupBy): string {
  return `GROUP BY ${printOrderItems(items)}${isRollup ? ' WITH ROLLUP' : ''}`;
}

function printOrderItems(items: readonly OrderItem[]): string {
  return items
    .map(({ value, isDescending }) => printExpression(value, context) + (isDescending ? ' DESC' : ''))
    .join(',');
}

function printLimit({ offset, count }: Limit): string {
  return `LIMIT ${offset === 0n ? '' : `${offset.toString()},`}${count.toString()}`;
}

function printNamedWindow({ name, spec }: NamedWindow): string {
  return `${printName(name)} AS ${printWindow(spec)}`;
}

function printWindow(spec: WindowSpec): string {
  const parts: string[] = [];
  if (spec.base !== undefined) parts.push(printName(spec.base));
  if (spec.partitionBy.length > 0) parts.push(`PARTITION BY ${printOrderItems(spec.partitionBy)}`);
  if (spec.orderBy.length > 0) parts.push(`ORDER BY ${printOrderItems(spec.orderBy)}`);
  if (spec.frame !== undefined) parts.push(printFrame(spec.frame));
  return `(${parts.join(' ')})`;
}

function printFrame({ unit, start, end }: Frame): string {
  return `${unit} BETWEEN ${printBound(start)} AND ${printBound(end)}`;
}

function printBound(bound: FrameBound): string {
  if (bound.kind === 'currentRow') return 'CURRENT ROW';
  const side = bound.kind.toUpperCase();
  if (bound.amount === undefined) return `UNBOUNDED ${side}`;
  const amount = printExpression(bound.amount, context);
  return bound.unit === undefined ? `${amount} ${side}` : `INTERVAL ${amount} ${bound.unit} ${side}`;
}
