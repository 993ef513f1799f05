/**
 * The schema at a timestamp, all of it: databases, tables and views by name, as TiDB's meta keys have them. Read again
 * only when the schema's version has changed.
 */
import { fromUtf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import { type DatabaseInfo, parseDatabaseInfo, parseTableInfo } from '../../catalog/table-info.js';
import { TableVersion } from '../../catalog/table-version.js';
import {
  SCHEMA_VERSION_KEY,
  databaseContentRange,
  databasesRange,
  decodeMetaKey,
} from '../../codec/meta-keys.js';
import type { Ts } from '../../codec/tso.js';
import type { TableReference } from '../../sql/ast/statement.js';
import type { TikvCluster } from '../../tikv/client.js';
import type { StoredTable } from './stored-table.js';

/** A table or view. */
export interface SchemaTable {
  readonly database: DatabaseInfo;
  readonly version: TableVersion;
  /** Its TableInfo as stored: what the catalog leaves out is needed here. */
  readonly stored: StoredTable;
}

/** A database and what is in it, by name in lower case. */
export interface SchemaDatabase {
  readonly info: DatabaseInfo;
  readonly tables: ReadonlyMap<string, SchemaTable>;
}

/** The schema at one version. Immutable. */
export class Schema {
  readonly version: bigint;
  /** By name in lower case. */
  readonly databases: ReadonlyMap<string, SchemaDatabase>;

  constructor(version: bigint, databases: ReadonlyMap<string, SchemaDatabase>) {
    this.version = version;
    this.databases = databases;
  }

  /** Whether it has a table just as it is there. */
  has({ info, databaseId }: TableVersion): boolean {
    return [...this.databases.values()].some(({ info: database, tables }) => {
      const found = database.id === databaseId ? tables.get(info.name.lower) : undefined;
      return found !== undefined && JSON.stringify(found.version.info) === JSON.stringify(info);
    });
  }

  /** @throws SqlError 1049 */
  database(name: string): SchemaDatabase {
    const found = this.databases.get(lowerName(name));
    if (found === undefined) throw new SqlError(1049, '42000', `Unknown database '${name}'`);
    return found;
  }

  /** undefined: there is none. */
  find(database: string, name: string): SchemaTable | undefined {
    return this.databases.get(lowerName(database))?.tables.get(lowerName(name));
  }

  /**
   * A table that has rows. @throws SqlError 1146; 1347 — a view.
   *
   * @param current - the session's database.
   */
  baseTable(name: TableReference, current: string | undefined): SchemaTable {
    const found = this.table(name, current);
    if (found.version.info.kind === 'table') return found;
    throw new SqlError(1347, 'HY000', `'${shownName(qualified(name, current))}' is not BASE TABLE`);
  }

  /** A table or view. @throws SqlError 1146; 1046. */
  table(name: TableReference, current: string | undefined): SchemaTable {
    const whole = qualified(name, current);
    const found = this.find(whole.database, whole.name);
    if (found === undefined) throw noSuchTable(whole);
    return found;
  }
}

/** A name with its database. @throws SqlError 1046 — none is chosen. */
export function qualified(
  { database, name }: TableReference,
  current: string | undefined,
): { readonly database: string; readonly name: string } {
  const chosen = database ?? current;
  if (chosen === undefined) throw new SqlError(1046, '3D000', 'No database selected');
  return { database: chosen, name };
}

/** ER_NO_SUCH_TABLE. */
export function noSuchTable(name: TableReference): SqlError {
  return new SqlError(1146, '42S02', `Table '${shownName(name)}' doesn't exist`);
}

/** `db.table` */
export function shownName({ database, name }: TableReference): string {
  return database === undefined ? name : `${database}.${name}`;
}

/** Reads the schema. */
export class SchemaReader {
  readonly #cluster: TikvCluster;
  /** The version read last. */
  #known: Schema | undefined;

  constructor(cluster: TikvCluster) {
    this.#cluster = cluster;
  }

  /** The schema as of a timestamp. @throws SchemaError; BudgetError */
  async at(ts: Ts, signal: AbortSignal): Promise<Schema> {
    const stored = await this.#cluster.snapshots.get(SCHEMA_VERSION_KEY, ts, signal);
    const version = stored === undefined ? 0n : BigInt(fromUtf8(stored));
    if (this.#known?.version === version) return this.#known;
    const schema = new Schema(version, await this.#databases(ts, signal));
    // A read in the past must not displace what everybody else reads.
    if (this.#known === undefined || version > this.#known.version) this.#known = schema;
    return schema;
  }

  async #databases(ts: Ts, signal: AbortSignal): Promise<ReadonlyMap<string, SchemaDatabase>> {
    const databases = new Map<string, SchemaDatabase>();
    const { start, end } = databasesRange();
    for await (const { key, value } of this.#cluster.snapshots.scan(start, end, ts, signal)) {
      if (decodeMetaKey(key).kind !== 'database') continue;
      const info = parseDatabaseInfo(value);
      if (info.state === 'public')
        databases.set(info.name.lower, { info, tables: await this.#tables(info, ts, signal) });
    }
    return databases;
  }

  async #tables(
    database: DatabaseInfo,
    ts: Ts,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, SchemaTable>> {
    const tables = new Map<string, SchemaTable>();
    const { start, end } = databaseContentRange(database.id);
    for await (const { key, value } of this.#cluster.snapshots.scan(start, end, ts, signal)) {
      if (decodeMetaKey(key).kind !== 'table') continue;
      const info = parseTableInfo(value);
      if (info.state !== 'public') continue;
      const version = new TableVersion(info, database.id, true);
      const stored = JSON.parse(fromUtf8(value)) as StoredTable;
      tables.set(info.name.lower, { database, version, stored });
    }
    return tables;
  }
}
