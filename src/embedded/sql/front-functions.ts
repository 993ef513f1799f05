/**
 * A select with functions that the planner does not know: they are computed on the rows of FROM, innermost first, each
 * a column more, and the planner then sees columns. So FROM must be one table.
 */
import { present } from '../../base/assert.js';
import type { Datum } from '../../codec/datum.js';
import type { TableName } from '../../sql/ast/leaf.js';
import type { Aggregate, Expression, Query, Select } from '../../sql/ast/select.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';
import { bitAggregate, frontFunction } from './front-nodes.js';
import { kindOf, mapChildren } from './map-tree.js';
import type { ResultTable } from './relation-table.js';
import { queryOf, relationNamed, selectOf } from './select-nodes.js';

/** What it needs of whoever answers queries. */
export interface Relations {
  run(query: Query): ResultTable;
  /** Makes a result a relation; its name. */
  keep(table: ResultTable): string;
  readonly offsetMinutes: number;
}

/**
 * The select with columns in the place of those functions.
 *
 * @param from - its FROM as a relation, and what that holds.
 */
export function withFrontFunctions(
  select: Select,
  from: { readonly table: TableName; readonly content: ResultTable },
  relations: Relations,
): Select {
  return new FrontSelect(select, from, relations).rewritten();
}

class FrontSelect {
  readonly #select: Select;
  readonly #alias: string;
  readonly #relations: Relations;
  #table: TableName;
  #content: ResultTable;

  constructor(
    select: Select,
    { table, content }: { readonly table: TableName; readonly content: ResultTable },
    relations: Relations,
  ) {
    this.#select = select;
    this.#alias = table.alias ?? table.name;
    this.#relations = relations;
    this.#table = table;
    this.#content = content;
  }

  rewritten(): Select {
    const where = this.#rewrite(this.#select.where) as Select['where'];
    const inner = { ...this.#select, where };
    const rest = {
      items: this.#rewrite(inner.items, where) as Select['items'],
      groupBy: this.#rewrite(inner.groupBy, where) as Select['groupBy'],
      having: this.#rewrite(inner.having, where) as Select['having'],
    };
    return { ...inner, ...rest, from: this.#table };
  }

  #rewrite(node: unknown, where?: Select['where']): unknown {
    const kind = kindOf(node);
    if (kind === 'query') return node;
    const inner = mapChildren(node, (child) => this.#rewrite(child, where));
    if (kind === undefined) return inner;
    if (kind === 'aggregate') return this.#aggregate(inner as Aggregate, where);
    return this.#computed(inner as Expression);
  }

  #computed(node: Expression): Expression {
    const call = frontFunction(node);
    if (call === undefined) return node;
    const { span } = node;
    const { rows, columns } =
      call.operands.length === 0
        ? { rows: this.#content.rows.map(() => []), columns: [] }
        : this.#values(call.operands, undefined);
    const name = `#${this.#content.columns.length}`;
    const values = rows.map((row): Datum => {
      if (row.includes(null)) return null;
      const operands = row.map((value, i) => ({
        value,
        type: present(columns[i], 'an operand has a type').type,
      }));
      return call.function.value(operands, this.#relations.offsetMinutes);
    });
    this.#content = {
      columns: [...this.#content.columns, { name, type: call.function.type }],
      rows: this.#content.rows.map((row, i) => [...row, values[i] ?? null]),
    };
    this.#table = relationNamed(this.#relations.keep(this.#content), this.#alias, span);
    return { kind: 'column', span, database: undefined, table: this.#alias, name };
  }

  /** One over all rows becomes an aggregate that the planner knows, of the number that it is. */
  #aggregate(node: Aggregate, where: Select['where']): Expression {
    const combine = bitAggregate(node);
    if (combine === undefined) return node;
    if (this.#select.groupBy !== undefined || node.isDistinct)
      throw new NotSupportedError(node.name, 'it is computed over all rows of a select only');
    const values = this.#values(node.args, where).rows.map(([value]) => value ?? null);
    const { span } = node;
    const number = { kind: 'number', span, form: 'integer', text: combine(values).toString() } as const;
    // Still an aggregate: it is what makes one row of all.
    const most: Aggregate = { ...node, name: 'MAX', args: [number] };
    return { kind: 'call', span, schema: undefined, name: 'IFNULL', args: [most, number] };
  }

  #values(operands: readonly Expression[], where: Select['where']): ResultTable {
    const { span } = this.#select;
    const items = operands.map((value, i) => ({ kind: 'item', span, value, alias: `#operand${i}` }) as const);
    return this.#relations.run(queryOf({ ...selectOf(items, this.#table, span), where }));
  }
}
