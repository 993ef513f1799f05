/**
 * A view's table as its writer sees it: the TableInfo at a start ts, the writer compiled for it, and the lock on the
 * meta key that makes a concurrent schema change and our transaction exclude each other (TRUTH §5).
 *
 * The table belongs to us, but a user's DDL past the proxy can still reach it. What is harmless (an index, a comment,
 * a new name) the writer follows: indexes in whatever state are kept. What is not makes the view invalid.
 */
import { compareBytes, copyBytes, equalBytes } from '../base/bytes.js';
import type { Catalog } from '../catalog/catalog.js';
import { schemaDrift } from '../catalog/schema-drift.js';
import type { TableVersion } from '../catalog/table-version.js';
import { tableMetaKey } from '../codec/meta-keys.js';
import { type TableId, tableRange } from '../codec/table-keys.js';
import type { Snapshot } from '../tikv/snapshot.js';
import { ViewWriter } from './view-writer.js';

/** A table as it is at a start ts. */
export type BackingState =
  | { readonly kind: 'ready'; readonly metaKey: Uint8Array; readonly writer: ViewWriter }
  /** Dropped, truncated, or changed so that the view cannot be written to it any more. */
  | { readonly kind: 'broken'; readonly reason: string };

interface Known {
  readonly metaKey: Uint8Array;
  readonly bytes: Uint8Array;
  readonly state: BackingState;
}

/** One view's table. */
export class BackingTable {
  readonly #catalog: Catalog;
  readonly #built: TableVersion;
  readonly #columnIds: readonly number[];
  #known: Known | undefined;

  /**
   * @param built - the table as it was made.
   * @param columnIds - of it, in the order of the view's columns.
   */
  constructor(catalog: Catalog, built: TableVersion, columnIds: readonly number[]) {
    this.#catalog = catalog;
    this.#built = built;
    this.#columnIds = columnIds;
  }

  get id(): TableId {
    return this.#built.id;
  }

  /** Where its TableInfo was last; undefined: it has not been looked for yet. */
  get metaKey(): Uint8Array | undefined {
    return this.#known?.metaKey;
  }

  /** Whether rows have hidden ids. */
  get hasRowIds(): boolean {
    return this.#built.handle.kind === 'rowid';
  }

  /** Whether a key is of a row or an index entry of this table. */
  holds(key: Uint8Array): boolean {
    const { start, end } = tableRange(this.#built.id);
    return compareBytes(start, key) <= 0 && compareBytes(key, end) < 0;
  }

  /** The table as it was made. */
  get version(): TableVersion {
    return this.#built;
  }

  /** Of the table, in the order of the view's columns. */
  get columnIds(): readonly number[] {
    return this.#columnIds;
  }

  /**
   * The table at a snapshot.
   *
   * @throws TableChangingError — TiDB is changing it in a way that only it can follow: try again later.
   * @throws SqlError 1235, SchemaError — it has something that cannot be kept up, or understood.
   */
  async at(snapshot: Snapshot, signal: AbortSignal): Promise<BackingState> {
    const known = this.#known;
    if (known === undefined) return this.#learn(snapshot, signal);
    const bytes = await snapshot.get(known.metaKey, signal);
    const isKnown = bytes !== undefined && equalBytes(known.bytes, bytes);
    return isKnown ? known.state : this.#learn(snapshot, signal);
  }

  /** Looks for it wherever it is now: publishing a view moves its table into another schema. */
  async #learn(snapshot: Snapshot, signal: AbortSignal): Promise<BackingState> {
    this.#known = undefined;
    const version = await this.#catalog.tableAt(this.#built.id, snapshot.ts, signal);
    if (version === undefined) return { kind: 'broken', reason: 'its table was dropped or truncated' };
    const metaKey = tableMetaKey(version.databaseId, version.id);
    const bytes = await snapshot.get(metaKey, signal);
    const state = this.#state(version, metaKey);
    if (bytes !== undefined) this.#known = { metaKey, bytes: copyBytes(bytes), state };
    return state;
  }

  #state(version: TableVersion, metaKey: Uint8Array): BackingState {
    const drift = schemaDrift(this.#built, this.#columnIds, version);
    if (drift.kind === 'breaks') return { kind: 'broken', reason: `of its own table, ${drift.reason}` };
    return { kind: 'ready', metaKey, writer: new ViewWriter(version, this.#columnIds) };
  }
}

/** Where the tables' TableInfos were last, as far as that is known. */
export function knownKeys(tables: Iterable<BackingTable>): readonly Uint8Array[] {
  return [...tables].flatMap(({ metaKey }) => (metaKey === undefined ? [] : [metaKey]));
}
