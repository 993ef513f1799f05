/**
 * Answers queries: TiDB's own text of each (sql/parse/print-select.ts), read and bound as a view's definition is (plan),
 * and evaluated by the reference evaluator, never by the engine. ORDER BY, LIMIT, functions that no view can have yet and
 * selects without FROM are done here, around the planner: the rows of such a query are a relation that the next one scans.
 */
import { lowerName } from '../../catalog/lower-name.js';
import type { TableVersion } from '../../catalog/table-version.js';
import { Decimal } from '../../codec/decimal.js';
import type { FieldType } from '../../codec/field-type.js';
import { type PlanSettings, bindDefinition, readDefinition } from '../../plan/plan-view.js';
import { prune } from '../../plan/prune.js';
import { pushDown } from '../../plan/push-down.js';
import type { BoundQuery, TableLookup } from '../../plan/query-context.js';
import { type Row, evaluatePlan } from '../../plan/reference/evaluate-plan.js';
import type { TableName } from '../../sql/ast/leaf.js';
import type {
  Expression,
  OrderItem,
  Query,
  Select,
  SelectItem,
  TableExpression,
} from '../../sql/ast/select.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';
import { printQuery } from '../../sql/parse/print-select.js';
import { withFrontFunctions } from './front-functions.js';
import { isFrontNode } from './front-nodes.js';
import { kindOf, mapChildren, someNode } from './map-tree.js';
import { mistakeIn, unknownColumn } from './name-errors.js';
import { sortRows } from './order-rows.js';
import { type ResultTable, relationTable, scanOf } from './relation-table.js';
import { pointReads } from './point-reads.js';
import { relationNamed, selectOf } from './select-nodes.js';

/** What queries are answered from. */
export interface QueryContext {
  readonly tableOf: TableLookup;
  readonly settings: PlanSettings;
  /**
   * The rows of a stored table.
   *
   * @param handles - of the rows that can matter; undefined: all do.
   */
  readonly rowsOf: (
    table: TableVersion,
    columnIds: readonly number[],
    handles: readonly bigint[] | undefined,
  ) => readonly Row[];
  /** A system table by the name that qualify.ts gives it. */
  readonly systemTable: (name: string) => ResultTable | undefined;
  /** The one row that a select without FROM reads. */
  readonly dual: ResultTable;
  /** Minutes east of UTC, for TIMESTAMPs as text. */
  readonly offsetMinutes: number;
}

/** The relation of a select without FROM: one row. */
const DUAL = '#dual';

/**
 * Answers a qualified query.
 *
 * @throws NotSupportedError — 1235, naming the piece; SqlError 1054, 1052 — names that mean nothing.
 */
export function runQuery(query: Query, context: QueryContext): ResultTable {
  return new QueryRun(context).query(query);
}

/** One query, with the relations that it makes on its way. */
class QueryRun {
  readonly #context: QueryContext;
  readonly #relations = new Map<string, BoundQuery>();
  readonly #rows = new Map<TableVersion, readonly Row[]>();

  constructor(context: QueryContext) {
    this.#context = context;
    this.#keep(DUAL, context.dual);
  }

  query(query: Query): ResultTable {
    if (query.lock !== undefined)
      throw new NotSupportedError(query.lock, 'rows are not locked before COMMIT');
    const plain = this.#withRelations(query);
    const { body, orderBy, limit } = plain;
    if (orderBy.length === 0 && body.kind !== 'select') return cut(this.#plain(plain), limit);
    if (body.kind !== 'select') {
      const result = this.#plain({ ...plain, orderBy: [], limit: undefined });
      const keys = orderBy.map((item) =>
        outputPlace(
          item,
          result.columns.map(({ name }) => name),
        ),
      );
      return cut(sorted(result, orderBy, keys), limit);
    }
    return this.#select(plain, body);
  }

  /** A query whose ORDER BY and LIMIT are done here. */
  #select(query: Query, written: Select): ResultTable {
    const { orderBy, limit } = query;
    const names = written.items.map((item) => (item.kind === 'item' ? item.alias : undefined) ?? '');
    const hidden: SelectItem[] = [];
    const keys = orderBy.map((item) => {
      const place = outputPlace(item, names) ?? itemPlace(item, written.items);
      if (place !== undefined) return place;
      if (written.quantifier === 'DISTINCT')
        throw new NotSupportedError(
          printed(item.value),
          'ORDER BY of a DISTINCT has columns of the select list',
        );
      hidden.push({
        kind: 'item',
        span: item.value.span,
        value: item.value,
        alias: `#order${hidden.length}`,
      });
      return names.length + hidden.length - 1;
    });
    const select: Select = { ...written, items: [...written.items, ...hidden] };
    const body = someNode(select, isFrontNode, (node) => kindOf(node) !== 'query')
      ? withFrontFunctions(select, this.#onlyTable(select), {
          run: (inner) => this.query(inner),
          keep: (table) => this.#keep(`#relation${this.#relations.size}`, table),
          offsetMinutes: this.#context.offsetMinutes,
        })
      : select;
    const result = this.#plain({ ...query, body, orderBy: [], limit: undefined });
    const all = cut(sorted(result, orderBy, keys), limit);
    if (hidden.length === 0) return all;
    const width = names.length;
    return { ...all, columns: all.columns.slice(0, width), rows: all.rows.map((row) => row.slice(0, width)) };
  }

  /** The one table of FROM, as a relation. @throws NotSupportedError — there are more. */
  #onlyTable({ from }: Select): { readonly table: TableName; readonly content: ResultTable } {
    if (from === undefined || from.kind === 'join')
      throw new NotSupportedError('JOIN', 'functions of bytes are computed on the rows of one table only');
    const table = from.kind === 'derived' ? this.#table(from.query, from.alias, from.span) : from;
    const bound = this.#relations.get(lowerName(table.name));
    const version =
      table.database === undefined && bound?.plan.kind === 'scan'
        ? bound.plan.table
        : this.#context.tableOf(table.database ?? '', table.name);
    if (version === undefined) throw new NotSupportedError(table.name, 'it is not known');
    const columns = version.columns.map(({ name, type }) => ({ name: name.original, type }));
    const rows = this.#scan(
      version,
      version.columns.map(({ id }) => id),
      undefined,
    );
    if (table.database === undefined) return { table, content: { columns, rows } };
    const name = this.#keep(`#relation${this.#relations.size}`, { columns, rows });
    return { table: relationNamed(name, table.alias ?? table.name, table.span), content: { columns, rows } };
  }

  #scan(
    table: TableVersion,
    columnIds: readonly number[],
    handles: readonly bigint[] | undefined,
  ): readonly Row[] {
    const own = this.#rows.get(table);
    return own === undefined
      ? this.#context.rowsOf(table, columnIds, handles)
      : own.map((row) => columnIds.map((id) => row[id - 1] ?? null));
  }

  /** A query that the planner does in one piece. */
  #plain(query: Query): ResultTable {
    const { tableOf, settings } = this.#context;
    const definition = readDefinition(printQuery(query));
    let bound;
    try {
      bound = bindDefinition(definition, tableOf, settings, this.#relations);
    } catch (error) {
      throw mistakeIn(query, error, settings.sqlMode) ?? error;
    }
    const plan = prune(pushDown(bound.plan));
    const reads = pointReads(plan);
    const rows = evaluatePlan(plan, (table, columnIds) => this.#scan(table, columnIds, reads.get(table)));
    return { columns: bound.output, rows, plan };
  }

  /** The query with relations in the place of what the planner cannot do in one piece. */
  #withRelations(query: Query): Query {
    const tables = query.with?.tables.filter(({ name, query: inner, columns }) => {
      if (isPlain(inner)) return true;
      const result = this.query(inner);
      this.#keep(lowerName(name), {
        ...result,
        columns: result.columns.map((column, i) => ({ ...column, name: columns[i] ?? column.name })),
      });
      return false;
    });
    const clause =
      query.with === undefined || tables === undefined || tables.length === 0
        ? undefined
        : { ...query.with, tables };
    const body = mapChildren(query.body, (child) => this.#inside(child));
    return { ...query, with: clause, body: this.#operands(withDual(body)) };
  }

  #operands(body: Query['body']): Query['body'] {
    if (body.kind !== 'setOperation') return body;
    const operands = body.operands.map((operand) => (isPlain(operand) ? operand : this.#asSelect(operand)));
    return { ...body, operands };
  }

  #inside(node: unknown): unknown {
    const kind = kindOf(node);
    if (kind === 'derived') {
      const { query, alias, span } = node as Extract<TableExpression, { kind: 'derived' }>;
      return isPlain(query)
        ? { ...(node as object), query: this.#withRelations(query) }
        : this.#table(query, alias, span);
    }
    if (kind === 'tableName') return this.#systemTable(node as TableName);
    if (kind === 'query') return isPlain(node as Query) ? this.#withRelations(node as Query) : node;
    return mapChildren(node, (child) => this.#inside(child));
  }

  #systemTable(table: TableName): TableName {
    if (table.database !== undefined || this.#relations.has(table.name)) return table;
    const system = this.#context.systemTable(table.name);
    if (system !== undefined) this.#keep(table.name, system);
    return table;
  }

  /** An operand of a UNION whose rows are there already. */
  #asSelect(query: Query): Query {
    const { span } = query;
    const result = this.query(query);
    const name = this.#keep(`#relation${this.#relations.size}`, result);
    const items = result.columns.map((column): SelectItem => ({
      kind: 'item',
      span,
      value: { kind: 'column', span, database: undefined, table: undefined, name: column.name },
      alias: column.name,
    }));
    return {
      ...query,
      with: undefined,
      orderBy: [],
      limit: undefined,
      body: selectOf(items, relationNamed(name, undefined, span), span),
    };
  }

  #table(query: Query, alias: string | undefined, span: Query['span']): TableName {
    return relationNamed(this.#keep(`#relation${this.#relations.size}`, this.query(query)), alias, span);
  }

  /** Makes a result a relation that queries can name. */
  #keep(name: string, { columns, rows }: ResultTable): string {
    const table = relationTable(name, columns);
    this.#relations.set(name, scanOf(table));
    this.#rows.set(
      table,
      rows.map((row) => row.map((value, i) => asShown(value, columns[i]?.type))),
    );
    return name;
  }
}

/** A decimal has no more digits as a column than its type shows. */
function asShown(value: Row[number], type: FieldType | undefined): Row[number] {
  return value instanceof Decimal && type !== undefined ? value.rescale(Math.max(type.decimal, 0)) : value;
}

/** Whether the planner takes it as it is. */
function isPlain(query: Query): boolean {
  return !someNode(query, (node) => {
    if (isFrontNode(node)) return true;
    if (kindOf(node) !== 'query') return false;
    const { orderBy, limit, lock } = node as Query;
    return orderBy.length > 0 || limit !== undefined || lock !== undefined;
  });
}

/** A select without FROM reads one row of nothing. */
function withDual(body: Query['body']): Query['body'] {
  if (body.kind === 'setOperation')
    return {
      ...body,
      operands: body.operands.map((operand) => ({ ...operand, body: withDual(operand.body) })),
    };
  if (body.kind !== 'select') return body;
  return body.from === undefined ? { ...body, from: relationNamed(DUAL, undefined, body.span) } : body;
}

/** The output column that ORDER BY names, by place or by name. */
function outputPlace({ value }: OrderItem, names: readonly string[]): number | undefined {
  if (value.kind === 'number' && value.form === 'integer') return Number(value.text) - 1;
  if (value.kind !== 'column' || value.table !== undefined) return undefined;
  const place = names.findIndex((name) => lowerName(name) === lowerName(value.name));
  return place < 0 ? undefined : place;
}

/** The item of the select list that ORDER BY repeats. */
function itemPlace({ value }: OrderItem, items: readonly SelectItem[]): number | undefined {
  const place = items.findIndex((item) => item.kind === 'item' && isSameColumn(item.value, value));
  return place < 0 ? undefined : place;
}

/** Whether two expressions are one column, named with its table or without. */
function isSameColumn(a: Expression, b: Expression): boolean {
  if (a.kind !== 'column' || b.kind !== 'column') return false;
  const isTable = a.table === undefined || b.table === undefined || lowerName(a.table) === lowerName(b.table);
  return isTable && lowerName(a.name) === lowerName(b.name);
}

function sorted(
  result: ResultTable,
  orderBy: readonly OrderItem[],
  places: readonly (number | undefined)[],
): ResultTable {
  if (orderBy.length === 0) return result;
  const keys = orderBy.map(({ value, isDescending }, i) => {
    const place = places[i];
    const column = place === undefined ? undefined : result.columns[place];
    if (place === undefined || column === undefined) throw unknownColumn(printed(value), 'order clause');
    return { place, type: column.type, isDescending };
  });
  return { ...result, rows: sortRows(result.rows, keys) };
}

function cut(result: ResultTable, limit: Query['limit']): ResultTable {
  if (limit === undefined) return result;
  const { offset, count } = limit;
  return { ...result, rows: result.rows.slice(Number(offset), Number(offset + count)) };
}

function printed(value: Expression): string {
  return value.kind === 'column' ? value.name : value.kind === 'number' ? value.text : value.kind;
}
