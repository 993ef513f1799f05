/**
 * Writes cells of a column (column.ts) in the two forms that a row needs: as a value of row format v2, and as a
 * flagged comparable value of a key. The counterpart of cell-reader.ts; nothing is allocated for a cell but for sort
 * keys that are not the string itself.
 *
 * @see pingcap/tidb pkg/util/rowcodec/{encoder,common}.go, pkg/util/codec/codec.go (EncodeKey)
 */
import { assert, unreachable } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { appendBytes } from './append-bytes.js';
import { type Collation, collationOf, trimmedEnd } from './collation.js';
import {
  type BytesColumn,
  type Column,
  type DecColumn,
  type I64Column,
  WIDE_HI,
  isNullAt,
} from './column.js';
import { DecimalWriter } from './decimal-binary.js';
import { type FieldType, MysqlType, storageOf } from './field-type.js';
import { Flag, decimalShapeOf, isUnsignedInKeys } from './flagged-datum.js';
import { writeComparableBytes, writeComparableFloat, writeComparableInt } from './memcomparable.js';
import { isPrefixInBytes, isString } from './string-type.js';
import { runePrefix, runesEnd } from './utf8.js';

const TWO_32 = 0x1_0000_0000;

/** No prefix: the whole value is in the key. */
export const WHOLE = -1;

/** How a column goes into a key. */
export interface KeyPart {
  /** Characters, or bytes of a binary string, of a column prefix; {@link WHOLE} if it is not one. */
  readonly prefixLength: number;
  /** The cluster's `new_collation_enabled`. */
  readonly isNewCollation: boolean;
}

/** Writes cells of a column as values of row format v2. */
export class StoredCellWriter {
  readonly #isSigned: boolean;
  readonly #decimal: DecimalWriter | undefined;

  constructor(type: FieldType) {
    this.#isSigned = !isUnsignedInKeys(type);
    this.#decimal = storageOf(type) === 'dec' ? new DecimalWriter(decimalShapeOf(type)) : undefined;
  }

  /**
   * Appends a cell that is not NULL.
   *
   * @returns whether it fits the type: only a decimal may not; then nothing was written.
   */
  write(out: ByteWriter, column: Column, row: number): boolean {
    switch (column.kind) {
      case 'i64':
        if (this.#isSigned) writeShortestInt(out, column.lo[row]!, column.hi[row]!);
        else writeShortestUint(out, column.lo[row]!, column.hi[row]!);
        return true;
      case 'f64':
        writeComparableFloat(out, column.values[row]!);
        return true;
      case 'dec':
        return writeDecimalCell(out, column, row, this.#decimal);
      case 'bytes':
        appendBytes(out, column.data, column.offsets[row], column.offsets[row + 1]);
        return true;
      default:
        return unreachable(column);
    }
  }
}

/** Writes cells of a column as flagged comparable values. */
export class KeyCellWriter {
  readonly #intFlag: number;
  readonly #decimal: DecimalWriter | undefined;
  readonly #collation: Collation | undefined;
  readonly #prefix: StringPrefix | undefined;
  readonly #sortKey = new ByteWriter(64);

  /**
   * @throws SqlError 1235 — when the column's collation is not supported.
   */
  constructor(type: FieldType, part: KeyPart) {
    assert(type.tp !== MysqlType.json && type.tp !== MysqlType.vectorFloat32, `type ${type.tp} in a key`);
    this.#intFlag = isUnsignedInKeys(type)
      ? Flag.uint
      : type.tp === MysqlType.duration
        ? Flag.duration
        : Flag.int;
    this.#decimal = storageOf(type) === 'dec' ? new DecimalWriter(decimalShapeOf(type)) : undefined;
    this.#collation = isString(type) ? collationOf(type.collate, part.isNewCollation) : undefined;
    this.#prefix =
      isString(type) && part.prefixLength !== WHOLE ? new StringPrefix(type, part.prefixLength) : undefined;
  }

  /**
   * Appends a cell, NULL included.
   *
   * @returns whether it fits the type, as {@link StoredCellWriter.write}.
   */
  write(out: ByteWriter, column: Column, row: number): boolean {
    if (isNullAt(column.nulls, row)) {
      out.u8(Flag.null);
      return true;
    }
    switch (column.kind) {
      case 'i64':
        this.#writeInt(out, column, row);
        return true;
      case 'f64':
        writeComparableFloat(out.u8(Flag.float), column.values[row]!);
        return true;
      case 'dec': {
        const before = out.length;
        const isWritten = writeDecimalCell(out.u8(Flag.decimal), column, row, this.#decimal);
        if (!isWritten) out.truncate(before);
        return isWritten;
      }
      case 'bytes':
        this.#writeString(out.u8(Flag.bytes), column, row);
        return true;
      default:
        return unreachable(column);
    }
  }

  #writeInt(out: ByteWriter, column: I64Column, row: number): void {
    out.u8(this.#intFlag);
    if (this.#intFlag === Flag.uint) out.u32be(column.hi[row]! >>> 0).u32be(column.lo[row]! >>> 0);
    else writeComparableInt(out, column.lo[row]!, column.hi[row]!);
  }

  #writeString(out: ByteWriter, column: BytesColumn, row: number): void {
    const collation = this.#collation;
    assert(collation !== undefined, 'a string for a column that is none');
    if (this.#prefix !== undefined) {
      const prefix = this.#prefix.of(column, row);
      this.#writeSorted(out, collation, prefix, 0, prefix.length);
    } else {
      this.#writeSorted(out, collation, column.data, column.offsets[row]!, column.offsets[row + 1]!);
    }
  }

  #writeSorted(out: ByteWriter, collation: Collation, bytes: Uint8Array, start: number, end: number): void {
    if (collation.isBytewise) {
      writeComparableBytes(out, bytes, start, collation.isPadSpace ? trimmedEnd(bytes, start, end) : end);
      return;
    }
    const key = this.#sortKey.reset();
    collation.writeSortKey(key, bytes, start, end);
    writeComparableBytes(out, key.view());
  }
}

/** Appends a cell as an integer handle. */
export function writeIntHandle(out: ByteWriter, column: Column, row: number): void {
  assert(column.kind === 'i64', 'an integer handle wanted');
  writeComparableInt(out, column.lo[row]!, column.hi[row]!);
}

/** The number of spaces that a string, or a prefix of it, ends in. */
export function trailingSpaces(column: Column, row: number, prefix: StringPrefix | undefined): number {
  assert(column.kind === 'bytes', 'a string wanted');
  if (prefix === undefined) {
    const end = column.offsets[row + 1]!;
    return end - trimmedEnd(column.data, column.offsets[row]!, end);
  }
  const bytes = prefix.of(column, row);
  return bytes.length - trimmedEnd(bytes, 0, bytes.length);
}

/** Cuts strings of a column to a prefix of so many characters or bytes. */
export class StringPrefix {
  readonly #length: number;
  readonly #isInBytes: boolean;

  constructor(type: FieldType, length: number) {
    this.#length = length;
    this.#isInBytes = isPrefixInBytes(type);
  }

  /** The prefix of a cell; shares the column's memory where it can. */
  of(column: BytesColumn, row: number): Uint8Array {
    const { data } = column;
    const start = column.offsets[row]!;
    const end = column.offsets[row + 1]!;
    if (this.#isInBytes) return data.subarray(start, Math.min(end, start + this.#length));
    // Characters are at least a byte, so most strings need not be counted.
    if (end - start <= this.#length) return data.subarray(start, end);
    const cut = runesEnd(data, start, end, this.#length);
    return cut === end ? data.subarray(start, end) : runePrefix(data.subarray(start, end), this.#length);
  }
}

/** Appends the fewest of 1, 2, 4 or 8 bytes that keep a signed integer. */
export function writeShortestInt(out: ByteWriter, lo: number, hi: number): void {
  if (hi !== lo >> 31) out.u32le(lo >>> 0).u32le(hi >>> 0);
  else if ((lo << 24) >> 24 === lo) out.u8(lo);
  else if ((lo << 16) >> 16 === lo) out.u16le(lo);
  else out.u32le(lo >>> 0);
}

/** Appends the fewest of 1, 2, 4 or 8 bytes that keep an unsigned integer. */
export function writeShortestUint(out: ByteWriter, lo: number, hi: number): void {
  if (hi !== 0) out.u32le(lo >>> 0).u32le(hi >>> 0);
  else if (lo >>> 0 <= 0xff) out.u8(lo);
  else if (lo >>> 0 <= 0xffff) out.u16le(lo);
  else out.u32le(lo >>> 0);
}

function writeDecimalCell(
  out: ByteWriter,
  column: DecColumn,
  row: number,
  writer: DecimalWriter | undefined,
): boolean {
  assert(writer !== undefined, 'a decimal for a column that is none');
  const hi = column.hi[row]!;
  if (hi === WIDE_HI) {
    const wide = column.wide?.get(row);
    assert(wide !== undefined, 'no wide value for a row of a decimal column');
    return writer.write(out, wide, column.scale);
  }
  const small = hi * TWO_32 + (column.lo[row]! >>> 0);
  if (column.scale === writer.shape.scale) return writer.writeSmall(out, small);
  return writer.write(out, BigInt(small), column.scale);
}
