/**
 * What a client may not do because of views. They belong to their maintainer: a statement that would write, lock or
 * alter one gets error 1288 (ER_NON_UPDATABLE_TABLE); one that reads a view whose table may be wrong gets 1356
 * (ER_VIEW_INVALID); one that would take a column away from under a view gets 1105.
 */
import { SqlError } from '../../base/errors.js';
import type { ColumnChange } from '../../sql/scan/column-changes.js';
import type { TableReference } from '../../sql/scan/table-references.js';
import type { WriteAction, WrittenName, WrittenNames } from '../../sql/scan/written-name.js';
import type { NamedView } from '../../view/index.js';

/** Views by `schema.name` and by schema, in lower case. */
export interface ViewLookup {
  readonly byName: ReadonlyMap<string, NamedView>;
  readonly bySchema: ReadonlyMap<string, readonly NamedView[]>;
  /** Views that read a table, by `schema.name`. */
  readonly byBase: ReadonlyMap<string, readonly BaseReader[]>;
  /** In lower case. */
  readonly systemSchema: string;
}

/** A view that reads a table, and the columns that it reads of it. */
export interface BaseReader {
  readonly view: NamedView;
  readonly columns: readonly string[];
}

/** Actions on a whole database that reach the tables in it. */
const REACHES_TABLES: ReadonlySet<WriteAction> = new Set(['drop', 'flashback', 'restore', 'unknown']);

/**
 * The refusal of a statement, if it would write to a view.
 *
 * @param database - the session's; undefined: none, so that unqualified names mean nothing.
 */
export function refusalOf(
  written: WrittenNames,
  views: ViewLookup,
  database: string | undefined,
): SqlError | undefined {
  for (const name of written.names) {
    if ((name.database ?? database)?.toLowerCase() === views.systemSchema) return systemRefusal(name);
    const view = viewOf(name, views, database);
    if (view !== undefined) return refusal(view, name.action);
  }
  return undefined;
}

/** The refusal of a statement, if it reads a view that is INVALID. */
export function refusalOfRead(
  read: readonly TableReference[],
  views: ViewLookup,
  database: string | undefined,
): SqlError | undefined {
  for (const name of read) {
    const view = views.byName.get(`${(name.database ?? database ?? '').toLowerCase()}.${name.table}`);
    if (view?.state !== 'INVALID') continue;
    return new SqlError(
      1356,
      'HY000',
      `Materialized view '${shownName(view)}' is INVALID: ${view.lastError ?? 'its table may be wrong'}; ` +
        'CREATE OR REPLACE MATERIALIZED VIEW builds it again',
    );
  }
  return undefined;
}

/** The refusal of an ALTER TABLE, if it would take or change a column that views read. */
export function refusalOfChange(
  changes: readonly ColumnChange[],
  views: ViewLookup,
  database: string | undefined,
): SqlError | undefined {
  for (const change of changes) {
    const schema = (change.database ?? database ?? '').toLowerCase();
    const readers = (views.byBase.get(`${schema}.${change.table}`) ?? []).filter(({ columns }) =>
      columns.includes(change.column),
    );
    if (readers.length === 0) continue;
    const names = readers.map(({ view }) => shownName(view)).join(', ');
    return new SqlError(
      1105,
      'HY000',
      `Column '${change.column}' of ${schema}.${change.table} is read by materialized view(s) ${names}: ` +
        `to ${change.action} it, drop them first`,
    );
  }
  return undefined;
}

function viewOf(name: WrittenName, views: ViewLookup, database: string | undefined): NamedView | undefined {
  const schema = (name.database ?? database)?.toLowerCase();
  if (schema === undefined) return undefined;
  if (name.table !== undefined) return views.byName.get(`${schema}.${name.table}`);
  return REACHES_TABLES.has(name.action) ? views.bySchema.get(schema)?.[0] : undefined;
}

function systemRefusal({ database, table, action }: WrittenName): SqlError {
  const shown = table ?? database ?? '';
  return new SqlError(
    1288,
    'HY000',
    `The target table ${shown} of the ${action.toUpperCase()} is not updatable: it belongs to TiView's registry`,
  );
}

function refusal(view: NamedView, action: WriteAction): SqlError {
  const shown = shownName(view);
  const advice = action === 'drop' ? `; use DROP MATERIALIZED VIEW ${shown}` : '; it is maintained by TiView';
  return new SqlError(
    1288,
    'HY000',
    `The target table ${view.name} of the ${action.toUpperCase()} is not updatable: ${shown} is a materialized view${advice}`,
  );
}

function shownName({ schema, name }: NamedView): string {
  return `${schema}.${name}`;
}
