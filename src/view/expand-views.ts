/**
 * Views on views are composed: where a definition names a view its own definition is put, as a derived table. So every
 * view is a function of base tables, all views of an epoch show the same instant, and no view waits for another. What
 * later becomes of the view that was named does not matter to the one that was made of it.
 */
import type { Query } from '../sql/ast/select.js';
import { parseSelect } from '../sql/parse/select-parser.js';
import type { PinnedSession } from './pinned-session.js';
import { printName } from '../sql/parse/print-text.js';
import type { ViewRecord } from './view-record.js';

/** Finds a view by its name. */
export type ViewLookup = (database: string, name: string) => ViewRecord | undefined;

/**
 * A canonical query in which no view is named any more; undefined: none was. `TABLE v`, which has no place for a derived
 * table, stays as it is.
 */
export function expandViews(query: Query, viewOf: ViewLookup): Query | undefined {
  const used = new Set<string>();
  const expanded = expand(query, viewOf, used);
  return used.size === 0 ? undefined : (unqualified(expanded, used) as Query);
}

/** Settings on which the meaning of a definition depends. */
export function sameSettings(a: PinnedSession, b: PinnedSession): boolean {
  return (
    a.sqlMode === b.sqlMode &&
    a.timeZone === b.timeZone &&
    a.collation === b.collation &&
    a.divPrecisionIncrement === b.divPrecisionIncrement
  );
}

/** Puts derived tables in the place of views; `used` gets their names. */
function expand(node: unknown, viewOf: ViewLookup, used: Set<string>): unknown {
  if (isTableName(node)) {
    const view = node.database === undefined ? undefined : viewOf(node.database, node.name);
    if (view === undefined) return node;
    used.add(nameOf(node.database, node.name));
    const { span, alias, name } = node;
    return { kind: 'derived', span, query: parseSelect(selectOf(view)), alias: alias ?? name };
  }
  if (isTree(node) && node['kind'] === 'table') return node;
  return mapChildren(node, (child) => expand(child, viewOf, used));
}

/** A derived table has no database: columns are named without. */
function unqualified(node: unknown, used: ReadonlySet<string>): unknown {
  const isColumn = isTree(node) && node['kind'] === 'column';
  if (!isColumn) return mapChildren(node, (child) => unqualified(child, used));
  return used.has(nameOf(node['database'], node['table'])) ? { ...node, database: undefined } : node;
}

/** The view's definition, with the view's names for its columns. */
function selectOf({ definition, output }: ViewRecord): string {
  if (output.every(({ name, alias }) => name === alias)) return definition;
  const items = output.map(({ name, alias }) => `${printName(alias)} AS ${printName(name)}`);
  return `SELECT ${items.join(',')} FROM (${definition}) AS ${printName('definition')}`;
}

function nameOf(database: unknown, table: unknown): string {
  return `${String(database)}.${String(table)}`.toLowerCase();
}

/** A stored table or view in FROM. */
interface TableName {
  readonly kind: 'tableName';
  readonly span: unknown;
  readonly database: string | undefined;
  readonly name: string;
  readonly alias: string | undefined;
}

function isTableName(node: unknown): node is TableName {
  return isTree(node) && node['kind'] === 'tableName';
}

function isTree(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

/** The node itself if no child changes. */
function mapChildren(node: unknown, map: (child: unknown) => unknown): unknown {
  if (Array.isArray(node)) {
    const mapped: unknown[] = node.map(map);
    return mapped.every((child, place) => child === node[place]) ? node : mapped;
  }
  if (!isTree(node)) return node;
  const entries = Object.entries(node).map(([name, child]) => [name, map(child)] as const);
  return entries.every(([name, child]) => child === node[name]) ? node : Object.fromEntries(entries);
}
