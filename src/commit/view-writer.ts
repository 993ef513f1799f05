/**
 * A view's delta as puts and deletes of rows and index entries of its backing table.
 *
 * A table with a key has one row a key: the delta's −1 and +1 of one key are an update. A table without one has hidden
 * row ids, which come with the delta's operations (row-ids.ts).
 */
import { assert } from '../base/assert.js';
import { type KeyString, keyString } from '../base/bytes.js';
import { SqlError } from '../base/errors.js';
import { RowEncoder } from '../catalog/row-encoder.js';
import type { TableVersion } from '../catalog/table-version.js';
import type { Column } from '../codec/column.js';
import { I64Builder } from '../codec/column-builder.js';
import { MutationBatch } from '../codec/mutation-batch.js';
import { ROWID_COLUMN } from '../codec/table-keys.js';
import type { Delta } from '../dataflow/delta.js';
import type { RowOperation } from './row-ids.js';

/** The rows of one key. */
interface KeyChange {
  removed: number;
  added: number;
}

const NONE = -1;

/** Writes one backing table at one version of its schema. Not reentrant. */
export class ViewWriter {
  readonly #table: TableVersion;
  readonly #encoder: RowEncoder;

  /**
   * @param columnIds - of the table, in the order of the delta's columns.
   * @throws TableChangingError — TiDB is changing the table in a way that only it can follow.
   */
  constructor(table: TableVersion, columnIds: readonly number[]) {
    this.#table = table;
    const ids = table.handle.kind === 'rowid' ? [...columnIds, ROWID_COLUMN] : columnIds;
    this.#encoder = new RowEncoder(table, ids);
  }

  /** Whether rows have hidden ids. */
  get hasRowIds(): boolean {
    return this.#table.handle.kind === 'rowid';
  }

  /**
   * Encodes a delta of a table with a key.
   *
   * @throws SqlError 1062 — two rows of one key; 1048, 1264 — a value that its column cannot hold.
   */
  encodeKeyed(delta: Delta): MutationBatch {
    assert(!this.hasRowIds, `table ${this.#table.id} has no key`);
    const { columns } = delta;
    const batch = new MutationBatch();
    for (const { removed, added } of this.#byKey(delta).values()) {
      if (added === NONE) this.#encoder.delete(columns, removed, batch);
      else if (removed === NONE) this.#encoder.put(columns, added, batch);
      else this.#encoder.update(columns, removed, added, batch);
    }
    return batch.consolidated();
  }

  /**
   * Encodes operations on a table without a key.
   *
   * @throws SqlError — as {@link encodeKeyed}; 1062 only by unique indexes.
   */
  encodeWithIds(columns: readonly Column[], operations: readonly RowOperation[]): MutationBatch {
    assert(this.hasRowIds, `table ${this.#table.id} has a key`);
    const batch = new MutationBatch();
    // The encoder reads the id at the row's place in a column: as many cells as the last row needs, one in use.
    const places = operations.reduce((most, { row }) => Math.max(most, row + 1), 0);
    const ids = new I64Builder();
    for (let i = 0; i < places; i++) ids.append(0, 0);
    const idColumn = ids.finish();
    const all = [...columns, idColumn];
    for (const { kind, row, rowId } of operations) {
      idColumn.lo[row] = Number(BigInt.asIntN(32, rowId));
      idColumn.hi[row] = Number(BigInt.asIntN(32, rowId >> 32n));
      if (kind === 'add') this.#encoder.put(all, row, batch);
      else this.#encoder.delete(all, row, batch);
    }
    return batch.consolidated();
  }

  #byKey(delta: Delta): Map<KeyString, KeyChange> {
    const byKey = new Map<KeyString, KeyChange>();
    for (let row = 0; row < delta.rows; row++) {
      const weight = delta.weights[row] ?? 0;
      if (weight === 0) continue;
      const key = keyString(this.#encoder.handleOf(delta.columns, row));
      const change = byKey.get(key) ?? { removed: NONE, added: NONE };
      byKey.set(key, change);
      if (weight > 0) {
        if (weight > 1 || change.added !== NONE) throw this.#duplicate();
        change.added = row;
      } else {
        assert(
          weight === -1 && change.removed === NONE,
          `a row of table ${this.#table.id} is taken away twice`,
        );
        change.removed = row;
      }
    }
    return byKey;
  }

  #duplicate(): SqlError {
    return new SqlError(1062, '23000', `Duplicate entry for key '${this.#table.info.name.original}.PRIMARY'`);
  }
}
