/**
 * Net changes of a table as a delta: old rows with weight −1, new rows with weight +1, only the columns in use. A
 * change that touches none of them vanishes here, before it costs anything.
 */
import { ByteSlice } from '../codec/byte-slice.js';
import type { RowDecoder } from '../codec/row-decoder.js';
import type { Delta } from '../dataflow/delta.js';
import { type RowChangeBatch, SLICES_PER_ROW } from '../tikv/feed/row-change-batch.js';
import type { NetChange } from './net-changes.js';
import type { SourceTable } from './source-table.js';

/** Positions in RowChangeBatch.slices. */
const KEY = 0;
const VALUE = 2;
const OLD = 4;

/** Decodes changes of one table. */
export class TableInput {
  readonly table: SourceTable;
  readonly #decoder: RowDecoder;
  readonly #key = new ByteSlice(new Uint8Array(0));
  readonly #old = new ByteSlice(new Uint8Array(0));
  readonly #new = new ByteSlice(new Uint8Array(0));

  /** @throws SqlError 1235 — when a column cannot be read from stored rows (virtual generated columns). */
  constructor(table: SourceTable) {
    this.table = table;
    this.#decoder = table.version.rowDecoder(table.columnIds);
  }

  /**
   * The delta of some changes, each of another row.
   *
   * @throws CodecError — when a row cannot be decoded; the table's views must then freeze.
   */
  delta(changes: Iterable<NetChange>): Delta {
    const weights: number[] = [];
    this.#decoder.reset();
    for (const { old: before, new: after } of changes) {
      point(this.#key, after.batch, after.row, KEY);
      point(this.#old, before.batch, before.row, OLD);
      point(this.#new, after.batch, after.row, VALUE);
      const wasThere = this.#old.length > 0;
      const isThere = this.#new.length > 0;
      if (wasThere && isThere && this.#decoder.sameWanted(this.#old, this.#new)) continue;
      if (wasThere) {
        this.#decoder.append(this.#key, this.#old);
        weights.push(-1);
      }
      if (isThere) {
        this.#decoder.append(this.#key, this.#new);
        weights.push(1);
      }
    }
    return {
      rows: weights.length,
      weights: Int32Array.from(weights),
      columns: this.#decoder.finish(),
      isConsolidated: false,
    };
  }
}

function point(slice: ByteSlice, batch: RowChangeBatch, row: number, part: number): void {
  const at = row * SLICES_PER_ROW + part;
  slice.set(batch.data, batch.slices[at] ?? 0, batch.slices[at + 1] ?? 0);
}
