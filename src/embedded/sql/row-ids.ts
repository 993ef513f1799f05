/** AUTO_INCREMENT values and hidden row ids: the counter under a table's meta key, which TiDB's servers count up, too. */
import { fromUtf8, utf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { rowIdMetaKey } from '../../codec/meta-keys.js';
import type { TikvCluster } from '../../tikv/client.js';
import type { SchemaTable } from './schema.js';
import { StorageTransaction, WRITE_CONFLICT } from './storage-transaction.js';

/** How often a counter that somebody else counts up is tried again. */
const ATTEMPTS_MAX = 50;

/** Gives ids out, in transactions of their own: an id is never given twice, whatever becomes of its row. */
export class RowIds {
  readonly #cluster: TikvCluster;

  constructor(cluster: TikvCluster) {
    this.#cluster = cluster;
  }

  /** The first of `count` ids in a row. @throws SqlError 9007 — others were always faster. */
  async take(table: SchemaTable, count: number, signal: AbortSignal): Promise<bigint> {
    if (count === 0) return 0n;
    return this.#change(table, (last) => ({ result: last + 1n, last: last + BigInt(count) }), signal);
  }

  /** Makes sure that no id up to `id` is given out any more. @throws SqlError 9007 */
  async raise(table: SchemaTable, id: bigint, signal: AbortSignal): Promise<void> {
    await this.#change(table, (last) => ({ result: last, last: last > id ? last : id }), signal);
  }

  async #change(
    table: SchemaTable,
    change: (last: bigint) => { readonly result: bigint; readonly last: bigint },
    signal: AbortSignal,
  ): Promise<bigint> {
    const { database, stored: info } = table;
    const key = rowIdMetaKey(info.old_schema_id ?? database.id, info.id);
    for (let attempt = 1; ; attempt++) {
      const transaction = new StorageTransaction(this.#cluster, await this.#cluster.tso.next(signal));
      const stored = await transaction.get(key, signal);
      const before =
        stored === undefined ? BigInt(Math.max(info.auto_inc_id - 1, 0)) : BigInt(fromUtf8(stored));
      const { result, last } = change(before);
      if (last === before) return result;
      transaction.write(key, utf8(last.toString()));
      try {
        await transaction.commit(signal);
        return result;
      } catch (error) {
        const isConflict = error instanceof SqlError && error.errno === WRITE_CONFLICT;
        if (!isConflict || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }
}
