/**
 * A row of the binary protocol, which answers COM_STMT_EXECUTE and COM_STMT_FETCH: a bitmap of NULLs, then values
 * in a form that depends on the column's type. On our side values are text, as in {@link printTextRow}.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { asBuffer, fromUtf8 } from '../base/bytes.js';
import {
  readBinaryDatetime,
  readBinaryDuration,
  writeBinaryDatetime,
  writeBinaryDuration,
} from './binary-time.js';
import { BinaryType, UNSIGNED_FLAG } from './binary-type.js';
import type { ColumnDefinition } from './column-definition.js';
import { writeLenencBytes, writeLenencText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';
import type { Cell } from './text-row.js';

const ROW_HEADER = 0x00;

/** The bitmap's first two bits belong to nobody. */
const BITMAP_OFFSET = 2;

/** @param cells - one for each column; numbers and times as MySQL prints them. */
export function printBinaryRow(
  cells: readonly Cell[],
  columns: readonly ColumnDefinition[],
  out: ByteWriter,
): void {
  const start = out.length;
  const bitmap = new Uint8Array((columns.length + BITMAP_OFFSET + 7) >>> 3);
  out.u8(ROW_HEADER).bytes(bitmap);
  columns.forEach((column, i) => {
    const cell = cells[i] ?? null;
    if (cell === null) {
      const bit = i + BITMAP_OFFSET;
      bitmap[bit >>> 3]! |= 1 << (bit & 7);
      out.setU8(start + 1 + (bit >>> 3), bitmap[bit >>> 3]!);
    } else {
      writeValue(cell, column, out);
    }
  });
}

/**
 * @returns values as text, as {@link printBinaryRow} takes them; strings as lent bytes.
 * @throws ProtocolError — on malformed bytes.
 */
export function parseBinaryRow(payload: Uint8Array, columns: readonly ColumnDefinition[]): Cell[] {
  const reader = new PayloadReader(payload, 'tidb', 'binary row');
  reader.expect(ROW_HEADER);
  const bitmap = reader.bytes((columns.length + BITMAP_OFFSET + 7) >>> 3);
  const cells = columns.map((column, i) => {
    const bit = i + BITMAP_OFFSET;
    return (bitmap[bit >>> 3]! & (1 << (bit & 7))) !== 0 ? null : readValue(reader, column);
  });
  reader.end();
  return cells;
}

function writeValue(cell: string | Uint8Array, column: ColumnDefinition, out: ByteWriter): void {
  const text = (): string => (typeof cell === 'string' ? cell : fromUtf8(cell));
  switch (column.type) {
    case BinaryType.tiny:
      out.u8(Number(text()) & 0xff);
      return;
    case BinaryType.short:
    case BinaryType.year:
      out.u16le(Number(text()) & 0xffff);
      return;
    case BinaryType.int24:
    case BinaryType.long:
      out.u32le(Number(text()));
      return;
    case BinaryType.longlong:
      out.u64le(BigInt(text()));
      return;
    case BinaryType.float: {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(Number(text()));
      out.bytes(bytes);
      return;
    }
    case BinaryType.double:
      out.f64le(Number(text()));
      return;
    case BinaryType.date:
    case BinaryType.datetime:
    case BinaryType.timestamp:
      writeBinaryDatetime(out, text());
      return;
    case BinaryType.duration:
      writeBinaryDuration(out, text());
      return;
    default:
      if (typeof cell === 'string') writeLenencText(out, cell);
      else writeLenencBytes(out, cell);
  }
}

function readValue(reader: PayloadReader, column: ColumnDefinition): Cell {
  const isUnsigned = (column.flags & UNSIGNED_FLAG) !== 0;
  const integer = (value: number, bits: number): string =>
    String(isUnsigned ? value : (value << (32 - bits)) >> (32 - bits));
  switch (column.type) {
    case BinaryType.tiny:
      return integer(reader.u8(), 8);
    case BinaryType.short:
      return integer(reader.u16(), 16);
    case BinaryType.year:
      return String(reader.u16()).padStart(4, '0');
    case BinaryType.int24:
    case BinaryType.long:
      return integer(reader.u32(), 32);
    case BinaryType.longlong: {
      const value = reader.u64();
      return String(isUnsigned ? value : BigInt.asIntN(64, value));
    }
    case BinaryType.float:
      return String(reader.f32());
    case BinaryType.double:
      return String(reader.f64());
    case BinaryType.date:
      return readBinaryDatetime(reader, 0, true);
    case BinaryType.datetime:
    case BinaryType.timestamp:
      return readBinaryDatetime(reader, column.decimals, false);
    case BinaryType.duration:
      return readBinaryDuration(reader, column.decimals);
    default:
      return asBuffer(reader.lenencBytes());
  }
}
