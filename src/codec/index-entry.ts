/**
 * Decodes index entries: key and value together give the indexed values and the row's handle.
 *
 * Strings whose sort key is not the string itself are found in the value (index-value.ts): in version 0 all indexed
 * values as they were; in version 1 only those strings, and of `_bin` collations only how many trailing spaces the key
 * lacks.
 *
 * @see pingcap/tidb pkg/tablecodec/tablecodec.go (DecodeIndexKV)
 */
import { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';
import type { Datum } from './datum.js';
import type { FieldType } from './field-type.js';
import { Flag, flaggedEnd, readFlagged } from './flagged-datum.js';
import { type IndexValueParts, decodeIndexValue } from './index-value.js';
import { RowHeader, findColumn } from './row-header.js';
import { isBinCollation, isPrefixInBytes, needsRestoredData } from './string-type.js';
import { COMMON_HANDLE_BYTES_MIN, INDEX_PREFIX_BYTES, INT_HANDLE_BYTES } from './table-keys.js';
import { runePrefix } from './utf8.js';

const SPACE = 0x20;

/** A column of an index. */
export interface IndexLayoutColumn {
  readonly id: number;
  readonly type: FieldType;
  /** Characters, or bytes of a binary string; −1: the whole value. */
  readonly prefixLength: number;
}

/** What must be known of an index to decode its entries. */
export interface IndexLayout {
  readonly columns: readonly IndexLayoutColumn[];
  /** Whether the table is clustered on something else than an integer: a key's end does not always show it. */
  readonly isCommonHandle: boolean;
  /** The cluster's `new_collation_enabled`. */
  readonly isNewCollation: boolean;
}

/** An index entry decoded. */
export interface IndexEntry {
  /**
   * The indexed values. Of column prefixes, the prefix, of which trailing spaces may be missing: where the clustered
   * key holds more of the column, an entry tells only how many spaces that ends in. A decimal has the scale it was
   * stored with. Strings share the entry's memory or not.
   */
  readonly values: readonly Datum[];
  /** As in the record key. */
  readonly handle: Uint8Array;
  /** In a global index: the partition that holds the row. */
  readonly partitionId: bigint | undefined;
}

/**
 * Decodes an entry.
 *
 * @param key - raw, with table and index id.
 * @throws CodecError — when key or value are malformed, or there is no handle in them.
 */
export function decodeIndexEntry(key: Uint8Array, value: Uint8Array, layout: IndexLayout): IndexEntry {
  if (key.length < INDEX_PREFIX_BYTES) malformed(`an index key of ${key.length} bytes`);
  const from = new ByteReader(key, INDEX_PREFIX_BYTES);
  const inKey = layout.columns.map(({ type }) => readFlagged(from, type));
  const parts = decodeIndexValue(value);
  const values = parts.restored === undefined ? inKey : restoredValues(inKey, parts, parts.restored, layout);
  return {
    values,
    handle: parts.handle ?? handleAtEnd(from, layout.isCommonHandle),
    partitionId: parts.partitionId,
  };
}

/**
 * The row that an entry is of, without decoding its values.
 *
 * @throws CodecError — as {@link decodeIndexEntry}.
 */
export function indexEntryHandle(key: Uint8Array, value: Uint8Array, layout: IndexLayout): Uint8Array {
  const { handle } = decodeIndexValue(value);
  if (handle !== undefined) return handle;
  let at = INDEX_PREFIX_BYTES;
  for (let i = 0; i < layout.columns.length; i++) at = flaggedEnd(key, at, key.length);
  return handleAtEnd(new ByteReader(key, at), layout.isCommonHandle);
}

/**
 * What is left of a key after the values: a flagged integer, or a common handle as it is — which may look like the
 * former: the key of a table clustered on a YEAR does.
 */
function handleAtEnd(from: ByteReader, isCommonHandle: boolean): Uint8Array {
  const rest = from.take(from.remaining);
  if (isCommonHandle) {
    if (rest.length < COMMON_HANDLE_BYTES_MIN) malformed(`a handle of ${rest.length} bytes in an index key`);
    return rest;
  }
  if (rest.length !== 1 + INT_HANDLE_BYTES || rest[0] !== Flag.int)
    malformed('an integer handle in an index key wanted');
  return rest.subarray(1);
}

function restoredValues(
  inKey: readonly Datum[],
  parts: IndexValueParts,
  restored: Uint8Array,
  layout: IndexLayout,
): Datum[] {
  const header = new RowHeader();
  header.parse(restored, 0, restored.length);
  return layout.columns.map(({ id, type, prefixLength }, i) => {
    const key = inKey[i] ?? null;
    if (!(key instanceof Uint8Array) || !needsRestoredData(type, layout.isNewCollation)) return key;
    const index = findColumn(header, restored, id);
    if (index < 0) return key;
    const from = header.startOf(restored, index);
    const stored = restored.subarray(from, from + header.lengthOf(restored, index));
    if (parts.version === 1 && isBinCollation(type.collate))
      return prefixLength < 0 ? padded(key, stored) : key;
    return prefixLength < 0 ? stored : prefixOf(stored, type, prefixLength);
  });
}

function prefixOf(bytes: Uint8Array, type: FieldType, length: number): Uint8Array {
  return isPrefixInBytes(type) ? bytes.subarray(0, length) : runePrefix(bytes, length);
}

/** A string with its trailing spaces, whose number is a little-endian integer of 1, 2, 4 or 8 bytes. */
function padded(trimmed: Uint8Array, count: Uint8Array): Uint8Array {
  let spaces = 0;
  for (let i = count.length - 1; i >= 0; i--) spaces = spaces * 256 + count[i]!;
  if (count.length > 8 || spaces > LONGEST_STRING) malformed(`${spaces} trailing spaces`);
  const out = new Uint8Array(trimmed.length + spaces).fill(SPACE);
  out.set(trimmed);
  return out;
}

/** LONGTEXT could be longer, but not in an index. */
const LONGEST_STRING = 0xffff;
