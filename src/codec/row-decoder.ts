/**
 * Decodes stored rows, key and value, into columns: compiled once for a table's layout and the columns wanted, then
 * fed with rows. Nothing is allocated for a row.
 *
 * Rows of one table nearly always begin with the same bytes — format, counts and column ids — and differ only from
 * there on. So the header of the last row is kept with what it said about each wanted column, and a row that begins
 * alike is read without looking at its ids at all.
 *
 * Where a column comes from, in this order (as in TiDB): the value; the handle in the key, if the value says nothing
 * or NULL and the handle holds all of it; NULL; the default it got when it was added to the table.
 *
 * @see pingcap/tidb pkg/util/rowcodec/decoder.go (ChunkDecoder), pkg/tablecodec/tablecodec.go (DecodeRowWithMap)
 */
import { assert, present } from '../base/assert.js';
import { ByteReader } from './byte-reader.js';
import { type ByteSlice, sameBytes } from './byte-slice.js';
import { CellReader, int32BigEndianAt } from './cell-reader.js';
import { malformed } from './codec-error.js';
import type { Column } from './column.js';
import { columnBuilderOf } from './column-builder.js';
import type { Datum } from './datum.js';
import { Flag, flaggedEnd } from './flagged-datum.js';
import { COLUMN_MISSING, COLUMN_NULL, ROW_V2, RowHeader, findColumn } from './row-header.js';
import type { HandleLayout, LayoutColumn, RowLayout } from './row-layout.js';
import { needsRestoredData } from './string-type.js';
import { INT_HANDLE_BYTES, RECORD_PREFIX_BYTES, ROWID_COLUMN, ROWID_TYPE } from './table-keys.js';
import { readVarint } from './varint.js';

/** Where in the handle a column is: nowhere, the whole of it, or which of its values. */
const NOT_IN_HANDLE = -1;
const INT_HANDLE = -2;

/** One wanted column. */
interface Wanted {
  readonly id: number;
  readonly cells: CellReader;
  /** {@link NOT_IN_HANDLE}, {@link INT_HANDLE} or an index into a common handle. */
  readonly inHandle: number;
  readonly originDefault: Datum | undefined;
}

/** Decodes rows of one table into columns. Not reentrant; reuse it for as many rows as you like. */
export class RowDecoder {
  /** The columns it makes, in this order. */
  readonly columnIds: readonly number[];
  readonly #wanted: readonly Wanted[];
  readonly #isIntHandle: boolean;
  /** For each wanted column: index of its value in the last row, or COLUMN_NULL, or COLUMN_MISSING. */
  readonly #found: Int32Array;
  /** Indexes of the wanted columns, by ascending id. */
  readonly #ascending: Uint32Array;
  /** In format v1: where each wanted column's value begins; 0 if missing. */
  readonly #at: Int32Array;
  readonly #header = new RowHeader();
  readonly #otherHeader = new RowHeader();
  /** The last row's header up to the ends, and how much of the array is used. */
  #shape = new Uint8Array(64);
  #shapeBytes = 0;
  #rows = 0;

  /**
   * @param columnIds - columns to decode, without repetition; −1 is the hidden row id, if the table has one.
   */
  constructor(layout: RowLayout, columnIds: readonly number[]) {
    assert(new Set(columnIds).size === columnIds.length, `column ids ${columnIds.join()} repeat`);
    this.columnIds = [...columnIds];
    this.#wanted = columnIds.map((id) => wantedColumn(layout, id));
    this.#isIntHandle = layout.handle.kind !== 'common';
    this.#found = new Int32Array(columnIds.length);
    this.#at = new Int32Array(columnIds.length);
    this.#ascending = Uint32Array.from(columnIds.keys()).sort((a, b) => columnIds[a]! - columnIds[b]!);
  }

  /** Rows decoded since the last `finish` or `reset`. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Decodes one row.
   *
   * @param key - the record key, raw.
   * @throws CodecError — when key or value are malformed; the row then left no trace.
   */
  append(key: ByteSlice, value: ByteSlice): void {
    try {
      this.#checkHandle(key);
      if (value.bytes[value.start] === ROW_V2 && value.length > 0) this.#appendV2(key, value);
      else this.#appendV1(key, value);
      this.#rows++;
    } catch (error) {
      for (const { cells } of this.#wanted) cells.builder.truncate(this.#rows);
      throw error;
    }
  }

  /**
   * Whether two values of the same key surely have the same wanted columns, told from their bytes without decoding
   * them. false says nothing: one may be in format v1, or hold a default that the other lacks.
   *
   * @throws CodecError — when a row in format v2 is malformed.
   */
  sameWanted(a: ByteSlice, b: ByteSlice): boolean {
    if (a.equals(b)) return true;
    if (a.length === 0 || b.length === 0) return false;
    if (a.bytes[a.start] !== ROW_V2 || b.bytes[b.start] !== ROW_V2) return false;
    this.#readShape(a);
    const first = this.#header;
    const second = this.#otherHeader;
    second.parse(b.bytes, b.start, b.end);
    const isSameShape = this.#beginsAlike(b);
    for (let i = 0; i < this.#wanted.length; i++) {
      const inA = this.#found[i]!;
      const inB = isSameShape ? inA : findColumn(second, b.bytes, this.#wanted[i]!.id);
      if (inA < 0 || inB < 0) {
        if (inA !== inB) return false;
        continue;
      }
      const length = first.lengthOf(a.bytes, inA);
      if (second.lengthOf(b.bytes, inB) !== length) return false;
      const aFrom = first.startOf(a.bytes, inA);
      if (!sameBytes(a.bytes, aFrom, b.bytes, second.startOf(b.bytes, inB), length)) return false;
    }
    return true;
  }

  /** The columns, lent until the next change. */
  view(): Column[] {
    return this.#wanted.map(({ cells }) => cells.builder.view());
  }

  /** Gives the columns away and starts anew. */
  finish(): Column[] {
    this.#rows = 0;
    return this.#wanted.map(({ cells }) => cells.builder.finish());
  }

  /** Forgets the rows; keeps the memory. */
  reset(): void {
    this.#rows = 0;
    for (const { cells } of this.#wanted) cells.builder.reset();
  }

  #checkHandle(key: ByteSlice): void {
    const length = key.length - RECORD_PREFIX_BYTES;
    if (this.#isIntHandle ? length !== INT_HANDLE_BYTES : length <= INT_HANDLE_BYTES) {
      malformed(`a handle of ${length} bytes`);
    }
  }

  #appendV2(key: ByteSlice, value: ByteSlice): void {
    this.#readShape(value);
    const { bytes } = value;
    const header = this.#header;
    const wanted = this.#wanted;
    for (let i = 0; i < wanted.length; i++) {
      const index = this.#found[i]!;
      if (index < 0) {
        this.#appendAbsent(wanted[i]!, key, index);
        continue;
      }
      const from = header.startOf(bytes, index);
      wanted[i]!.cells.readStored(bytes, from, from + header.lengthOf(bytes, index));
    }
  }

  /** Reads a row's header, or recognises it; then `#found` says where the wanted columns are. */
  #readShape(value: ByteSlice): void {
    const { bytes, start, end } = value;
    if (this.#beginsAlike(value)) {
      this.#header.moveTo(bytes, start, end);
      return;
    }
    const header = this.#header;
    this.#shapeBytes = 0;
    header.parse(bytes, start, end);
    this.#locate(bytes);
    const length = header.ends - start;
    if (length > this.#shape.length) this.#shape = new Uint8Array(length * 2);
    for (let i = 0; i < length; i++) this.#shape[i] = bytes[start + i]!;
    this.#shapeBytes = length;
  }

  /** Finds all wanted columns in one pass: their ids and those in the header ascend. */
  #locate(bytes: Uint8Array): void {
    const header = this.#header;
    const ids = header.values + header.nulls;
    let value = 0;
    let nulled = header.values;
    for (const i of this.#ascending) {
      const { id } = this.#wanted[i]!;
      while (value < header.values && header.idAt(bytes, value) < id) value++;
      if (value < header.values && header.idAt(bytes, value) === id) {
        this.#found[i] = value;
        continue;
      }
      while (nulled < ids && header.idAt(bytes, nulled) < id) nulled++;
      const isNull = nulled < ids && header.idAt(bytes, nulled) === id;
      this.#found[i] = isNull ? COLUMN_NULL : COLUMN_MISSING;
    }
  }

  #beginsAlike(value: ByteSlice): boolean {
    const length = this.#shapeBytes;
    if (length === 0 || length > value.length) return false;
    return sameBytes(this.#shape, 0, value.bytes, value.start, length);
  }

  /** Appends a column that the value does not have, or has as NULL. */
  #appendAbsent(wanted: Wanted, key: ByteSlice, found: number): void {
    const { cells, inHandle, originDefault } = wanted;
    const handle = key.start + RECORD_PREFIX_BYTES;
    if (inHandle === INT_HANDLE) {
      const hi = int32BigEndianAt(key.bytes, handle) ^ 0x8000_0000;
      cells.appendInt(int32BigEndianAt(key.bytes, handle + 4), hi);
    } else if (inHandle !== NOT_IN_HANDLE) {
      let at = handle;
      for (let i = 0; i < inHandle; i++) at = flaggedEnd(key.bytes, at, key.end);
      cells.readFlagged(key.bytes, at, key.end);
    } else if (found === COLUMN_NULL || originDefault === null) {
      cells.appendNull();
    } else if (originDefault === undefined) {
      malformed(`column ${wanted.id} is missing, is not null and has no default`);
    } else {
      cells.appendDatum(originDefault);
    }
  }

  #appendV1(key: ByteSlice, value: ByteSlice): void {
    const { bytes, start, end } = value;
    if (end === start) malformed('an empty row');
    this.#at.fill(0);
    // A single NULL flag is a row with no column.
    const isEmpty = end - start === 1 && bytes[start] === Flag.null;
    if (!isEmpty) this.#findV1(new ByteReader(bytes, start, end));
    for (let i = 0; i < this.#wanted.length; i++) {
      const wanted = this.#wanted[i]!;
      const at = this.#at[i]!;
      if (at === 0) this.#appendAbsent(wanted, key, COLUMN_MISSING);
      else if (bytes[at] === Flag.null) this.#appendAbsent(wanted, key, COLUMN_NULL);
      else wanted.cells.readFlagged(bytes, at, end);
    }
  }

  /** Format v1 is column id, value, column id, value, … in any order, each flagged. */
  #findV1(from: ByteReader): void {
    while (from.remaining > 0) {
      if (from.u8() !== Flag.varint) malformed(`a column id wanted before ${from.at}`);
      const id = Number(readVarint(from));
      const at = from.at;
      from.at = flaggedEnd(from.bytes, at, from.end);
      const i = this.columnIds.indexOf(id);
      if (i >= 0) this.#at[i] = at;
    }
  }
}

function wantedColumn(layout: RowLayout, id: number): Wanted {
  if (id === ROWID_COLUMN) {
    assert(layout.handle.kind === 'rowid', 'a row id wanted of a table that has none');
    const cells = new CellReader(ROWID_TYPE, columnBuilderOf(ROWID_TYPE));
    return { id, cells, inHandle: INT_HANDLE, originDefault: undefined };
  }
  const column = present(
    layout.columns.find((candidate) => candidate.id === id),
    `no column ${id} in the layout`,
  );
  return {
    id,
    cells: new CellReader(column.type, columnBuilderOf(column.type)),
    inHandle: placeInHandle(layout.handle, column, layout.isNewCollation),
    originDefault: column.originDefault,
  };
}

function placeInHandle(handle: HandleLayout, column: LayoutColumn, isNewCollation: boolean): number {
  switch (handle.kind) {
    case 'rowid':
      return NOT_IN_HANDLE;
    case 'int':
      return handle.columnId === column.id ? INT_HANDLE : NOT_IN_HANDLE;
    case 'common': {
      const index = handle.columns.findIndex((candidate) => candidate.columnId === column.id);
      const isWhole = index >= 0 && !handle.columns[index]!.isPrefix;
      return isWhole && !needsRestoredData(column.type, isNewCollation) ? index : NOT_IN_HANDLE;
    }
  }
}
