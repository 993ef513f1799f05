/**
 * Makes the entries of one index from rows: keys and values byte for byte as TiDB's (codec/index-value.ts).
 *
 * @see pingcap/tidb pkg/table/tables/index.go, pkg/tablecodec/tablecodec.go (GenIndexKey, GenIndexValuePortal)
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { SqlError } from '../base/errors.js';
import {
  KeyCellWriter,
  StoredCellWriter,
  StringPrefix,
  WHOLE,
  trailingSpaces,
  writeShortestInt,
  writeShortestUint,
} from '../codec/cell-writer.js';
import type { Column } from '../codec/column.js';
import { Flag } from '../codec/flagged-datum.js';
import { IndexValueWriter } from '../codec/index-value.js';
import { RowV2Builder } from '../codec/row-v2-builder.js';
import { isBinCollation, isString, needsRestoredData } from '../codec/string-type.js';
import { type TableId, indexPrefix, isIntHandle } from '../codec/table-keys.js';
import { FieldFlag, hasFlag } from '../codec/field-type.js';
import type { EncodedColumn } from './encoded-column.js';
import type { IndexInfo } from './index-info.js';
import { TableChangingError } from './schema-error.js';
import { isWritable } from './schema-state.js';
import { type TableInfo, columnAt, primaryIndexOf } from './table-info.js';
import type { TableVersion } from './table-version.js';

/** A column of the index, or of the clustered key behind it. */
interface Part {
  readonly column: EncodedColumn;
  readonly prefixLength: number;
}

/** A part with what writes it into the key. */
interface KeyPart extends Part {
  readonly cells: KeyCellWriter;
}

/** How an entry's value holds a column that its key does not tell. */
interface Restored {
  readonly column: EncodedColumn;
  readonly prefix: StringPrefix | undefined;
  readonly cells: StoredCellWriter;
  /** The string (or other value) itself, or its number of trailing spaces in one of two forms. */
  readonly form: 'value' | 'spacesUnsigned' | 'spacesSigned';
}

/** Encodes entries of one index. Not reentrant. */
export class IndexEncoder {
  readonly info: IndexInfo;
  /** Whether rows must have entries; else entries are only deleted. */
  readonly isWritten: boolean;
  readonly #prefix: Uint8Array;
  readonly #parts: readonly KeyPart[];
  readonly #restored: readonly Restored[];
  readonly #isVersion1: boolean;
  /** For a global index: where the row is. */
  readonly #partitionId: TableId | undefined;
  readonly #value = new IndexValueWriter();
  readonly #row = new RowV2Builder();

  /**
   * @param columns - the sources of the table's columns, by offset; undefined where the encoder has none.
   * @throws TableChangingError — while TiDB builds the index through a temporary one, or over a changing column.
   * @throws SqlError 1235 — for indexes over JSON arrays, over expressions, with a condition, with an unsupported
   *   collation, or global ones of a newer form.
   */
  constructor(
    table: TableVersion,
    info: IndexInfo,
    columns: readonly (EncodedColumn | undefined)[],
    physicalId: TableId,
  ) {
    refuseWhatIsNotSupported(table, info);
    this.info = info;
    this.isWritten = isWritable(info.state);
    const { isNewCollation } = table;
    this.#prefix = indexPrefix(info.isGlobal ? table.id : physicalId, info.id);
    this.#partitionId = info.isGlobal ? physicalId : undefined;
    this.#parts = info.columns.map(({ offset, prefixLength }) => {
      const column = sourceOf(columns, offset, info);
      return {
        column,
        prefixLength,
        cells: new KeyCellWriter(column.type, { prefixLength, isNewCollation }),
      };
    });
    this.#isVersion1 = table.info.isCommonHandle && table.info.commonHandleVersion === 1;
    const restored = this.#isVersion1
      ? restoredV1(table, this.#parts, columns)
      : restoredV0(table, this.#parts);
    this.#restored = restored.sort((a, b) => a.column.id - b.column.id);
  }

  /**
   * Appends the key of a row's entry.
   *
   * @param handle - of the row, as in its record key.
   * @returns whether the entry is unique: then its value must hold the handle.
   * @throws SqlError 1264 — when a decimal does not fit its column.
   */
  writeKey(out: ByteWriter, columns: readonly Column[], row: number, handle: Uint8Array): boolean {
    out.bytes(this.#prefix);
    let isUnique = this.info.isUnique;
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

  /** Appends the value of a row's entry. */
  writeValue(
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
    if (this.#restored.length > 0) {
      this.#restore(columns, row);
      value.addRestored(this.#row);
    }
    value.finish(isUnique && isInt ? handle : undefined);
  }

  #restore(columns: readonly Column[], row: number): void {
    this.#row.begin();
    const out = this.#row.data;
    for (const { column, prefix, cells, form } of this.#restored) {
      const source = column.of(columns);
      const at = column.rowOf(row);
      const isNull = column.isNull(columns, row);
      if (form !== 'value') {
        // The spaces of NULL are counted, too: there are none.
        const spaces = isNull ? 0 : trailingSpaces(source, at, prefix);
        if (form === 'spacesSigned') writeShortestInt(out, spaces, 0);
        else writeShortestUint(out, spaces, 0);
      } else if (isNull) {
        this.#row.addNull(column.id);
        continue;
      } else if (prefix !== undefined && source.kind === 'bytes') {
        out.bytes(prefix.of(source, at));
      } else if (!cells.write(out, source, at)) {
        throw outOfRange(column);
      }
      this.#row.endValue(column.id);
    }
  }
}

/** A value that its column cannot hold. */
export function outOfRange(column: EncodedColumn): SqlError {
  return new SqlError(1264, '22003', `Out of range value for column '${column.info.name.original}'`);
}

function sourceOf(
  columns: readonly (EncodedColumn | undefined)[],
  offset: number,
  info: IndexInfo,
): EncodedColumn {
  const column = columns[offset];
  if (column === undefined) {
    throw new SqlError(
      1235,
      '42000',
      `TiView does not support index '${info.name.original}': it is on an expression`,
    );
  }
  return column;
}

function refuseWhatIsNotSupported(table: TableVersion, info: IndexInfo): void {
  const name = info.name.original;
  if (info.backfill !== 'none' && info.state !== 'public') {
    throw new TableChangingError(`index '${name}' of table ${table.id} is being built`);
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

/** Version 0: if the key does not tell one of the columns, all of them, as they were indexed. */
function restoredV0(table: TableVersion, parts: readonly Part[]): Restored[] {
  if (!parts.some(({ column }) => needsRestoredData(column.type, table.isNewCollation))) return [];
  return parts.map(({ column, prefixLength }) => restored(column, prefixLength, 'value'));
}

/**
 * Version 1: of the index's own columns those that the key does not tell, then those of the clustered key; under `_bin`
 * collations only how many spaces the key lacks. TiDB writes that number as unsigned for the former and as signed for
 * the latter, which shows from 128 on.
 */
function restoredV1(
  table: TableVersion,
  parts: readonly Part[],
  columns: readonly (EncodedColumn | undefined)[],
): Restored[] {
  const own = parts
    .filter(({ column }) => !hasFlag(column.type, FieldFlag.primaryKey))
    .filter(({ column }) => needsRestoredData(column.type, table.isNewCollation))
    .map(({ column, prefixLength }) =>
      restored(column, prefixLength, isBinCollation(column.type.collate) ? 'spacesUnsigned' : 'value'),
    );
  const ofKey = clusteredParts(table.info, columns)
    .filter(({ column }) => needsRestoredData(column.type, table.isNewCollation))
    .map(({ column, prefixLength }) => {
      const indexed = parts.find((part) => part.column === column);
      const length = indexed === undefined ? prefixLength : longerPrefix(prefixLength, indexed.prefixLength);
      return restored(column, length, isBinCollation(column.type.collate) ? 'spacesSigned' : 'value');
    });
  return [...own, ...ofKey];
}

function clusteredParts(info: TableInfo, columns: readonly (EncodedColumn | undefined)[]): Part[] {
  const primary = primaryIndexOf(info);
  assert(primary !== undefined, `table ${info.id} is clustered, but has no primary key`);
  return primary.columns.map(({ offset, prefixLength }) => {
    assert(columnAt(info, offset).generated?.isStored !== false, 'a virtual column in a primary key');
    return { column: sourceOf(columns, offset, primary), prefixLength };
  });
}

function longerPrefix(a: number, b: number): number {
  return a === WHOLE || b === WHOLE ? WHOLE : Math.max(a, b);
}

function restored(column: EncodedColumn, prefixLength: number, form: Restored['form']): Restored {
  const isCut = isString(column.type) && prefixLength !== WHOLE;
  return {
    column,
    prefix: isCut ? new StringPrefix(column.type, prefixLength) : undefined,
    cells: new StoredCellWriter(column.type),
    form,
  };
}
