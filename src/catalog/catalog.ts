/**
 * TiDB's schema as of any timestamp, read from the meta keys of TiKV. Every version of a TableInfo is there as long as
 * garbage collection has not passed it, so no schema change needs to be replayed.
 *
 * Parsed tables are kept in a small cache by the very bytes they were parsed from: another timestamp with the same
 * bytes is the same version, and no invalidation is needed.
 */
import { keyString } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import {
  databaseContentRange,
  databaseMetaKey,
  databasesRange,
  decodeMetaKey,
  tableMetaKey,
} from '../codec/meta-keys.js';
import type { TableId } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import { lowerName } from './lower-name.js';
import type { MetaReader } from './meta-reader.js';
import { type DatabaseInfo, parseDatabaseInfo, parseTableInfo } from './table-info.js';
import { TableVersion } from './table-version.js';

/** TiDB's databases and tables at any timestamp. */
export class Catalog {
  readonly #reader: MetaReader;
  readonly #isNewCollation: boolean;
  readonly #versions = new BoundedMap<string, TableVersion>(limits.tableVersionsCached);
  /** In which database a table was seen last: a hint, verified by every read. */
  readonly #databaseOf = new BoundedMap<TableId, number>(limits.tableVersionsCached);

  /**
   * @param isNewCollation - the cluster's `new_collation_enabled` (a row of mysql.tidb, fixed when it was made).
   */
  constructor(reader: MetaReader, isNewCollation: boolean) {
    this.#reader = reader;
    this.#isNewCollation = isNewCollation;
  }

  /**
   * A table by id.
   *
   * @returns undefined — when there was none at `ts`.
   * @throws SchemaError — when its TableInfo cannot be understood.
   */
  async tableAt(tableId: TableId, ts: Ts, signal: AbortSignal): Promise<TableVersion | undefined> {
    const hint = this.#databaseOf.get(tableId);
    const hinted = hint === undefined ? undefined : await this.#tableIn(hint, tableId, ts, signal);
    if (hinted !== undefined) return hinted;
    for await (const database of this.databases(ts, signal)) {
      const table = await this.#tableIn(database.id, tableId, ts, signal);
      if (table !== undefined) return table;
    }
    return undefined;
  }

  /**
   * A table by name; names are compared without regard to case.
   *
   * @returns undefined — when there was none at `ts`.
   * @throws SchemaError — when its TableInfo cannot be understood.
   */
  async findTable(
    database: string,
    name: string,
    ts: Ts,
    signal: AbortSignal,
  ): Promise<TableVersion | undefined> {
    const found = await this.findDatabase(database, ts, signal);
    if (found === undefined) return undefined;
    const { start, end } = databaseContentRange(found.id);
    const wanted = lowerName(name);
    for await (const { key, value } of this.#reader.scan(start, end, ts, signal)) {
      const metaKey = decodeMetaKey(key);
      if (metaKey.kind !== 'table' || !mayBeNamed(value, wanted)) continue;
      const table = this.#version(metaKey.databaseId, metaKey.tableId, value);
      if (table.info.name.lower === wanted) return table;
    }
    return undefined;
  }

  /** All tables, views and sequences of a database, by id. @throws SchemaError — as {@link Catalog.tableAt}. */
  async *tables(databaseId: number, ts: Ts, signal: AbortSignal): AsyncIterable<TableVersion> {
    const { start, end } = databaseContentRange(databaseId);
    for await (const { key, value } of this.#reader.scan(start, end, ts, signal)) {
      const metaKey = decodeMetaKey(key);
      if (metaKey.kind === 'table') yield this.#version(databaseId, metaKey.tableId, value);
    }
  }

  /** A database by id, or undefined. @throws SchemaError — when its DBInfo cannot be understood. */
  async databaseAt(databaseId: number, ts: Ts, signal: AbortSignal): Promise<DatabaseInfo | undefined> {
    const value = await this.#reader.get(databaseMetaKey(databaseId), ts, signal);
    return value === undefined ? undefined : parseDatabaseInfo(value);
  }

  /** A database by name, or undefined. @throws SchemaError — when a DBInfo cannot be understood. */
  async findDatabase(name: string, ts: Ts, signal: AbortSignal): Promise<DatabaseInfo | undefined> {
    const wanted = lowerName(name);
    for await (const database of this.databases(ts, signal))
      if (database.name.lower === wanted) return database;
    return undefined;
  }

  /** All databases, in no useful order. @throws SchemaError — when a DBInfo cannot be understood. */
  async *databases(ts: Ts, signal: AbortSignal): AsyncIterable<DatabaseInfo> {
    const { start, end } = databasesRange();
    for await (const { key, value } of this.#reader.scan(start, end, ts, signal)) {
      if (decodeMetaKey(key).kind === 'database') yield parseDatabaseInfo(value);
    }
  }

  async #tableIn(
    databaseId: number,
    tableId: TableId,
    ts: Ts,
    signal: AbortSignal,
  ): Promise<TableVersion | undefined> {
    const value = await this.#reader.get(tableMetaKey(databaseId, tableId), ts, signal);
    return value === undefined ? undefined : this.#version(databaseId, tableId, value);
  }

  #version(databaseId: number, tableId: TableId, value: Uint8Array): TableVersion {
    this.#databaseOf.set(tableId, databaseId);
    const cacheKey = `${databaseId}/${keyString(value)}`;
    const cached = this.#versions.get(cacheKey);
    if (cached !== undefined) return cached;
    const version = new TableVersion(parseTableInfo(value), databaseId, this.#isNewCollation);
    this.#versions.set(cacheKey, version);
    return version;
  }
}

const NAME_AT_THE_BEGINNING = /^\{"id":\d+,"name":\{"O":"[^"\\]*","L":"([^"\\]*)"\}/;
/** Longest name in any case, id and punctuation. */
const BEGINNING_BYTES = 600;

/**
 * Whether a stored TableInfo may be that of a table named so, told from its first bytes: parsing all tables of a
 * database to find one would cost some 50 µs each. In doubt, yes.
 */
function mayBeNamed(value: Uint8Array, lower: string): boolean {
  const beginning = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, BEGINNING_BYTES));
  const match = NAME_AT_THE_BEGINNING.exec(beginning.toString('utf8'));
  return match === null || match[1] === lower;
}

/** Keeps the entries used last. */
class BoundedMap<K, V> {
  readonly #limit: number;
  readonly #entries = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
