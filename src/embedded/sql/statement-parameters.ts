/**
 * Parameters of prepared statements: their values are read from COM_STMT_EXECUTE and put into the text as literals, so
 * that a prepared statement is nothing but a text with holes.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 */
import { fromUtf8, toHex, utf8 } from '../../base/bytes.js';
import { MysqlType } from '../../codec/field-type.js';
import { printString } from '../../sql/parse/print-text.js';
import type { LexMode } from '../../sql/scan/lex-mode.js';
import { TokenCursor } from '../../sql/scan/token-cursor.js';
import { readBinaryDatetime, readBinaryDuration } from '../../wire/binary-time.js';
import { PayloadReader } from '../../wire/payload-reader.js';

/** The type of a parameter, with 0x8000 where it is unsigned. */
export type ParameterTypes = readonly number[];

const UNSIGNED = 0x8000;
const MICROSECONDS = 6;

/** A statement with holes: the text before, between and behind its parameters. */
export function splitAtParameters(text: string, mode: LexMode): readonly string[] {
  const bytes = utf8(text);
  const cursor = new TokenCursor(bytes, 0, bytes.length, mode);
  const parts: string[] = [];
  let from = 0;
  for (; cursor.kind !== 'end'; cursor.next()) {
    if (!cursor.isSymbol('?')) continue;
    parts.push(fromUtf8(bytes.subarray(from, cursor.start)));
    from = cursor.end;
  }
  parts.push(fromUtf8(bytes.subarray(from)));
  return parts;
}

/** The text with literals in its holes. */
export function filledIn(parts: readonly string[], literals: readonly string[]): string {
  return parts.map((part, i) => part + (i < parts.length - 1 ? ` ${literals[i] ?? 'NULL'} ` : '')).join('');
}

/**
 * Reads the parameters of an execution.
 *
 * @param known - types of the execution before, which a client need not send again.
 * @param long - values sent by COM_STMT_SEND_LONG_DATA, by place.
 * @throws ProtocolError — on malformed bytes.
 */
export function readParameters(
  payload: Uint8Array,
  count: number,
  known: ParameterTypes | undefined,
  long: ReadonlyMap<number, Uint8Array>,
): { readonly literals: readonly string[]; readonly types: ParameterTypes } {
  if (count === 0) return { literals: [], types: [] };
  const reader = new PayloadReader(payload, 'client', 'COM_STMT_EXECUTE');
  const nulls = reader.bytes((count + 7) >>> 3);
  const hasTypes = reader.u8() === 1;
  const types = hasTypes ? Array.from({ length: count }, () => reader.u16()) : known;
  if (types?.length !== count) throw reader.malformed('it has no types');
  const literals = types.map((type, i) => {
    const given = long.get(i);
    if (given !== undefined) return stringLiteral(given, type & 0xff);
    const isNull = ((nulls[i >>> 3] ?? 0) & (1 << (i & 7))) !== 0;
    return isNull ? 'NULL' : readLiteral(reader, type);
  });
  return { literals, types };
}

function readLiteral(reader: PayloadReader, type: number): string {
  const isUnsigned = (type & UNSIGNED) !== 0;
  const integer = (value: bigint, bits: number): string =>
    (isUnsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)).toString();
  switch (type & 0xff) {
    case MysqlType.null:
      return 'NULL';
    case MysqlType.tiny:
      return integer(BigInt(reader.u8()), 8);
    case MysqlType.short:
    case MysqlType.year:
      return integer(BigInt(reader.u16()), 16);
    case MysqlType.int24:
    case MysqlType.long:
      return integer(BigInt(reader.u32()), 32);
    case MysqlType.longlong:
      return integer(reader.u64(), 64);
    case MysqlType.float:
      return doubleLiteral(reader.f32());
    case MysqlType.double:
      return doubleLiteral(reader.f64());
    case MysqlType.date:
      return printString(readBinaryDatetime(reader, 0, true));
    case MysqlType.datetime:
    case MysqlType.timestamp:
      return printString(readBinaryDatetime(reader, MICROSECONDS, false));
    case MysqlType.duration:
      return printString(readBinaryDuration(reader, MICROSECONDS));
    case MysqlType.newdecimal:
      return reader.lenencText();
    default:
      return stringLiteral(reader.lenencBytes(), type & 0xff);
  }
}

/** Numbers that are whole are written as such: clients without integers send doubles for them. */
function doubleLiteral(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : value.toExponential();
}

/** Bytes that are no text are written in hexadecimal. */
function stringLiteral(bytes: Uint8Array, type: number): string {
  const isBlob =
    type === MysqlType.blob ||
    type === MysqlType.longBlob ||
    type === MysqlType.mediumBlob ||
    type === MysqlType.tinyBlob;
  const text = fromUtf8(bytes);
  return isBlob && text.includes('\u{fffd}') ? `x'${toHex(bytes)}'` : printString(text);
}
