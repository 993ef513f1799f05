/**
 * Dates and times of the binary protocol: a length byte, then only as many fields as are not zero.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import type { PayloadReader } from './payload-reader.js';

const DATETIME = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;
const DURATION = /^(-?)(\d{1,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const MICROSECOND_DIGITS = 6;

/** Writes `2024-02-29`, `2024-02-29 12:34:56` or `2024-02-29 12:34:56.789`. */
export function writeBinaryDatetime(out: ByteWriter, text: string): void {
  const match = DATETIME.exec(text);
  assert(match !== null, `'${text}' is no date or time as MySQL prints them`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits: string | undefined) => Number(digits ?? 0));
  const micros = toMicros(match[7]);
  const hasTime = hour + minute + second > 0;
  const length = micros > 0 ? 11 : hasTime ? 7 : year + month + day > 0 ? 4 : 0;
  out.u8(length);
  if (length >= 4) out.u16le(year).u8(month).u8(day);
  if (length >= 7) out.u8(hour).u8(minute).u8(second);
  if (length === 11) out.u32le(micros);
}

/** Writes `-838:59:59` or `12:34:56.789`. */
export function writeBinaryDuration(out: ByteWriter, text: string): void {
  const match = DURATION.exec(text);
  assert(match !== null, `'${text}' is no time as MySQL prints it`);
  const hours = Number(match[2]);
  const minutes = Number(match[3]);
  const seconds = Number(match[4]);
  const micros = toMicros(match[5]);
  const length = micros > 0 ? 12 : hours + minutes + seconds > 0 ? 8 : 0;
  out.u8(length);
  if (length === 0) return;
  out.u8(match[1] === '-' ? 1 : 0).u32le(Math.floor(hours / 24));
  out
    .u8(hours % 24)
    .u8(minutes)
    .u8(seconds);
  if (length === 12) out.u32le(micros);
}

/** @param decimals - digits after the seconds' point. @returns the text MySQL would print. */
export function readBinaryDatetime(reader: PayloadReader, decimals: number, isDate: boolean): string {
  const length = reader.u8();
  if (length !== 0 && length !== 4 && length !== 7 && length !== 11) {
    throw reader.malformed(`a date of ${length} bytes`);
  }
  const date =
    length === 0 ? '0000-00-00' : `${pad(reader.u16(), 4)}-${pad(reader.u8(), 2)}-${pad(reader.u8(), 2)}`;
  if (isDate) {
    reader.skip(Math.max(0, length - 4));
    return date;
  }
  const time =
    length >= 7 ? `${pad(reader.u8(), 2)}:${pad(reader.u8(), 2)}:${pad(reader.u8(), 2)}` : '00:00:00';
  return `${date} ${time}${fraction(length === 11 ? reader.u32() : 0, decimals)}`;
}

/** @param decimals - digits after the seconds' point. @returns the text MySQL would print. */
export function readBinaryDuration(reader: PayloadReader, decimals: number): string {
  const length = reader.u8();
  if (length !== 0 && length !== 8 && length !== 12) throw reader.malformed(`a time of ${length} bytes`);
  if (length === 0) return `00:00:00${fraction(0, decimals)}`;
  const sign = reader.u8() === 0 ? '' : '-';
  const hours = reader.u32() * 24 + reader.u8();
  const time = `${sign}${pad(hours, 2)}:${pad(reader.u8(), 2)}:${pad(reader.u8(), 2)}`;
  return time + fraction(length === 12 ? reader.u32() : 0, decimals);
}

function toMicros(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.padEnd(MICROSECOND_DIGITS, '0'));
}

function fraction(micros: number, decimals: number): string {
  if (decimals === 0 || decimals > MICROSECOND_DIGITS) return micros === 0 ? '' : `.${pad(micros, 6)}`;
  return `.${pad(micros, MICROSECOND_DIGITS).slice(0, decimals)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
