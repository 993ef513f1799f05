/**
 * The header of row format v2:
 *
 *     0x80 | flags | u16 count of values | u16 count of NULLs
 *     | column ids of the values, ascending | column ids of the NULLs, ascending
 *     | where each value ends, counted from the first | the values | [checksum]
 *
 * Flag 1: ids and ends are 32 bits wide, else ids 8 and ends 16. Flag 2: a checksum follows (a header byte and one or
 * two CRC32), which is not verified here. All little-endian.
 *
 * @see pingcap/tidb pkg/util/rowcodec/row.go
 */
import { malformed } from './codec-error.js';

/** First byte of a row in format v2. */
export const ROW_V2 = 0x80;
/** Flags. */
export const RowFlag = { large: 1, checksum: 2 } as const;
/** Bytes before the column ids. */
const ROW_HEADER_BYTES = 6;

const CHECKSUM_BYTES = 5;
const EXTRA_CHECKSUM_FLAG = 8;
const EXTRA_CHECKSUM_BYTES = 4;

/** A header that was read: positions are absolute. Keep one and `parse` again; that allocates nothing. */
export class RowHeader {
  isLarge = false;
  /** Number of values, and of NULLs. */
  values = 0;
  nulls = 0;
  /** Where the column ids begin, the ends of the values, and the values. */
  ids = 0;
  ends = 0;
  data = 0;
  /** Where the last value ends. */
  dataEnd = 0;

  /**
   * Reads the header of the row in bytes `start … end`.
   *
   * @throws CodecError — when it is not one in format v2, is cut short, or bytes are left over.
   */
  parse(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < ROW_HEADER_BYTES || bytes[start] !== ROW_V2) malformed('a row in format v2 wanted');
    const flags = bytes[start + 1]!;
    if (flags > (RowFlag.large | RowFlag.checksum)) malformed(`flags ${flags} of a row`);
    this.isLarge = (flags & RowFlag.large) !== 0;
    this.values = bytes[start + 2]! | (bytes[start + 3]! << 8);
    this.nulls = bytes[start + 4]! | (bytes[start + 5]! << 8);
    this.ids = start + ROW_HEADER_BYTES;
    this.ends = this.ids + (this.values + this.nulls) * (this.isLarge ? 4 : 1);
    this.data = this.ends + this.values * (this.isLarge ? 4 : 2);
    if (this.data > end) malformed(`row header beyond ${end}`);
    this.#checkOrder(bytes, 0, this.values);
    this.#checkOrder(bytes, this.values, this.values + this.nulls);
    this.dataEnd = this.values === 0 ? this.data : this.endOf(bytes, this.values - 1);
    this.#checkEnd(bytes, flags, end);
  }

  /** Moves to a row with the same header bytes: only the end of its values differs. */
  moveTo(bytes: Uint8Array, start: number, end: number): void {
    const shift = start + ROW_HEADER_BYTES - this.ids;
    this.ids += shift;
    this.ends += shift;
    this.data += shift;
    if (this.data > end) malformed(`row header beyond ${end}`);
    this.dataEnd = this.values === 0 ? this.data : this.endOf(bytes, this.values - 1);
    this.#checkEnd(bytes, bytes[start + 1]!, end);
  }

  /** Column id `index`, counting the values' first. */
  idAt(bytes: Uint8Array, index: number): number {
    return this.isLarge ? uint32At(bytes, this.ids + 4 * index) : bytes[this.ids + index]!;
  }

  /** Where value `index` begins. */
  startOf(bytes: Uint8Array, index: number): number {
    return index === 0 ? this.data : this.endOf(bytes, index - 1);
  }

  /** Where value `index` ends. */
  endOf(bytes: Uint8Array, index: number): number {
    if (this.isLarge) return this.data + uint32At(bytes, this.ends + 4 * index);
    const at = this.ends + 2 * index;
    return this.data + (bytes[at]! | (bytes[at + 1]! << 8));
  }

  /** Bytes of value `index`. @throws CodecError — when it ends before it begins, or beyond the last one. */
  lengthOf(bytes: Uint8Array, index: number): number {
    const from = this.startOf(bytes, index);
    const to = this.endOf(bytes, index);
    if (from > to || to > this.dataEnd) malformed(`value ${index} of a row from ${from} to ${to}`);
    return to - from;
  }

  #checkOrder(bytes: Uint8Array, from: number, to: number): void {
    let last = -1;
    for (let i = from; i < to; i++) {
      const id = this.idAt(bytes, i);
      if (id <= last) malformed(`column ${id} of a row after ${last}`);
      last = id;
    }
  }

  #checkEnd(bytes: Uint8Array, flags: number, end: number): void {
    const rest = end - this.dataEnd;
    if (rest === 0 && (flags & RowFlag.checksum) === 0) return;
    const hasExtra = rest > 0 && (bytes[this.dataEnd]! & EXTRA_CHECKSUM_FLAG) !== 0;
    const wanted =
      (flags & RowFlag.checksum) === 0 ? 0 : CHECKSUM_BYTES + (hasExtra ? EXTRA_CHECKSUM_BYTES : 0);
    if (rest !== wanted) malformed(`values of a row end at ${this.dataEnd}, the row at ${end}`);
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** What {@link findColumn} gives for a column that is NULL, and for one that the row does not have. */
export const COLUMN_NULL = -1;
export const COLUMN_MISSING = -2;

/** Which value of a row is a column's: its index, {@link COLUMN_NULL} or {@link COLUMN_MISSING}. */
export function findColumn(header: RowHeader, bytes: Uint8Array, columnId: number): number {
  for (let i = 0; i < header.values; i++) if (header.idAt(bytes, i) === columnId) return i;
  for (let i = 0; i < header.nulls; i++) {
    if (header.idAt(bytes, header.values + i) === columnId) return COLUMN_NULL;
  }
  return COLUMN_MISSING;
}
