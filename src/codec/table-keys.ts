/**
 * The keys of tables:
 *
 *     record   t<table id>_r<handle>
 *     index    t<table id>_i<index id><values…>[<handle>]
 *
 * with ids as comparable 64-bit integers. The handle is a comparable 64-bit integer, or, in a table clustered on
 * something else than one integer column, the flagged comparable values of its key, padded with zeros to at least
 * nine bytes so that it cannot be taken for an integer. Ids are those of physical tables: of partitions, where a table
 * has them. TiDB gives out 48 bits of ids, so they are numbers here, not bigints.
 *
 * @see pingcap/tidb pkg/tablecodec/tablecodec.go, pkg/kv/key.go
 */
import { FieldFlag, type FieldType, MysqlType } from './field-type.js';
import { assert } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { nextKey, prefixEnd } from '../base/bytes.js';
import { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';
import { readComparableI64, writeComparableI64, writeComparableInt } from './memcomparable.js';

/** Id of a table or partition. */
export type TableId = number;

/** The column id under which TiDB shows the hidden handle of a table without a clustered key. */
export const ROWID_COLUMN = -1;

/** TiDB's type of `_tidb_rowid`. */
export const ROWID_TYPE: FieldType = {
  tp: MysqlType.longlong,
  flag: FieldFlag.notNull,
  flen: 20,
  decimal: 0,
  charset: 'binary',
  collate: 'binary',
  elems: [],
};

/** Keys from `start`, inclusive, to `end`, exclusive. */
export interface KeyRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** Bytes of a record key before the handle, and of an index key before the index id. */
export const RECORD_PREFIX_BYTES = 11;
/** Bytes of an index key before its values. */
export const INDEX_PREFIX_BYTES = 19;
/** Bytes of an integer handle; common handles have more. */
export const INT_HANDLE_BYTES = 8;
/** Common handles are padded to this length. */
export const COMMON_HANDLE_BYTES_MIN = 9;

const T = 0x74;
const UNDERSCORE = 0x5f;
const R = 0x72;
const I = 0x69;
const TWO_32 = 0x1_0000_0000;
/** The top 16 bits of an index id under which concurrent writes are kept while the index is being built. */
const TEMPORARY_INDEX = 0x7fffn;
const INDEX_ID_MASK = 0xffff_ffff_ffffn;

function writeId(out: ByteWriter, id: number): void {
  assert(Number.isSafeInteger(id), `id ${id}`);
  writeComparableInt(out, id | 0, Math.floor(id / TWO_32));
}

/** Appends what every record key of a table begins with. */
function writeRecordPrefix(out: ByteWriter, tableId: TableId): void {
  out.u8(T);
  writeId(out, tableId);
  out.u8(UNDERSCORE).u8(R);
}

/** Appends what every key of an index begins with. */
function writeIndexPrefix(out: ByteWriter, tableId: TableId, indexId: number): void {
  out.u8(T);
  writeId(out, tableId);
  out.u8(UNDERSCORE).u8(I);
  writeId(out, indexId);
}

/**
 * What the keys begin with under which concurrent writes to an index are kept aside while it is being built: those of
 * the index, but for the top 16 bits of its id.
 */
export function temporaryIndexPrefix(tableId: TableId, indexId: number): Uint8Array {
  const out = new ByteWriter(INDEX_PREFIX_BYTES);
  writeIndexPrefix(out, tableId, indexId);
  out.truncate(INDEX_PREFIX_BYTES - 8);
  writeComparableI64(out, (TEMPORARY_INDEX << 48n) | BigInt(indexId));
  return out.take();
}

/** What every record key of a table begins with. */
export function recordPrefix(tableId: TableId): Uint8Array {
  const out = new ByteWriter(RECORD_PREFIX_BYTES);
  writeRecordPrefix(out, tableId);
  return out.take();
}

/** What every key of an index begins with. */
export function indexPrefix(tableId: TableId, indexId: number): Uint8Array {
  const out = new ByteWriter(INDEX_PREFIX_BYTES);
  writeIndexPrefix(out, tableId, indexId);
  return out.take();
}

/** The key of a row. */
export function recordKey(tableId: TableId, handle: Uint8Array): Uint8Array {
  const out = new ByteWriter(RECORD_PREFIX_BYTES + handle.length);
  writeRecordPrefix(out, tableId);
  return out.bytes(handle).take();
}

/** An integer handle's bytes. */
export function intHandle(handle: bigint): Uint8Array {
  const out = new ByteWriter(INT_HANDLE_BYTES);
  writeComparableI64(out, handle);
  return out.take();
}

/** All rows of a physical table. */
export function recordRange(tableId: TableId): KeyRange {
  const start = recordPrefix(tableId);
  return { start, end: prefixEnd(start) };
}

/**
 * All rows of a physical table, for a coprocessor request: TiKV takes a range whose end is the next prefix of its start
 * for a single key and finds nothing (TRUTH §10), so this one starts one byte later. No row is lost: no record key is
 * as short as the prefix.
 */
export function coprocessorRange(tableId: TableId): KeyRange {
  const { start, end } = recordRange(tableId);
  return { start: nextKey(start), end };
}

/** All entries of an index. */
export function indexRange(tableId: TableId, indexId: number): KeyRange {
  const start = indexPrefix(tableId, indexId);
  return { start, end: prefixEnd(start) };
}

/** All rows and index entries of a physical table. */
export function tableRange(tableId: TableId): KeyRange {
  const start = recordPrefix(tableId).subarray(0, 1 + 8);
  return { start, end: prefixEnd(start) };
}

/** What a key of a table is of. */
export type TableKey =
  | { readonly kind: 'record'; readonly tableId: TableId; readonly handle: Uint8Array }
  | {
      readonly kind: 'index';
      readonly tableId: TableId;
      readonly indexId: number;
      /** Whether it is an entry kept aside while the index is being built. */
      readonly isTemporary: boolean;
      /** Flagged values, then the handle if it is not unique. */
      readonly values: Uint8Array;
    };

/** Whether a key belongs to a table at all; other keys are meta data. */
export function isTableKey(key: Uint8Array): boolean {
  return key[0] === T;
}

/**
 * Takes a table's key apart; parts share its memory.
 *
 * @throws CodecError — when it is no record or index key.
 */
export function decodeTableKey(key: Uint8Array): TableKey {
  const from = new ByteReader(key);
  if (from.u8() !== T) malformed('a key of a table wanted');
  const tableId = safeId(readComparableI64(from));
  if (from.u8() !== UNDERSCORE) malformed('a record or index key wanted');
  const kind = from.u8();
  if (kind === R) {
    const handle = from.take(from.remaining);
    if (handle.length < INT_HANDLE_BYTES) malformed(`a handle of ${handle.length} bytes`);
    return { kind: 'record', tableId, handle };
  }
  if (kind !== I) malformed('a record or index key wanted');
  const id = readComparableI64(from);
  const isTemporary = id >> 48n === TEMPORARY_INDEX;
  const indexId = safeId(isTemporary ? id & INDEX_ID_MASK : id);
  return { kind: 'index', tableId, indexId, isTemporary, values: from.take(from.remaining) };
}

function safeId(id: bigint): number {
  const value = Number(id);
  if (!Number.isSafeInteger(value)) malformed(`id ${id}`);
  return value;
}

/** Whether a handle is a single integer. */
export function isIntHandle(handle: Uint8Array): boolean {
  return handle.length === INT_HANDLE_BYTES;
}

/** The value of an integer handle. @throws CodecError — when it is a common handle. */
export function intHandleValue(handle: Uint8Array): bigint {
  if (!isIntHandle(handle)) malformed(`an integer handle of ${handle.length} bytes`);
  return readComparableI64(new ByteReader(handle));
}
