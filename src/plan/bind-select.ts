/** A canonical query as a logical plan. What is not here is refused, piece by piece. */
import { lowerName } from '../catalog/lower-name.js';
import type { ColumnInfo } from '../catalog/column-info.js';
import type { TableVersion } from '../catalog/table-version.js';
import { MysqlType } from '../codec/field-type.js';
import { type RowExpression, typeOf } from '../dataflow/expression.js';
import type { Query, Select, SelectItem, TableName } from '../sql/ast/select.js';
import { type BindContext, refuse } from './bind-context.js';
import { bindExpression, bindTruth } from './bind-expression.js';
import type { LogicalPlan, OutputColumn } from './logical-plan.js';
import { Scope, type ScopeColumn } from './scope.js';
import type { ComparisonContext } from './typing/comparison.js';

/** Finds a table by the names of canonical text; undefined: there is none. */
export type TableLookup = (database: string, table: string) => TableVersion | undefined;

/** What a query is bound against. */
export interface SelectContext {
  /** The canonical text that the tree was read from. */
  readonly text: string;
  readonly tableOf: TableLookup;
  /** Minutes east of UTC of the pinned time zone; undefined: not one for ever. */
  readonly offsetMinutes: number | undefined;
}

/** A query, bound. */
export interface BoundSelect {
  readonly plan: LogicalPlan;
  readonly output: readonly OutputColumn[];
}

/** Databases whose tables are not the users'. */
const SYSTEM_DATABASES: ReadonlySet<string> = new Set([
  'information_schema',
  'metrics_schema',
  'mysql',
  'performance_schema',
  'sys',
]);

/**
 * Binds a query.
 *
 * @throws NotSupportedError — naming the piece that cannot be maintained.
 */
export function bindSelect(query: Query, context: SelectContext): BoundSelect {
  const select = plainSelect(query, context);
  const table = onlyTable(select, context);
  const version = tableVersion(table, context);
  const scope = new Scope(version.columns.map((column) => scopeColumn(column, table)));
  const comparison: ComparisonContext = {
    offsetMinutes: context.offsetMinutes,
    isNewCollation: version.isNewCollation,
  };
  const bindContext: BindContext = { text: context.text, scope, comparison };
  const scan: LogicalPlan = {
    kind: 'scan',
    table: version,
    name: table.alias ?? table.name,
    columnIds: version.columns.map(({ id }) => id),
  };
  const input: LogicalPlan =
    select.where === undefined
      ? scan
      : { kind: 'filter', input: scan, predicate: bindTruth(select.where, bindContext) };
  const items = select.items.map((item) => bindItem(item, bindContext));
  return {
    plan: { kind: 'project', input, items: items.map(({ value }) => value) },
    output: items.map(({ name, value }) => ({ name, type: typeOf(value) })),
  };
}

/** The SELECT of a query that is nothing else. */
function plainSelect(query: Query, { text }: SelectContext): Select {
  const { body } = query;
  const refuseQuery = (reason: string): Error => refuse(text, query, reason);
  if (query.with !== undefined) throw refuseQuery('common table expressions are not supported yet');
  if (body.kind === 'setOperation') throw refuseQuery('UNION, EXCEPT and INTERSECT are not supported yet');
  if (body.kind !== 'select') throw refuseQuery('only SELECT is supported yet');
  if (query.orderBy.length > 0) throw refuseQuery('ORDER BY is not supported yet');
  if (query.limit !== undefined) throw refuseQuery('LIMIT is not supported yet');
  if (query.lock !== undefined) throw refuseQuery('a view locks no rows');
  const refuseSelect = (reason: string): Error => refuse(text, body, reason);
  if (body.quantifier === 'DISTINCT') throw refuseSelect('DISTINCT is not supported yet');
  if (body.groupBy !== undefined) throw refuseSelect('GROUP BY is not supported yet');
  if (body.having !== undefined) throw refuseSelect('HAVING is not supported yet');
  if (body.windows.length > 0) throw refuseSelect('WINDOW is not supported yet');
  if (/\bset_var\b/i.test(body.hints ?? ''))
    throw refuseSelect('the hint SET_VAR would change what the select means');
  return body;
}

function onlyTable(select: Select, { text }: SelectContext): TableName {
  const { from } = select;
  if (from === undefined) throw refuse(text, select, 'a view needs a table to follow');
  if (from.kind === 'join') throw refuse(text, from, 'joins are not supported yet');
  if (from.kind === 'derived') throw refuse(text, from, 'subqueries in FROM are not supported yet');
  if (from.partitions.length > 0) throw refuse(text, from, 'PARTITION is not supported yet');
  if (from.sample !== undefined)
    throw refuse(text, from, 'TABLESAMPLE is not a function of the contents of the table');
  return from;
}

function tableVersion(table: TableName, { text, tableOf }: SelectContext): TableVersion {
  const refuseTable = (reason: string): Error => refuse(text, table, reason);
  if (table.database === undefined) throw refuseTable('common table expressions are not supported yet');
  if (SYSTEM_DATABASES.has(lowerName(table.database))) throw refuseTable('system tables are not supported');
  const version = tableOf(table.database, table.name);
  if (version === undefined) throw refuseTable('there is no such table');
  if (version.info.kind !== 'table') throw refuseTable(`it is a ${version.info.kind}`);
  if (version.info.temporary !== 'none') throw refuseTable('temporary tables are not supported');
  return version;
}

function scopeColumn(column: ColumnInfo, table: TableName): ScopeColumn {
  const isVirtual = column.generated?.isStored === false;
  return {
    database: table.alias === undefined ? table.database : undefined,
    table: table.alias ?? table.name,
    name: column.name.original,
    type: column.type,
    refusal: isVirtual ? 'virtual generated columns are not supported yet: rows do not hold them' : undefined,
  };
}

function bindItem(
  item: SelectItem,
  context: BindContext,
): { readonly name: string; readonly value: RowExpression } {
  const { text } = context;
  // TiDB expands wildcards and names every item.
  if (item.kind === 'wildcard') throw refuse(text, item, 'a wildcard in canonical text');
  const value = bindExpression(item.value, context);
  if (typeOf(value).tp === MysqlType.null)
    throw refuse(text, item, 'a column that is always NULL has no type');
  return { name: item.alias ?? text.slice(item.value.span.start, item.value.span.end), value };
}
