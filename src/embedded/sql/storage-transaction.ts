/**
 * A transaction of a session: reads at its start ts with its own writes on top, and commits all of them at once by our
 * ordinary TiKV client. Optimistic: nothing is locked before COMMIT, and whoever comes second gets error 9007.
 */
import { assert } from '../../base/assert.js';
import { type KeyString, compareBytes, copyBytes, keyBytes, keyString } from '../../base/bytes.js';
import { SqlError, TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { OrderedMap } from '../../base/ordered-map.js';
import type { TableVersion } from '../../catalog/table-version.js';
import type { KeyRange, TableId } from '../../codec/table-keys.js';
import type { Ts } from '../../codec/tso.js';
import type { TikvCluster } from '../../tikv/client.js';
import type { KeyValue, Snapshot } from '../../tikv/snapshot.js';
import type { Transaction } from '../../tikv/transaction.js';
import type { Mutation } from '../../tikv/two-phase-commit/mutation.js';

/** How long a commit waits for another that holds one of its keys. */
const PATIENCE_MS = 2_000;
/** Between two questions for an outcome that was lost. */
const SETTLE = { force: true, patienceMs: 5_000 };

/** ER_WRITE_CONFLICT of TiDB. */
export const WRITE_CONFLICT = 9007;
/** ErrInfoSchemaChanged of TiDB. */
export const SCHEMA_CHANGED = 8028;

/** Whether others were only faster: the same statement may do well another time. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof SqlError && (error.errno === WRITE_CONFLICT || error.errno === SCHEMA_CHANGED);
}

/** What keys had been written before; undefined: nothing. */
type WrittenOver = ReadonlyMap<KeyString, Uint8Array | null | undefined>;

/** A transaction under way. */
export class StorageTransaction {
  readonly startTs: Ts;
  readonly #cluster: TikvCluster;
  readonly #snapshot: Snapshot;
  /** Whether the snapshot has keys that were asked for. */
  readonly #seen = new Map<KeyString, boolean>();
  readonly #writes = new OrderedMap<KeyString, Uint8Array | null>();
  /** Of the writes. */
  #bytes = 0;
  #writtenOver = new Map<KeyString, Uint8Array | null | undefined>();
  readonly #touched = new Map<TableId, TableVersion>();

  constructor(cluster: TikvCluster, startTs: Ts) {
    this.#cluster = cluster;
    this.startTs = startTs;
    this.#snapshot = cluster.snapshots.at(startTs);
  }

  /** Whether there is anything to commit. */
  get hasWritten(): boolean {
    return this.#writes.size > 0;
  }

  /** From here on it is noted what is written over, so that {@link revertTo} can come back. */
  save(): WrittenOver {
    this.#writtenOver = new Map();
    return this.#writtenOver;
  }

  /** Takes back what was written since the last {@link save}: a statement that fails leaves nothing. */
  revertTo(saved: WrittenOver): void {
    assert(saved === this.#writtenOver, 'a transaction goes back to where it was saved last');
    for (const [key, before] of saved) {
      this.#bytes += sizeOf(key, before) - sizeOf(key, this.#writes.get(key));
      if (before === undefined) this.#writes.delete(key);
      else this.#writes.set(key, before);
    }
  }

  /** @throws BudgetError */
  async get(key: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const own = this.#writes.get(keyString(key));
    return own === undefined ? this.#snapshot.get(key, signal) : (own ?? undefined);
  }

  /** Learns which of some keys the snapshot has, so that {@link existing} need not ask. @throws BudgetError */
  async look(keys: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const unknown = keys.filter((key) => !this.#seen.has(keyString(key)));
    if (unknown.length === 0) return;
    const found = await this.#snapshot.batchGet(unknown, signal);
    for (const key of unknown) this.#seen.set(keyString(key), found.has(keyString(key)));
  }

  /** Those of some keys that have a value. @throws BudgetError */
  async existing(keys: readonly Uint8Array[], signal: AbortSignal): Promise<ReadonlySet<KeyString>> {
    await this.look(
      keys.filter((key) => !this.#writes.has(keyString(key))),
      signal,
    );
    const isThere = (key: KeyString): boolean => {
      const own = this.#writes.get(key);
      return own === undefined ? this.#seen.get(key) === true : own !== null;
    };
    return new Set(keys.map(keyString).filter(isThere));
  }

  /** The pairs of a range in key order, copied. @throws BudgetError */
  async scan({ start, end }: KeyRange, signal: AbortSignal): Promise<readonly KeyValue[]> {
    const pairs: KeyValue[] = [];
    for await (const page of this.#snapshot.scan(start, end, {}, signal)) {
      for (const { key, value } of page) {
        if (!this.#writes.has(keyString(key))) pairs.push({ key: copyBytes(key), value: copyBytes(value) });
      }
    }
    const [from, to] = [keyString(start), keyString(end)];
    let hasOwn = false;
    for (const [key, value] of this.#writes.entries()) {
      if (key < from || key >= to || value === null) continue;
      pairs.push({ key: keyBytes(key), value });
      hasOwn = true;
    }
    return hasOwn ? pairs.sort((a, b) => compareBytes(a.key, b.key)) : pairs;
  }

  /**
   * @param value - undefined: deletes the key.
   * @throws SqlError 8025 — the value is too large; 8004 — the transaction is.
   */
  write(key: Uint8Array, value: Uint8Array | undefined): void {
    const size = key.length + (value?.length ?? 0);
    if (size > limits.embeddedEntryBytes) throw entryTooLarge(size);
    const name = keyString(key);
    const before = this.#writes.get(name);
    const bytes = this.#bytes + size - sizeOf(name, before);
    if (bytes > limits.embeddedTransactionBytes) throw transactionTooLarge(bytes);
    this.#bytes = bytes;
    if (!this.#writtenOver.has(name)) this.#writtenOver.set(name, before);
    this.#writes.set(name, value === undefined ? null : copyBytes(value));
  }

  /** Says that rows of a table are written, which must not have changed when they are committed. */
  touch(table: TableVersion): void {
    this.#touched.set(table.id, table);
  }

  /** The tables written to. */
  get touched(): readonly TableVersion[] {
    return [...this.#touched.values()];
  }

  /**
   * Commits; of nothing written, nothing is sent.
   *
   * @throws SqlError 9007 — somebody else has written one of the keys; TiviewError — TiKV refused, or cannot be
   *   reached. The signal's reason: it may then still be committed.
   */
  async commit(signal: AbortSignal): Promise<void> {
    const mutations = this.#mutations();
    const [first] = mutations;
    if (first === undefined) return;
    // Whatever comes: what was aborted must not be kept alive.
    await using transaction = this.#cluster.transactions.begin({
      startTs: this.startTs,
      primary: first.key,
      mutations,
      txnSource: 0,
    });
    const outcome = await transaction.prewrite(PATIENCE_MS, signal);
    if (outcome.kind !== 'ok') {
      await transaction.rollback(signal);
      if (outcome.kind === 'rejected') throw outcome.error;
      throw writeConflict(outcome.kind);
    }
    if (!(await isCommitted(transaction, signal))) throw writeConflict('it was rolled back by somebody else');
    await transaction.commitSecondaries(signal);
  }

  #mutations(): readonly Mutation[] {
    return [...this.#writes.entries()].map(([key, value]): Mutation =>
      value === null ? { kind: 'delete', key: keyBytes(key) } : { kind: 'put', key: keyBytes(key), value },
    );
  }
}

/** @param value - null: a deletion; undefined: nothing was written. */
function sizeOf(key: KeyString, value: Uint8Array | null | undefined): number {
  return value === undefined ? 0 : key.length + (value?.length ?? 0);
}

function entryTooLarge(size: number): SqlError {
  const most = limits.embeddedEntryBytes;
  return new SqlError(
    8025,
    'HY000',
    `entry too large, the max entry size is ${most}, the size of data is ${size}`,
  );
}

function transactionTooLarge(size: number): SqlError {
  return new SqlError(8004, 'HY000', `Transaction is too large, size: ${size}`);
}

async function isCommitted(transaction: Transaction, signal: AbortSignal): Promise<boolean> {
  let outcome;
  try {
    outcome = await transaction.commitPrimary(signal);
  } catch (error) {
    if (!(error instanceof TiviewError) || !transaction.isUndetermined) throw error;
    outcome = { kind: 'undetermined' as const };
  }
  while (outcome.kind !== 'committed' && outcome.kind !== 'rolledBack')
    outcome = await transaction.settle(SETTLE, signal);
  return outcome.kind === 'committed';
}

function writeConflict(reason: string): SqlError {
  return new SqlError(WRITE_CONFLICT, 'HY000', `Write conflict, ${reason} [try again later]`);
}
