/**
 * The values of index entries. What is needed to find the row is in the key or here; beyond that a value carries what
 * the key's sort keys do not tell of the strings ("restored data").
 *
 * - Without options: nothing to say, the byte `0`; unique over an integer handle, the handle, eight bytes big-endian.
 * - Version 0 (more than nine bytes): length of the tail | options | tail, where the tail is padding to ten bytes in
 *   all and, if unique over an integer handle, the handle.
 * - Version 1 (tables clustered on something else than an integer, since TiDB 5.0): length of the tail, 0 | 125 | 1 |
 *   options.
 * - Options, in this order: 127, u16 big-endian length, common handle (if unique); 126, comparable partition id (global
 *   index); restored data, which is a row in format v2.
 * - Uncommitted entries may end in a byte `1` ("untouched") which never reaches TiKV's committed data.
 *
 * @see pingcap/tidb pkg/tablecodec/tablecodec.go (GenIndexValuePortal, SplitIndexValue)
 */
import { assert } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { appendBytes } from './append-bytes.js';
import { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';
import { readComparableI64, writeComparableI64 } from './memcomparable.js';
import { ROW_V2 } from './row-header.js';
import type { RowV2Builder } from './row-v2-builder.js';
import { INT_HANDLE_BYTES, intHandle } from './table-keys.js';

const NOTHING = 0x30;
const COMMON_HANDLE = 127;
const PARTITION = 126;
const VERSION = 125;
/** Values up to this long have no options. */
const PLAIN_BYTES_MAX = 9;
/** Values with options are at least this long. */
const OPTIONS_BYTES_MIN = 10;
const HANDLE_BYTES_MAX = 0xffff;

/** What an index entry's value says. */
export interface IndexValueParts {
  readonly version: 0 | 1;
  /** The row's handle as in its record key, if the entry is unique; else it is at the end of the entry's key. */
  readonly handle: Uint8Array | undefined;
  /** In a global index: the partition that holds the row. */
  readonly partitionId: bigint | undefined;
  /** A row in format v2: column id → original string, or number of trailing spaces (`_bin` collations). */
  readonly restored: Uint8Array | undefined;
}

/**
 * Takes the value of an index entry apart; parts share its memory.
 *
 * @throws CodecError — when it is malformed.
 */
export function decodeIndexValue(value: Uint8Array): IndexValueParts {
  if (value.length <= PLAIN_BYTES_MAX) return plainParts(value);
  const from = new ByteReader(value);
  const tail = from.u8();
  const isVersion1 = tail <= 1 && value[1] === VERSION;
  if (isVersion1 && value[2] !== 1) malformed(`index value of version ${String(value[2])}`);
  from.skip(isVersion1 ? 2 : 0);
  if (tail > from.remaining) malformed(`tail of ${tail} bytes in an index value of ${value.length}`);
  const options = new ByteReader(value, from.at, value.length - tail);
  const common = readCommonHandle(options);
  const partitionId = readPartition(options);
  const restored = readRestored(options);
  options.expectEnd('the options of an index value');
  const isIntHandle = !isVersion1 && tail >= INT_HANDLE_BYTES && common === undefined;
  const handle = isIntHandle ? storedIntHandle(value, value.length - tail) : common;
  return { version: isVersion1 ? 1 : 0, handle, partitionId, restored };
}

function plainParts(value: Uint8Array): IndexValueParts {
  if (value.length === INT_HANDLE_BYTES) {
    return { version: 0, handle: storedIntHandle(value, 0), partitionId: undefined, restored: undefined };
  }
  const isNothing = value.length === 1 && value[0] === NOTHING;
  const isEmptyVersion1 = value.length === 3 && value[0] === 0 && value[1] === VERSION && value[2] === 1;
  if (!isNothing && !isEmptyVersion1) malformed(`index value of ${value.length} bytes`);
  return { version: isNothing ? 0 : 1, handle: undefined, partitionId: undefined, restored: undefined };
}

/** Values hold integer handles as plain big-endian two's complement, unlike keys. */
function storedIntHandle(value: Uint8Array, at: number): Uint8Array {
  return intHandle(new ByteReader(value, at).u64be());
}

function readCommonHandle(options: ByteReader): Uint8Array | undefined {
  if (options.remaining === 0 || options.peek() !== COMMON_HANDLE) return undefined;
  options.skip(1);
  return options.take(options.u16be());
}

function readPartition(options: ByteReader): bigint | undefined {
  if (options.remaining === 0 || options.peek() !== PARTITION) return undefined;
  options.skip(1);
  return readComparableI64(options);
}

function readRestored(options: ByteReader): Uint8Array | undefined {
  if (options.remaining === 0 || options.peek() !== ROW_V2) return undefined;
  return options.take(options.remaining);
}

/** Writes values of index entries: `begin`, then options in the order of the methods, then `finish`. */
export class IndexValueWriter {
  #out = new ByteWriter(0);
  #start = 0;
  #isVersion1 = false;

  /** Begins a value at the end of `out`. */
  begin(out: ByteWriter, isVersion1: boolean): void {
    this.#out = out;
    this.#start = out.length;
    this.#isVersion1 = isVersion1;
    out.u8(0);
    if (isVersion1) out.u8(VERSION).u8(1);
  }

  /** Adds the handle of a unique entry in a table clustered on something else than an integer. */
  addCommonHandle(handle: Uint8Array): void {
    assert(handle.length <= HANDLE_BYTES_MAX, 'a handle longer than a key may be');
    appendBytes(this.#out.u8(COMMON_HANDLE).u16be(handle.length), handle);
  }

  /** Adds the partition that holds the row, to an entry of a global index. */
  addPartition(partitionId: number): void {
    writeComparableI64(this.#out.u8(PARTITION), BigInt(partitionId));
  }

  addRestored(restored: RowV2Builder): void {
    restored.finish(this.#out);
  }

  /** @param intHandle - of a unique entry, as in the record key. */
  finish(intHandle?: Uint8Array): void {
    if (this.#isVersion1) return;
    const out = this.#out;
    const length = out.length - this.#start;
    if (length === 1) {
      out.truncate(this.#start);
      if (intHandle === undefined) out.u8(NOTHING);
    } else {
      const padding = intHandle === undefined ? Math.max(0, OPTIONS_BYTES_MIN - length) : 0;
      out.setU8(this.#start, padding + (intHandle?.length ?? 0));
      out.fill(0, padding);
    }
    // From the key's form, with the sign bit flipped, to the value's.
    if (intHandle !== undefined) appendBytes(out.u8(intHandle[0]! ^ 0x80), intHandle, 1);
  }
}
