/**
 * Schema changes: each is one transaction on the meta keys, with the schema's version counted up and a diff that makes
 * every tidb-server load the schema anew. There are no intermediate states: nobody but this server writes rows.
 *
 * Rows of dropped tables stay where they are, for whoever reads in the past.
 */
import { fromUtf8, utf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import type { TableVersion } from '../../catalog/table-version.js';
import { TableVersion as Version } from '../../catalog/table-version.js';
import { parseTableInfo } from '../../catalog/table-info.js';
import {
  GLOBAL_ID_KEY,
  SCHEMA_VERSION_KEY,
  databaseMetaKey,
  schemaDiffKey,
  tableMetaKey,
} from '../../codec/meta-keys.js';
import type { TikvCluster } from '../../tikv/client.js';
import { type Schema, type SchemaReader, qualified } from './schema.js';
import type { SchemaGate } from './schema-gate.js';
import { StorageTransaction, WRITE_CONFLICT } from './storage-transaction.js';
import { type StoredTable, storedName } from './stored-table.js';
import type { CharsetPair } from './column-types.js';

/** How often a change that others are in the way of is tried again. */
const ATTEMPTS_MAX = 50;
/** TiDB's number of CREATE TABLE among schema changes; with `regenerate_schema_map` it does not matter which. */
const ACTION_CREATE_TABLE = 3;

/** A schema change under way: what is there, and what is to be written. */
export class SchemaDraft {
  readonly schema: Schema;
  readonly transaction: StorageTransaction;
  readonly #signal: AbortSignal;
  /** Of the table that the change is about, for the diff. */
  #touched = { schema: 0, table: 0 };
  #isChanged = false;

  constructor(schema: Schema, transaction: StorageTransaction, signal: AbortSignal) {
    this.schema = schema;
    this.transaction = transaction;
    this.#signal = signal;
  }

  /** For `update_timestamp`. */
  get ts(): number {
    return Number(this.transaction.startTs);
  }

  /** An id that nothing has had. */
  async newId(): Promise<number> {
    const stored = await this.transaction.get(GLOBAL_ID_KEY, this.#signal);
    const id = Number(stored === undefined ? '0' : fromUtf8(stored)) + 1;
    this.transaction.write(GLOBAL_ID_KEY, utf8(String(id)));
    return id;
  }

  putDatabase(id: number, name: string, { charset, collate }: CharsetPair): void {
    const info = {
      id,
      db_name: storedName(name),
      charset,
      collate,
      state: 5,
      policy_ref_info: null,
    };
    this.#write(databaseMetaKey(id), info, { schema: id, table: 0 });
  }

  /** Puts a table in the place of whatever has its id. */
  putTable(databaseId: number, table: StoredTable): void {
    this.#write(tableMetaKey(databaseId, table.id), table, { schema: databaseId, table: table.id });
  }

  deleteTable(databaseId: number, tableId: number): void {
    this.#delete(tableMetaKey(databaseId, tableId), { schema: databaseId, table: tableId });
  }

  deleteDatabase(databaseId: number): void {
    this.#delete(databaseMetaKey(databaseId), { schema: databaseId, table: 0 });
  }

  /** Writes the version and the diff. @returns whether anything was changed. */
  async close(): Promise<boolean> {
    if (!this.#isChanged) return false;
    const stored = await this.transaction.get(SCHEMA_VERSION_KEY, this.#signal);
    const version = BigInt(stored === undefined ? '0' : fromUtf8(stored)) + 1n;
    const diff = {
      version: Number(version),
      type: ACTION_CREATE_TABLE,
      schema_id: this.#touched.schema,
      table_id: this.#touched.table,
      regenerate_schema_map: true,
    };
    this.transaction.write(SCHEMA_VERSION_KEY, utf8(version.toString()));
    this.transaction.write(schemaDiffKey(version), utf8(JSON.stringify(diff)));
    return true;
  }

  #write(key: Uint8Array, info: unknown, touched: { schema: number; table: number }): void {
    this.transaction.write(key, utf8(JSON.stringify(info)));
    this.#touched = touched;
    this.#isChanged = true;
  }

  #delete(key: Uint8Array, touched: { schema: number; table: number }): void {
    this.transaction.write(key, undefined);
    this.#touched = touched;
    this.#isChanged = true;
  }
}

/** Changes the schema, one change after the other. */
export class SchemaWriter {
  readonly #cluster: TikvCluster;
  readonly #reader: SchemaReader;
  readonly #gate: SchemaGate;

  constructor(cluster: TikvCluster, reader: SchemaReader, gate: SchemaGate) {
    this.#cluster = cluster;
    this.#gate = gate;
    this.#reader = reader;
  }

  /** @throws what `change` throws, and then nothing is changed; SqlError 9007 — others were always faster. */
  change(change: (draft: SchemaDraft) => Promise<void>, signal: AbortSignal): Promise<void> {
    return this.#gate.change(() => this.#attempt(change, signal));
  }

  async #attempt(change: (draft: SchemaDraft) => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const transaction = new StorageTransaction(this.#cluster, await this.#cluster.tso.next(signal));
      const draft = new SchemaDraft(await this.#reader.at(transaction.startTs, signal), transaction, signal);
      await change(draft);
      if (!(await draft.close())) return;
      try {
        await transaction.commit(signal);
        return;
      } catch (error) {
        const isConflict = error instanceof SqlError && error.errno === WRITE_CONFLICT;
        if (!isConflict || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }
}

/** A table at a version that is not stored yet. */
export function versionOf(table: StoredTable, databaseId: number): TableVersion {
  return new Version(parseTableInfo(utf8(JSON.stringify(table))), databaseId, true);
}

/** The tables of a schema, to be moved about. */
export class TablePlaces {
  readonly #schema: Schema;
  readonly #places = new Map<
    string,
    { readonly databaseId: number; readonly stored: StoredTable } | undefined
  >();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Moves a table, as RENAME TABLE does, one pair after the other. @throws SqlError 1146, 1050, 1049, 1046 */
  move(
    from: { readonly database: string | undefined; readonly name: string },
    to: { readonly database: string | undefined; readonly name: string },
    current: string | undefined,
    draft: SchemaDraft,
  ): void {
    const [source, target] = [qualified(from, current), qualified(to, current)];
    const found = this.#find(source);
    const { info } = this.#schema.database(target.database);
    if (found === undefined)
      throw new SqlError(1146, '42S02', `Table '${source.database}.${source.name}' doesn't exist`);
    if (this.#find(target) !== undefined && placeOf(source) !== placeOf(target))
      throw new SqlError(1050, '42S01', `Table '${target.name}' already exists`);
    const stored = { ...found.stored, name: storedName(target.name), ...homeOf(found, info.id) };
    if (found.databaseId !== info.id) draft.deleteTable(found.databaseId, stored.id);
    draft.putTable(info.id, stored);
    this.#places.set(placeOf(source), undefined);
    this.#places.set(placeOf(target), { databaseId: info.id, stored });
  }

  #find(name: { readonly database: string; readonly name: string }) {
    const place = placeOf(name);
    if (this.#places.has(place)) return this.#places.get(place);
    const found = this.#schema.find(name.database, name.name);
    return found === undefined ? undefined : { databaseId: found.database.id, stored: found.stored };
  }
}

/** A table that moves to another database goes on counting its row ids where it did. */
function homeOf(
  { databaseId, stored }: { readonly databaseId: number; readonly stored: StoredTable },
  target: number,
): Pick<StoredTable, 'old_schema_id'> {
  const home = stored.old_schema_id ?? databaseId;
  return home === target ? {} : { old_schema_id: home };
}

function placeOf({ database, name }: { readonly database: string; readonly name: string }): string {
  return JSON.stringify([lowerName(database), lowerName(name)]);
}
