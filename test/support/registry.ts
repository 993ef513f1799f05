/** The registry's tables as TiDB would describe them, from the very DDL that makes them. */
import { utf8 } from '../../src/base/bytes.js';
import type { TableVersion } from '../../src/catalog/table-version.js';
import { databaseMetaKey, tableMetaKey } from '../../src/codec/meta-keys.js';
import { type RegistryTableName, registrySchema } from '../../src/commit/registry-schema.js';
import type { RegistryTables } from '../../src/commit/registry-tables.js';
import { SystemTable } from '../../src/commit/system-table.js';
import {
  ciName,
  columnJson,
  indexJson,
  tableJson,
  tableVersion,
} from '../unit/catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../unit/codec/support/field-types.js';

type Json = Readonly<Record<string, unknown>>;

/** Database of the registry. */
export const REGISTRY_DATABASE = 2;
const FIRST_ID = 10;

/** TableInfo of a table of the registry. */
export function registryTableJson(name: RegistryTableName): Json {
  const ddl = registrySchema[name];
  const [, keyText = ''] = /PRIMARY KEY \(([^)]*)\)/.exec(ddl) ?? [];
  const keys = keyText.split(', ');
  const columns = ddl
    .replace(/, PRIMARY KEY.*$/, '')
    .split(', ')
    .map((text) => /^(\w+) (.*)$/.exec(text)?.slice(1) ?? []);
  const types = columns.map(([, type = '']) => fieldType(type.replace(' AUTO_INCREMENT', '')));
  const isInteger =
    keys.length === 1 && /BIGINT/.test(columns.find(([column]) => column === keys[0])?.[1] ?? '');
  const places = keys.map((key) => columns.findIndex(([column]) => column === key));
  const primary = indexJson(1, 'PRIMARY', places, { is_primary: true, is_unique: true });
  return tableJson(
    columns.map(([column = ''], place) => {
      const type = types[place]!;
      return columnJson(place, column, places.includes(place) ? asPrimaryKey(type) : type);
    }),
    {
      id: FIRST_ID + Object.keys(registrySchema).indexOf(name),
      name: ciName(name),
      ...(isInteger
        ? { pk_is_handle: true }
        : { is_common_handle: true, common_handle_version: 1, index_info: [primary] }),
    },
  );
}

/** One table of the registry. */
export function registryTable(name: RegistryTableName): TableVersion {
  return tableVersion(registryTableJson(name));
}

/** All of them. */
export function registryTables(): RegistryTables {
  const names = Object.keys(registrySchema) as RegistryTableName[];
  return Object.fromEntries(
    names.map((name) => [name, new SystemTable(registryTable(name))]),
  ) as RegistryTables;
}

/** The meta keys and values of a database `tiview` with these tables, and of any others. */
export function registryMeta(): { readonly key: Uint8Array; readonly value: Uint8Array }[] {
  const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
  const database = { id: REGISTRY_DATABASE, db_name: ciName('tiview'), state: 5 };
  const names = Object.keys(registrySchema) as RegistryTableName[];
  return [
    { key: databaseMetaKey(REGISTRY_DATABASE), value: json(database) },
    ...names.map((name, place) => ({
      key: tableMetaKey(REGISTRY_DATABASE, FIRST_ID + place),
      value: json(registryTableJson(name)),
    })),
  ];
}
