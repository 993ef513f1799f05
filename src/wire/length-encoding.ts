/**
 * Writing length-encoded integers and strings (reading them is {@link PayloadReader}'s).
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';

/** First bytes that announce a wider integer, and the one that stands for NULL in a text row. */
export const Lenenc = { null: 0xfb, u16: 0xfc, u24: 0xfd, u64: 0xfe } as const;

/** Writes an integer below 2^53 in as few bytes as it needs. */
export function writeLenencInt(out: ByteWriter, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, `length-encoded integer ${value} is out of range`);
  if (value < Lenenc.null) {
    out.u8(value);
  } else if (value <= 0xffff) {
    out.u8(Lenenc.u16).u16le(value);
  } else if (value <= 0xff_ff_ff) {
    out
      .u8(Lenenc.u24)
      .u16le(value & 0xffff)
      .u8(value >>> 16);
  } else {
    out.u8(Lenenc.u64).u64le(BigInt(value));
  }
}

/** The same for the whole range of 64 unsigned bits. */
export function writeLenencBigint(out: ByteWriter, value: bigint): void {
  assert(value >= 0n && value < 1n << 64n, `length-encoded integer ${String(value)} is out of range`);
  if (value <= 0xff_ff_ffn) writeLenencInt(out, Number(value));
  else out.u8(Lenenc.u64).u64le(value);
}

/** Writes bytes after their length. */
export function writeLenencBytes(out: ByteWriter, bytes: Uint8Array): void {
  writeLenencInt(out, bytes.length);
  out.bytes(bytes);
}

/** Writes text, as UTF-8, after its length in bytes. */
export function writeLenencText(out: ByteWriter, text: string): void {
  writeLenencInt(out, Buffer.byteLength(text, 'utf8'));
  out.utf8(text);
}

/**
 * Writes text, as UTF-8, and a zero byte.
 *
 * @throws AssertionError — when the text itself has a zero byte, which would end it early.
 */
export function writeNulText(out: ByteWriter, text: string): void {
  assert(!text.includes('\0'), 'a zero-terminated string cannot hold a zero byte');
  out.utf8(text).u8(0);
}
