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
import type { Ts } from '../codec/tso.js';
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
   */
  async at(snapshot: Snapshot, signal: AbortSignal): Promise<BackingState> {
    const known = this.#known;
    const key = known?.metaKey ?? tableMetaKey(this.#built.databaseId, this.#built.id);
    const bytes = await snapshot.get(key, signal);
    if (bytes === undefined) return this.#lookUp(snapshot.ts, signal);
    if (known !== undefined && equalBytes(known.bytes, bytes)) return known.state;
    return this.#learn(snapshot.ts, key, copyBytes(bytes), signal);
  }

  /** It is not where it was: renamed into another schema, or gone. */
  async #lookUp(ts: Ts, signal: AbortSignal): Promise<BackingState> {
    const version = await this.#catalog.tableAt(this.#built.id, ts, signal);
    if (version === undefined) return { kind: 'broken', reason: 'its table was dropped or truncated' };
    this.#known = undefined;
    return this.#state(version);
  }

  async #learn(ts: Ts, metaKey: Uint8Array, bytes: Uint8Array, signal: AbortSignal): Promise<BackingState> {
    const version = await this.#catalog.tableAt(this.#built.id, ts, signal);
    if (version === undefined) return { kind: 'broken', reason: 'its table was dropped or truncated' };
    const state = this.#state(version);
    this.#known = { metaKey, bytes, state };
    return state;
  }

  #state(version: TableVersion): BackingState {
    const drift = schemaDrift(this.#built, this.#columnIds, version);
    if (drift.kind === 'breaks') return { kind: 'broken', reason: `of its own table, ${drift.reason}` };
    const metaKey = tableMetaKey(version.databaseId, version.id);
    return { kind: 'ready', metaKey, writer: new ViewWriter(version, this.#columnIds) };
  }
}
