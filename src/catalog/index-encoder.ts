/**
 * Makes the entries of one index from rows: keys and values byte for byte as TiDB's (codec/index-value.ts).
 *
 * In which states an index gets which writes: entries are put from `writeOnly` on, and deleted in every state. While
 * TiDB fills a new index beside the writers (`tidb_ddl_enable_fast_reorg`), they write to a temporary index instead,
 * later to both, and TiDB merges: an entry there says what happened, followed by a letter for the stage. Unique
 * indexes would need the entry that is there already; their tables cannot be written meanwhile.
 *
 * @see pingcap/tidb pkg/table/tables/index.go, pkg/tablecodec/tablecodec.go (GenIndexKey, TempIndexValueElem)
 */
import { assert } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { equalBytes } from '../base/bytes.js';
import { SqlError } from '../base/errors.js';
import { KeyCellWriter } from '../codec/cell-writer.js';
import type { Column } from '../codec/column.js';
import { Flag } from '../codec/flagged-datum.js';
import { IndexValueWriter } from '../codec/index-value.js';
import type { Expectation, MutationBatch } from '../codec/mutation-batch.js';
import { type TableId, indexPrefix, isIntHandle, temporaryIndexPrefix } from '../codec/table-keys.js';
import { type EncodedColumn, outOfRange } from './encoded-column.js';
import type { IndexInfo } from './index-info.js';
import { type IndexPart, RestoredColumns } from './restored-columns.js';
import { TableChangingError } from './schema-error.js';
import { isWritable } from './schema-state.js';
import { type TableInfo, primaryIndexOf } from './table-info.js';
import type { TableVersion } from './table-version.js';

/** First byte of a temporary entry that is not unique. */
const TEMPORARY_PUT = 1;
const TEMPORARY_DELETE = 3;
/** Last byte of a temporary entry: 'd'elete-only, 'b'ackfill, 'm'erge. */
const Stage = { deleteOnly: 0x64, backfill: 0x62, merge: 0x6d } as const;

/** A part with what writes it into the key. */
interface KeyPart extends IndexPart {
  readonly cells: KeyCellWriter;
}

/** The sources of a table's columns by offset; undefined where the encoder has none. */
export type ColumnSources = readonly (EncodedColumn | undefined)[];

/** Where entries are written: to the index, to the temporary one, or to both. */
interface Target {
  readonly prefix: Uint8Array;
  /** The stage, if it is the temporary index. */
  readonly stage: number | undefined;
}

/** Encodes entries of one index. Not reentrant. */
export class IndexEncoder {
  readonly #info: IndexInfo;
  /** Whether rows must have entries; else entries are only deleted. */
  readonly #isWritten: boolean;
  readonly #targets: readonly Target[];
  readonly #parts: readonly KeyPart[];
  readonly #restored: RestoredColumns;
  readonly #isVersion1: boolean;
  /** For a global index: where the row is. */
  readonly #partitionId: TableId | undefined;
  readonly #value = new IndexValueWriter();
  readonly #oldBytes = new ByteWriter(128);
  readonly #newBytes = new ByteWriter(128);

  /**
   * @throws TableChangingError — while TiDB builds a unique index through a temporary one, or an index over a column
   *   that is being converted.
   * @throws SqlError 1235 — for indexes over JSON arrays, over expressions, with a condition, with an unsupported
   *   collation, or global ones of a newer form.
   */
  constructor(table: TableVersion, info: IndexInfo, columns: ColumnSources, physicalId: TableId) {
    refuseWhatIsNotSupported(table, info);
    const { isNewCollation } = table;
    this.#info = info;
    this.#isWritten = isWritable(info.state);
    this.#targets = targetsOf(info, info.isGlobal ? table.id : physicalId);
    this.#partitionId = info.isGlobal ? physicalId : undefined;
    this.#parts = partsOf(info, columns).map((part) => ({
      ...part,
      cells: new KeyCellWriter(part.column.type, { prefixLength: part.prefixLength, isNewCollation }),
    }));
    this.#isVersion1 = table.info.isCommonHandle && table.info.commonHandleVersion === 1;
    this.#restored = this.#isVersion1
      ? RestoredColumns.version1(this.#parts, clusteredParts(table.info, columns), isNewCollation)
      : RestoredColumns.version0(this.#parts, isNewCollation);
  }

  /**
   * Adds the entry of a new row.
   *
   * @param handle - of the row, as in its record key.
   * @throws SqlError 1264 — when a decimal does not fit its column.
   */
  put(columns: readonly Column[], row: number, handle: Uint8Array, out: MutationBatch): void {
    if (this.#isWritten) this.#put(columns, row, handle, out, 'absent');
  }

  /** Takes away the entry of a row. */
  delete(columns: readonly Column[], row: number, handle: Uint8Array, out: MutationBatch): void {
    for (const { prefix, stage } of this.#targets) {
      out.bytes.bytes(prefix);
      this.#writeKey(out.bytes, columns, row, handle);
      if (stage === undefined) {
        out.endDelete(this.#whenPublic('present'));
      } else {
        out.endKey();
        out.bytes.u8(TEMPORARY_DELETE).u8(stage);
        out.endPut('unknown');
      }
    }
  }

  /** Changes the entry of a row that keeps its handle; adds nothing if the entry stays the same. */
  update(
    columns: readonly Column[],
    change: { readonly oldRow: number; readonly newRow: number },
    handle: Uint8Array,
    out: MutationBatch,
  ): void {
    const { oldRow, newRow } = change;
    const before = this.#oldBytes.reset();
    const after = this.#newBytes.reset();
    const wasUnique = this.#writeKey(before, columns, oldRow, handle);
    const isUnique = this.#writeKey(after, columns, newRow, handle);
    if (!equalBytes(before.view(), after.view())) {
      this.delete(columns, oldRow, handle, out);
      this.put(columns, newRow, handle, out);
      return;
    }
    this.#writeValue(before.reset(), columns, oldRow, handle, wasUnique);
    this.#writeValue(after.reset(), columns, newRow, handle, isUnique);
    if (equalBytes(before.view(), after.view())) return;
    if (this.#isWritten) this.#put(columns, newRow, handle, out, 'present');
    else this.delete(columns, oldRow, handle, out);
  }

  #put(
    columns: readonly Column[],
    row: number,
    handle: Uint8Array,
    out: MutationBatch,
    expectation: Expectation,
  ): void {
    for (const { prefix, stage } of this.#targets) {
      out.bytes.bytes(prefix);
      const isUnique = this.#writeKey(out.bytes, columns, row, handle);
      out.endKey();
      if (stage !== undefined) out.bytes.u8(TEMPORARY_PUT);
      this.#writeValue(out.bytes, columns, row, handle, isUnique);
      if (stage !== undefined) out.bytes.u8(stage);
      out.endPut(stage === undefined ? this.#whenPublic(expectation) : 'unknown');
    }
  }

  /** An index that is being built or removed may lack entries, or have some already. */
  #whenPublic(expectation: Expectation): Expectation {
    return this.#info.state === 'public' ? expectation : 'unknown';
  }

  /** Appends a key after its prefix. Gives whether the entry is unique: then its value must hold the handle. */
  #writeKey(out: ByteWriter, columns: readonly Column[], row: number, handle: Uint8Array): boolean {
    let { isUnique } = this.#info;
    for (const { column, cells } of this.#parts) {
      if (!cells.write(out, column.of(columns), column.rowOf(row))) throw outOfRange(column);
      if (isUnique && column.isNull(columns, row)) isUnique = false;
    }
    if (!isUnique) {
      if (isIntHandle(handle)) out.u8(Flag.int);
      out.bytes(handle);
    }
    return isUnique;
  }

  #writeValue(
    out: ByteWriter,
    columns: readonly Column[],
    row: number,
    handle: Uint8Array,
    isUnique: boolean,
  ): void {
    const value = this.#value;
    const isInt = isIntHandle(handle);
    value.begin(out, this.#isVersion1);
    if (isUnique && !isInt) value.addCommonHandle(handle);
    if (this.#partitionId !== undefined) value.addPartition(this.#partitionId);
    if (!this.#restored.isEmpty) value.addRestored(this.#restored.of(columns, row));
    value.finish(isUnique && isInt ? handle : undefined);
  }
}

function targetsOf(info: IndexInfo, tableId: TableId): Target[] {
  const direct: Target = { prefix: indexPrefix(tableId, info.id), stage: undefined };
  const temporary = (stage: number): Target => ({ prefix: temporaryIndexPrefix(tableId, info.id), stage });
  if (info.state === 'public') return [direct];
  switch (info.backfill) {
    case 'none':
      return [direct];
    case 'running':
      return [temporary(info.state === 'deleteOnly' ? Stage.deleteOnly : Stage.backfill)];
    case 'readyToMerge':
    case 'merging':
      return [direct, temporary(Stage.merge)];
  }
}

function partsOf(info: IndexInfo, columns: ColumnSources): IndexPart[] {
  return info.columns.map(({ offset, prefixLength }) => {
    const column = columns[offset];
    if (column === undefined) {
      throw new SqlError(
        1235,
        '42000',
        `TiView does not support index '${info.name.original}': it is on an expression`,
      );
    }
    return { column, prefixLength };
  });
}

function clusteredParts(info: TableInfo, columns: ColumnSources): IndexPart[] {
  const primary = primaryIndexOf(info);
  assert(primary !== undefined, `table ${info.id} is clustered, but has no primary key`);
  return partsOf(primary, columns);
}

function refuseWhatIsNotSupported(table: TableVersion, info: IndexInfo): void {
  const name = info.name.original;
  if (info.isUnique && info.backfill !== 'none' && info.state !== 'public') {
    throw new TableChangingError(`unique index '${name}' of table ${table.id} is being built`);
  }
  if (info.columns.some(({ usesChangingType }) => usesChangingType)) {
    throw new TableChangingError(`a column of index '${name}' of table ${table.id} is being converted`);
  }
  const why = info.isMultiValued
    ? 'it is over the elements of JSON arrays'
    : info.condition !== undefined
      ? 'it has a condition'
      : info.globalVersion > 0
        ? `it is global, in form ${info.globalVersion}`
        : undefined;
  if (why !== undefined) {
    throw new SqlError(1235, '42000', `TiView does not support writing index '${name}': ${why}`);
  }
}
