/**
 * What people leave to TiDB to add: databases of tables, columns for wildcards. Afterwards a query names things as TiDB
 * writes them in the definition of a view, so that one printer serves for both. SQL views are put in as derived
 * tables where the query is to be answered, and stay names where it is to be written down.
 */
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import type { TableName } from '../../sql/ast/leaf.js';
import type {
  CommonTable,
  Join,
  Query,
  QueryBody,
  Select,
  SelectItem,
  TableExpression,
} from '../../sql/ast/select.js';
import { parseSelect } from '../../sql/parse/select-parser.js';
import { kindOf, mapChildren } from './map-tree.js';
import { type Schema, noSuchTable, qualified } from './schema.js';
import { systemTable } from './system-tables.js';

/** How names are found. */
export interface Naming {
  readonly schema: Schema;
  /** The session's database. */
  readonly database: string | undefined;
  /** Whether SQL views are replaced by their definitions. */
  readonly expandsViews: boolean;
}

/** A column of FROM, as a wildcard names it. */
interface NamedColumn {
  readonly database: string | undefined;
  readonly table: string | undefined;
  readonly name: string;
}

/** A query, and what its columns are called. */
interface NamedQuery {
  readonly query: Query;
  readonly columns: readonly NamedColumn[];
}

/** Common tables in reach, by name in lower case: their columns. */
type InReach = ReadonlyMap<string, readonly NamedColumn[]>;

/**
 * Adds what was left out.
 *
 * @param relations - that can be named without a database, by name in lower case: their columns.
 * @throws SqlError 1046, 1146, 1051 — names that mean nothing.
 */
export function qualifyQuery(
  query: Query,
  naming: Naming,
  relations: ReadonlyMap<string, readonly string[]> = new Map(),
): Query {
  const inReach = new Map([...relations].map(([name, columns]) => [name, named(columns)]));
  return nameQuery(query, naming, inReach).query;
}

function nameQuery(query: Query, naming: Naming, given: InReach): NamedQuery {
  let inReach = given;
  const tables: CommonTable[] = [];
  for (const table of query.with?.tables ?? []) {
    const known =
      query.with?.isRecursive === true
        ? new Map([...inReach, [lowerName(table.name), named(table.columns)]])
        : inReach;
    const inner = nameQuery(table.query, naming, known);
    tables.push({ ...table, query: inner.query });
    const columns = table.columns.length > 0 ? named(table.columns) : inner.columns;
    inReach = new Map([...inReach, [lowerName(table.name), columns]]);
  }
  const body = nameBody(query.body, naming, inReach);
  const orderBy = mapChildren(query.orderBy, (item) => nameExpressions(item, naming, inReach));
  const clause = query.with === undefined ? undefined : { ...query.with, tables };
  return { query: { ...query, with: clause, body: body.body, orderBy }, columns: body.columns };
}

function named(names: readonly string[]): readonly NamedColumn[] {
  return names.map((name) => ({ database: undefined, table: undefined, name }));
}

function nameBody(
  body: QueryBody,
  naming: Naming,
  inReach: InReach,
): { readonly body: QueryBody; readonly columns: readonly NamedColumn[] } {
  switch (body.kind) {
    case 'select':
      return nameSelect(body, naming, inReach);
    case 'table': {
      const { table, columns } = nameTable(body.table, naming, inReach);
      return { body: table.kind === 'tableName' ? { ...body, table } : body, columns };
    }
    case 'values': {
      const [first] = body.rows;
      const width = first?.kind === 'row' ? first.values.length : 0;
      const names = Array.from({ length: width }, (_, i) => `column_${i}`);
      return { body: nameExpressions(body, naming, inReach) as QueryBody, columns: named(names) };
    }
    case 'setOperation': {
      const operands = body.operands.map((operand) => nameQuery(operand, naming, inReach));
      const width = operands[0]?.columns.length;
      if (operands.some(({ columns }) => columns.length !== width))
        throw new SqlError(1222, '21000', 'The used SELECT statements have a different number of columns');
      return {
        body: { ...body, operands: operands.map(({ query }) => query) },
        columns: operands[0]?.columns ?? [],
      };
    }
  }
}

function nameSelect(
  select: Select,
  naming: Naming,
  inReach: InReach,
): { readonly body: Select; readonly columns: readonly NamedColumn[] } {
  const from = select.from === undefined ? undefined : nameFrom(select.from, naming, inReach);
  const rest = mapChildren({ ...select, from: undefined, items: [] as readonly SelectItem[] }, (child) =>
    nameExpressions(child, naming, inReach),
  );
  const items = select.items.flatMap((item): readonly SelectItem[] =>
    item.kind === 'wildcard'
      ? expandWildcard(item, from?.columns ?? [])
      : [nameExpressions(item, naming, inReach) as SelectItem],
  );
  const columns = items.map((item) => {
    const isColumn = item.kind === 'item' && item.value.kind === 'column';
    return {
      database: isColumn ? originOf(item.value.name, from?.columns ?? []) : undefined,
      table: undefined,
      name: item.kind === 'item' ? (item.alias ?? '') : '',
    };
  });
  return { body: { ...rest, from: from?.table, items }, columns };
}

/** The database in which TiDB looks for the origin of a column. */
function originOf(name: string, columns: readonly NamedColumn[]): string | undefined {
  return columns.find((column) => lowerName(column.name) === lowerName(name))?.database;
}

function expandWildcard(
  item: Extract<SelectItem, { kind: 'wildcard' }>,
  columns: readonly NamedColumn[],
): readonly SelectItem[] {
  const isSame = (wanted: string | undefined, own: string | undefined): boolean =>
    wanted === undefined || (own !== undefined && lowerName(wanted) === lowerName(own));
  const chosen = columns.filter(
    ({ database, table }) =>
      isSame(item.table, table) && (database === undefined || isSame(item.database, database)),
  );
  if (chosen.length === 0) {
    if (item.table === undefined) throw new SqlError(1096, 'HY000', 'No tables used');
    throw new SqlError(1051, '42S02', `Unknown table '${item.table}'`);
  }
  const { span } = item;
  return chosen.map(({ database, table, name }) => ({
    kind: 'item',
    span,
    value: { kind: 'column', span, database, table, name },
    alias: name,
  }));
}

/** Names the queries inside of expressions. */
function nameExpressions(node: unknown, naming: Naming, inReach: InReach): unknown {
  if (kindOf(node) === 'query') return nameQuery(node as Query, naming, inReach).query;
  return mapChildren(node, (child) => nameExpressions(child, naming, inReach));
}

interface NamedTable {
  readonly table: TableExpression;
  /** What its tables are called, in lower case: aliases, or names as they are written. */
  readonly names: readonly string[];
  readonly columns: readonly NamedColumn[];
}

function nameFrom(from: TableExpression, naming: Naming, inReach: InReach): NamedTable {
  switch (from.kind) {
    case 'tableName':
      return nameTable(from, naming, inReach);
    case 'derived': {
      const inner = nameQuery(from.query, naming, inReach);
      if (from.alias === undefined)
        throw new SqlError(1248, '42000', 'Every derived table must have its own alias');
      const columns = renamed(inner.columns, from.alias);
      return { table: { ...from, query: inner.query }, names: [lowerName(from.alias)], columns };
    }
    case 'join':
      return nameJoin(from, naming, inReach);
  }
}

function renamed(columns: readonly NamedColumn[], table: string | undefined): readonly NamedColumn[] {
  return columns.map((column) => ({ ...column, table }));
}

function nameTable(table: TableName, naming: Naming, inReach: InReach): NamedTable {
  const { alias, database, name } = table;
  const shown = alias ?? (database === undefined ? name : `${database}.${name}`);
  return { ...namedTable(table, naming, inReach), names: [lowerName(shown)] };
}

function namedTable(table: TableName, naming: Naming, inReach: InReach): Omit<NamedTable, 'names'> {
  const common = table.database === undefined ? inReach.get(lowerName(table.name)) : undefined;
  const shown = table.alias ?? table.name;
  if (common !== undefined)
    return { table, columns: common.map(({ name }) => ({ database: undefined, table: shown, name })) };
  const { database } = qualified(table, naming.database);
  const system = systemTable(database, table.name);
  if (system !== undefined) {
    const columns = renamed(named(system.columns.map(({ name }) => name)), shown);
    return { table: { ...table, database: undefined, name: system.name, alias: shown }, columns };
  }
  const found = naming.schema.find(database, table.name);
  if (found === undefined) throw noSuchTable({ database, name: table.name });
  const whole: TableName = { ...table, database };
  const { view } = found.stored;
  if (view === null) {
    const columns = found.version.columns.map(({ name }) => ({
      database,
      table: shown,
      name: name.original,
    }));
    return { table: whole, columns };
  }
  const columns = (found.stored.cols ?? []).map(({ name }) => ({ database, table: shown, name: name.O }));
  if (!naming.expandsViews) return { table: whole, columns };
  // A definition names everything with its database, and may name other views.
  const inner = nameQuery(parseSelect(view.view_select), naming, new Map()).query;
  const query = withColumnNames(
    inner,
    columns.map(({ name }) => name),
  );
  const { span, parentheses } = table;
  const derived = {
    kind: 'derived',
    span,
    query,
    alias: shown,
    ...(parentheses !== undefined && { parentheses }),
  };
  return {
    table: derived as TableExpression,
    columns: renamed(named(columns.map(({ name }) => name)), shown),
  };
}

/** A view's columns are called as the view says. */
function withColumnNames(query: Query, names: readonly string[]): Query {
  const { body } = query;
  if (body.kind === 'select') {
    const items = body.items.map((item, i) =>
      item.kind === 'item' ? { ...item, alias: names[i] ?? item.alias } : item,
    );
    return { ...query, body: { ...body, items } };
  }
  if (body.kind !== 'setOperation') return query;
  const [first, ...rest] = body.operands;
  if (first === undefined) return query;
  return { ...query, body: { ...body, operands: [withColumnNames(first, names), ...rest] } };
}

function nameJoin(join: Join, naming: Naming, inReach: InReach): NamedTable {
  const left = nameFrom(join.left, naming, inReach);
  const right = nameFrom(join.right, naming, inReach);
  const table = {
    ...join,
    left: left.table,
    right: right.table,
    on: join.on === undefined ? undefined : nameExpressions(join.on, naming, inReach),
  } as Join;
  const shown = new Set(left.names);
  const twice = right.names.find((name) => shown.has(name));
  if (twice !== undefined) throw new SqlError(1066, '42000', `Not unique table/alias: '${twice}'`);
  const names = [...left.names, ...right.names];
  const [first, second] = join.type === 'RIGHT' ? [right, left] : [left, right];
  const isShared = sharedNames(join, left.columns, right.columns);
  if (isShared === undefined) return { table, names, columns: [...left.columns, ...right.columns] };
  // What is joined on is there once, before everything else.
  return {
    table,
    names,
    columns: [
      ...first.columns.filter(({ name }) => isShared(name)),
      ...first.columns.filter(({ name }) => !isShared(name)),
      ...second.columns.filter(({ name }) => !isShared(name)),
    ],
  };
}

function sharedNames(
  join: Join,
  left: readonly NamedColumn[],
  right: readonly NamedColumn[],
): ((name: string) => boolean) | undefined {
  if (join.using.length > 0) {
    const names = new Set(join.using.map(lowerName));
    return (name) => names.has(lowerName(name));
  }
  if (!join.isNatural) return undefined;
  const namesOf = (columns: readonly NamedColumn[]): ReadonlySet<string> =>
    new Set(columns.map(({ name }) => lowerName(name)));
  const [ofLeft, ofRight] = [namesOf(left), namesOf(right)];
  return (name) => ofLeft.has(lowerName(name)) && ofRight.has(lowerName(name));
}
