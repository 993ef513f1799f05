/**
 * Encodes rows of a table from columns: the row itself and an entry of every index that must have one in its present
 * state, byte for byte as TiDB writes them. Compiled once for a table's version and the columns at hand; nothing is
 * allocated for a row but views.
 *
 * What a row's value leaves out (as TiDB does): handle columns that the key tells, NULLs of columns that never had a
 * default other than NULL, and virtual columns. A column that is being added is written with its default for old rows.
 *
 * The writer sees to it that strings fit their columns; only NULL in a NOT NULL column and decimals out of range are
 * refused here.
 *
 * @see pingcap/tidb pkg/table/tables/tables.go (addRecord, updateRecord, removeRecord, CanSkip)
 */
import { assert, present } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { equalBytes } from '../base/bytes.js';
import { SqlError } from '../base/errors.js';
import { KeyCellWriter, StoredCellWriter, writeIntHandle } from '../codec/cell-writer.js';
import type { Column } from '../codec/column.js';
import { FieldFlag, hasFlag } from '../codec/field-type.js';
import type { Expectation, MutationBatch } from '../codec/mutation-batch.js';
import { RowV2Builder } from '../codec/row-v2-builder.js';
import { needsRestoredData } from '../codec/string-type.js';
import { COMMON_HANDLE_BYTES_MIN, ROWID_COLUMN, type TableId, recordPrefix } from '../codec/table-keys.js';
import { type EncodedColumn, encodedColumn, outOfRange } from './encoded-column.js';
import { type ColumnSources, IndexEncoder } from './index-encoder.js';
import { isWritable } from './schema-state.js';
import { columnAt, primaryIndexOf } from './table-info.js';
import type { TableVersion } from './table-version.js';

/** A column in the row's value. */
interface Stored {
  readonly column: EncodedColumn;
  readonly cells: StoredCellWriter;
  readonly isNotNull: boolean;
  /** Whether NULL is left out rather than written. */
  readonly leavesNullOut: boolean;
}

/** One value of a common handle. */
interface HandlePart {
  readonly column: EncodedColumn;
  readonly cells: KeyCellWriter;
}

/** Encodes rows of one physical table. Not reentrant. */
export class RowEncoder {
  readonly #recordPrefix: Uint8Array;
  readonly #stored: readonly Stored[];
  readonly #indexes: readonly IndexEncoder[];
  /** The column that holds the integer handle: the key, or the row ids. */
  readonly #intHandle: ((columns: readonly Column[]) => Column) | undefined;
  readonly #handleParts: readonly HandlePart[];
  readonly #handle = new ByteWriter(64);
  readonly #otherHandle = new ByteWriter(64);
  readonly #row = new RowV2Builder();

  /**
   * @param columnIds - what the columns given with rows are; −1 for the row ids of a table without clustered key.
   * @param physicalId - the partition to write to, or the table's own id.
   * @throws TableChangingError — while TiDB changes the table in a way that only TiDB can follow.
   * @throws SqlError 1235 — when the table has something that is not supported (see {@link IndexEncoder}).
   */
  constructor(table: TableVersion, columnIds: readonly number[], physicalId: TableId = table.id) {
    const { info } = table;
    assert(info.kind === 'table' && info.temporary === 'none', `${info.kind} ${info.id} has no rows in TiKV`);
    assert(table.physicalIds.includes(physicalId), `${physicalId} is no physical table of table ${info.id}`);
    const sources = info.columns.map((column) => {
      const isComputed = column.generated?.isStored === false && !columnIds.includes(column.id);
      return isComputed || !isWritable(column.state) ? undefined : encodedColumn(table, column, columnIds);
    });
    this.#recordPrefix = recordPrefix(physicalId);
    this.#stored = storedColumns(table, sources);
    this.#handleParts = handleParts(table, sources);
    this.#intHandle = intHandleColumn(table, sources, columnIds);
    this.#indexes = info.indexes
      .filter((index) => index.state !== 'none' && !index.isColumnar)
      .filter((index) => !(index.isPrimary && table.handle.kind !== 'rowid'))
      .map((index) => new IndexEncoder(table, index, sources, physicalId));
  }

  /** What identifies a row: its handle's bytes, lent until the next call. @throws SqlError 1048, 1264. */
  handleOf(columns: readonly Column[], row: number): Uint8Array {
    return this.#writeHandle(this.#handle, columns, row);
  }

  /**
   * Adds the mutations that insert a row.
   *
   * @throws SqlError 1048, 1264 — when a value cannot be in its column; nothing was added then.
   */
  put(columns: readonly Column[], row: number, out: MutationBatch): void {
    const before = out.count;
    try {
      const handle = this.#writeHandle(this.#handle, columns, row);
      this.#putRecord(columns, row, handle, out, 'absent');
      for (const index of this.#indexes) index.put(columns, row, handle, out);
    } catch (error) {
      out.truncate(before);
      throw error;
    }
  }

  /** Adds the mutations that delete a row; all its columns are needed. */
  delete(columns: readonly Column[], row: number, out: MutationBatch): void {
    const before = out.count;
    try {
      const handle = this.#writeHandle(this.#handle, columns, row);
      out.bytes.bytes(this.#recordPrefix).bytes(handle);
      out.endDelete('present');
      for (const index of this.#indexes) index.delete(columns, row, handle, out);
    } catch (error) {
      out.truncate(before);
      throw error;
    }
  }

  /**
   * Adds the mutations that turn one row into another: index entries that stay the same are not written. Rows with
   * different handles are a delete and a put.
   *
   * @throws SqlError 1048, 1264 — as {@link RowEncoder.put}.
   */
  update(columns: readonly Column[], oldRow: number, newRow: number, out: MutationBatch): void {
    const before = out.count;
    try {
      const oldHandle = this.#writeHandle(this.#otherHandle, columns, oldRow);
      const handle = this.#writeHandle(this.#handle, columns, newRow);
      if (!equalBytes(oldHandle, handle)) {
        this.delete(columns, oldRow, out);
        this.put(columns, newRow, out);
        return;
      }
      this.#putRecord(columns, newRow, handle, out, 'present');
      for (const index of this.#indexes) index.update(columns, { oldRow, newRow }, handle, out);
    } catch (error) {
      out.truncate(before);
      throw error;
    }
  }

  #writeHandle(out: ByteWriter, columns: readonly Column[], row: number): Uint8Array {
    out.reset();
    if (this.#intHandle !== undefined) {
      writeIntHandle(out, this.#intHandle(columns), row);
      return out.view();
    }
    for (const { column, cells } of this.#handleParts) {
      if (column.isNull(columns, row)) throw cannotBeNull(column);
      if (!cells.write(out, column.of(columns), column.rowOf(row))) throw outOfRange(column);
    }
    out.fill(0, Math.max(0, COMMON_HANDLE_BYTES_MIN - out.length));
    return out.view();
  }

  #putRecord(
    columns: readonly Column[],
    row: number,
    handle: Uint8Array,
    out: MutationBatch,
    expectation: Expectation,
  ): void {
    out.bytes.bytes(this.#recordPrefix).bytes(handle);
    out.endKey();
    const builder = this.#row;
    builder.begin();
    for (const { column, cells, isNotNull, leavesNullOut } of this.#stored) {
      if (column.isNull(columns, row)) {
        if (isNotNull) throw cannotBeNull(column);
        if (!leavesNullOut) builder.addNull(column.id);
        continue;
      }
      if (!cells.write(builder.data, column.of(columns), column.rowOf(row))) throw outOfRange(column);
      builder.endValue(column.id);
    }
    builder.finish(out.bytes);
    out.endPut(expectation);
  }
}

function cannotBeNull(column: EncodedColumn): SqlError {
  return new SqlError(1048, '23000', `Column '${column.info.name.original}' cannot be null`);
}

function storedColumns(table: TableVersion, sources: ColumnSources): Stored[] {
  return sources
    .filter((column) => column !== undefined)
    .filter((column) => column.info.generated?.isStored !== false && !isInHandle(table, column))
    .map((column) => ({
      column,
      cells: new StoredCellWriter(column.type),
      isNotNull: hasFlag(column.type, FieldFlag.notNull),
      leavesNullOut: !column.info.hasDefault && column.info.originDefault === undefined,
    }))
    .sort((a, b) => a.column.id - b.column.id);
}

/** Whether the handle alone tells the column. */
function isInHandle(table: TableVersion, column: EncodedColumn): boolean {
  const { handle, isNewCollation } = table;
  switch (handle.kind) {
    case 'rowid':
      return false;
    case 'int':
      return handle.columnId === column.id;
    case 'common': {
      const part = handle.columns.find(({ columnId }) => columnId === column.id);
      return part !== undefined && !part.isPrefix && !needsRestoredData(column.type, isNewCollation);
    }
  }
}

function handleParts(table: TableVersion, sources: ColumnSources): HandlePart[] {
  if (table.handle.kind !== 'common') return [];
  const primary = present(primaryIndexOf(table.info), `table ${table.id} has no primary key`);
  return primary.columns.map(({ offset, prefixLength }) => {
    const column = present(sources[offset], `no source of column ${columnAt(table.info, offset).id}`);
    const part = { prefixLength, isNewCollation: table.isNewCollation };
    return { column, cells: new KeyCellWriter(column.type, part) };
  });
}

function intHandleColumn(
  table: TableVersion,
  sources: ColumnSources,
  columnIds: readonly number[],
): ((columns: readonly Column[]) => Column) | undefined {
  const { handle } = table;
  switch (handle.kind) {
    case 'common':
      return undefined;
    case 'int': {
      const source = sources.find((column) => column?.id === handle.columnId);
      const column = present(source, `no source of handle column ${handle.columnId}`);
      return (columns) => column.of(columns);
    }
    case 'rowid': {
      const input = columnIds.indexOf(ROWID_COLUMN);
      assert(input >= 0, `no row ids given for table ${table.id}`);
      return (columns) => present(columns[input], `no column ${input} given`);
    }
  }
}
