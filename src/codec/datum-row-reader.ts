/**
 * Reads rows that are flagged values one after the other, without column ids: the coprocessor's TypeDefault rows.
 *
 * @see pingcap/tipb select.proto (Chunk.rows_data), tikv/tikv components/tidb_query_executors/src/runner.rs
 */
import { CellReader } from './cell-reader.js';
import type { Column } from './column.js';
import { columnBuilderOf } from './column-builder.js';
import { malformed } from './codec-error.js';
import type { FieldType } from './field-type.js';

/** Reads rows of known types into columns. */
export class DatumRowReader {
  readonly #cells: readonly CellReader[];
  #rows = 0;

  /** @param types - of the values of a row, in order. At least one. */
  constructor(types: readonly FieldType[]) {
    this.#cells = types.map((type) => new CellReader(type, columnBuilderOf(type)));
  }

  /** Rows read since the last `finish` or `reset`. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Reads all rows in bytes `start … end`.
   *
   * @throws CodecError — when a value is malformed or not of its type, or the last row is not complete; that row then
   *   left no trace.
   */
  append(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.#cells.length === 0 && end > start) malformed('rows of no columns');
    let at = start;
    try {
      while (at < end) {
        for (const cells of this.#cells) at = cells.readFlagged(bytes, at, end);
        this.#rows++;
      }
    } catch (error) {
      for (const { builder } of this.#cells) builder.truncate(this.#rows);
      throw error;
    }
  }

  /** The columns, lent until the next change. */
  view(): Column[] {
    return this.#cells.map(({ builder }) => builder.view());
  }

  /** Gives the columns away and starts anew. */
  finish(): Column[] {
    this.#rows = 0;
    return this.#cells.map(({ builder }) => builder.finish());
  }

  /** Forgets the rows; keeps the memory. */
  reset(): void {
    this.#rows = 0;
    for (const { builder } of this.#cells) builder.reset();
  }
}
