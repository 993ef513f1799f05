/**
 * Prints queries as SQL: with every parenthesis, so that no reader needs to know precedence, or as TiDB writes a view's
 * definition. What it prints parses to the same tree, and TiDB plans it as it plans the original.
 */
import { unreachable } from '../../base/assert.js';
import type { Limit, TableName } from '../ast/leaf.js';
import type {
  CommonTable,
  Expression,
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

/** A query as SQL, with every parenthesis. */
export function printQuery(query: Query): string {
  return new QueryPrinter(false).query(query);
}

/** A query, its names resolved, as TiDB writes the definition of a view (information_schema.views.view_definition). */
export function printCanonical(query: Query): string {
  return new QueryPrinter(true).query(query);
}

/** Prints in one of the two ways. */
class QueryPrinter {
  readonly #context: PrintContext;

  constructor(isCanonical: boolean) {
    this.#context = {
      query: (query) => this.query(query),
      orderItems: (items) => this.#orderItems(items),
      window: (spec) => this.#window(spec),
      isCanonical,
    };
  }

  query(query: Query): string {
    const parts: string[] = [];
    if (query.with !== undefined) {
      const tables = query.with.tables.map((it) => this.#commonTable(it)).join(', ');
      parts.push(`WITH ${query.with.isRecursive ? 'RECURSIVE ' : ''}${tables}`);
    }
    parts.push(this.#body(query.body));
    if (query.orderBy.length > 0) parts.push(`ORDER BY ${this.#orderItems(query.orderBy)}`);
    if (query.limit !== undefined) parts.push(printLimit(query.limit));
    if (query.lock !== undefined) parts.push(query.lock);
    return parts.join(' ');
  }

  #commonTable({ name, columns, query }: CommonTable): string {
    const list = columns.length === 0 ? '' : ` ${printNames(columns)}`;
    return `${printName(name)}${list} AS (${this.query(query)})`;
  }

  #body(body: QueryBody): string {
    switch (body.kind) {
      case 'select':
        return this.#select(body);
      case 'table':
        return `TABLE ${this.#tableName(body.table)}`;
      case 'values':
        return `VALUES ${body.rows.map((row) => this.#print(row)).join(', ')}`;
      case 'setOperation':
        return body.operands
          .map(
            (operand, i) =>
              (i === 0 ? '' : `${body.operators[i - 1] ?? ''} `) +
              this.#operand(operand, body.operands.length),
          )
          .join(' ');
      default:
        return unreachable(body);
    }
  }

  /** Parentheses where they say something: TiDB plans `(SELECT …) UNION …` and `SELECT … UNION …` alike. */
  #operand(operand: Query, operands: number): string {
    const isPlain =
      operands > 1 &&
      operand.with === undefined &&
      operand.orderBy.length === 0 &&
      operand.limit === undefined &&
      operand.lock === undefined &&
      operand.body.kind !== 'setOperation';
    return isPlain ? this.query(operand) : `(${this.query(operand)})`;
  }

  #select(select: Select): string {
    const parts = ['SELECT', ...select.options];
    if (select.hints !== undefined) parts.push(`/*+ ${select.hints}*/`);
    if (select.quantifier !== undefined) parts.push(select.quantifier);
    if (select.isStraightJoin) parts.push('STRAIGHT_JOIN');
    parts.push(select.items.map((it) => this.#item(it)).join(','));
    if (select.from !== undefined) parts.push(`FROM ${this.#tables(select.from)}`);
    else if (select.where !== undefined) parts.push('FROM DUAL');
    if (select.where !== undefined) parts.push(`WHERE ${this.#print(select.where)}`);
    if (select.groupBy !== undefined) parts.push(this.#groupBy(select.groupBy));
    if (select.having !== undefined) parts.push(`HAVING ${this.#print(select.having)}`);
    if (select.windows.length > 0)
      parts.push(`WINDOW ${select.windows.map((it) => this.#namedWindow(it)).join(',')}`);
    return parts.join(' ');
  }

  #item(item: SelectItem): string {
    if (item.kind === 'wildcard') {
      const qualifiers = [item.database, item.table].filter((part) => part !== undefined);
      return [...qualifiers.map(printName), '*'].join('.');
    }
    const value = this.#print(item.value);
    return item.alias === undefined ? value : `${value} AS ${printName(item.alias)}`;
  }

  #tables(tables: TableExpression): string {
    switch (tables.kind) {
      case 'tableName':
        return this.#tableName(tables);
      case 'derived': {
        const alias = tables.alias === undefined ? '' : ` AS ${printName(tables.alias)}`;
        return `(${this.query(tables.query)})${alias}`;
      }
      case 'join': {
        const side = tables.type === 'INNER' ? '' : `${tables.type} `;
        const operator = tables.isStraight
          ? 'STRAIGHT_JOIN'
          : `${tables.isNatural ? 'NATURAL ' : ''}${side}JOIN`;
        // A derived table before a comma is all that TiDB writes with a comma.
        if (
          this.#context.isCanonical &&
          tables.left.kind === 'derived' &&
          tables.left.parentheses !== undefined
        )
          return `${this.#tables(tables.left)}, ${this.#joined(tables.right)}`;
        const on = tables.on === undefined ? '' : ` ON ${this.#print(tables.on)}`;
        const using = tables.using.length === 0 ? '' : ` USING ${printNames(tables.using)}`;
        return `${this.#joined(tables.left)} ${operator} ${this.#joined(tables.right)}${on}${using}`;
      }
      default:
        return unreachable(tables);
    }
  }

  #joined(tables: TableExpression): string {
    const isGrouped =
      tables.kind === 'join' || (this.#context.isCanonical && tables.parentheses !== undefined);
    return isGrouped ? `(${this.#tables(tables)})` : this.#tables(tables);
  }

  #tableName(table: TableName): string {
    const database = table.database === undefined ? '' : `${printName(table.database)}.`;
    const parts = [database + printName(table.name)];
    if (table.partitions.length > 0) parts.push(`PARTITION${printNames(table.partitions)}`);
    if (table.alias !== undefined) parts.push(`AS ${printName(table.alias)}`);
    for (const hint of table.indexHints) parts.push(`${hint.type} ${printNames(hint.indexes)}`);
    if (table.sample !== undefined) parts.push(table.sample);
    return parts.join(' ');
  }

  #groupBy({ items, isRollup }: GroupBy): string {
    return `GROUP BY ${this.#orderItems(items)}${isRollup ? ' WITH ROLLUP' : ''}`;
  }

  #orderItems(items: readonly OrderItem[]): string {
    return items
      .map(({ value, isDescending }) => this.#print(value) + (isDescending ? ' DESC' : ''))
      .join(',');
  }

  #namedWindow({ name, spec }: NamedWindow): string {
    return `${printName(name)} AS ${this.#window(spec)}`;
  }

  #window(spec: WindowSpec): string {
    const parts: string[] = [];
    if (spec.base !== undefined) parts.push(printName(spec.base));
    if (spec.partitionBy.length > 0) parts.push(`PARTITION BY ${this.#orderItems(spec.partitionBy)}`);
    if (spec.orderBy.length > 0) parts.push(`ORDER BY ${this.#orderItems(spec.orderBy)}`);
    if (spec.frame !== undefined) parts.push(this.#frame(spec.frame));
    return `(${parts.join(' ')})`;
  }

  #frame({ unit, start, end }: Frame): string {
    return `${unit} BETWEEN ${this.#bound(start)} AND ${this.#bound(end)}`;
  }

  #bound(bound: FrameBound): string {
    if (bound.kind === 'currentRow') return 'CURRENT ROW';
    const side = bound.kind.toUpperCase();
    if (bound.amount === undefined) return `UNBOUNDED ${side}`;
    const amount = this.#print(bound.amount);
    return bound.unit === undefined ? `${amount} ${side}` : `INTERVAL ${amount} ${bound.unit} ${side}`;
  }

  #print(expression: Expression): string {
    return printExpression(expression, this.#context);
  }
}

function printNames(names: readonly string[]): string {
  return `(${names.map(printName).join(', ')})`;
}

function printLimit({ offset, count }: Limit): string {
  return `LIMIT ${offset === 0n ? '' : `${offset.toString()},`}${count.toString()}`;
}
