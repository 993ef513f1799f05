/**
 * Views belong to their maintainer: a client's statement that would write, lock or alter one gets error 1288
 * (ER_NON_UPDATABLE_TABLE).
 */
import { SqlError } from '../../base/errors.js';
import type { WriteAction, WrittenName, WrittenNames } from '../../sql/scan/written-name.js';
import type { NamedView } from '../../view/index.js';

/** Views by `schema.name` and by schema, in lower case. */
export interface ViewLookup {
  readonly byName: ReadonlyMap<string, NamedView>;
  readonly bySchema: ReadonlyMap<string, readonly NamedView[]>;
}

/** Actions on a whole database that reach the tables in it. */
const REACHES_TABLES: ReadonlySet<WriteAction> = new Set(['drop', 'flashback', 'restore', 'unknown']);

/**
 * The refusal of a statement, if it names a view.
 *
 * @param database - the session's; undefined: none, so that unqualified names mean nothing.
 */
export function refusalOf(
  written: WrittenNames,
  views: ViewLookup,
  database: string | undefined,
): SqlError | undefined {
  for (const name of written.names) {
    const view = viewOf(name, views, database);
    if (view !== undefined) return refusal(view, name.action);
  }
  return undefined;
}

function viewOf(name: WrittenName, views: ViewLookup, database: string | undefined): NamedView | undefined {
  const schema = (name.database ?? database)?.toLowerCase();
  if (schema === undefined) return undefined;
  if (name.table !== undefined) return views.byName.get(`${schema}.${name.table}`);
  return REACHES_TABLES.has(name.action) ? views.bySchema.get(schema)?.[0] : undefined;
}

function refusal({ schema, name }: NamedView, action: WriteAction): SqlError {
  const shown = `${schema}.${name}`;
  const advice = action === 'drop' ? `; use DROP MATERIALIZED VIEW ${shown}` : '; it is maintained by TiView';
  return new SqlError(
    1288,
    'HY000',
    `The target table ${name} of the ${action.toUpperCase()} is not updatable: ${shown} is a materialized view${advice}`,
  );
}
