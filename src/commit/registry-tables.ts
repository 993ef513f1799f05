/** The registry's tables as they are at a moment. */
import { TiviewError } from '../base/errors.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Ts } from '../codec/tso.js';
import { type RegistryTableName, registrySchema } from './registry-schema.js';
import { SystemTable } from './system-table.js';

/** name → table. */
export type RegistryTables = Readonly<Record<RegistryTableName, SystemTable>>;

/**
 * Finds the registry's tables.
 *
 * @throws TiviewError kind `registryMissing` — when one is not there.
 */
export async function findRegistryTables(
  catalog: Catalog,
  schema: string,
  at: Ts,
  signal: AbortSignal,
): Promise<RegistryTables> {
  const database = await catalog.findDatabase(schema, at, signal);
  const found = new Map<string, SystemTable>();
  if (database !== undefined) {
    for await (const version of catalog.tables(database.id, at, signal)) {
      const name = version.info.name.lower;
      if (name in registrySchema) found.set(name, new SystemTable(version));
    }
  }
  const tables: Record<string, SystemTable> = {};
  for (const name of Object.keys(registrySchema)) {
    const table = found.get(name);
    if (table === undefined) {
      throw new TiviewError(`table ${schema}.${name} is missing: restart TiView to have it made again`, {
        kind: 'registryMissing',
        side: 'tidb',
        isRetryable: true,
      });
    }
    tables[name] = table;
  }
  return tables as RegistryTables;
}
