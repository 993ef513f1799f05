/** Literals as constants with TiDB's types. */
import { asBuffer, utf8 } from '../../base/bytes.js';
import { Decimal } from '../../codec/decimal.js';
import { parseDuration } from '../../codec/duration.js';
import { FieldFlag, type FieldType, MysqlType, type MysqlTypeCode } from '../../codec/field-type.js';
import { type TimeParts, dateOfDay, dayOfDate, packTime, parseTime } from '../../codec/packed-time.js';
import { runeCount } from '../../codec/utf8.js';
import type { Constant } from '../../dataflow/expression.js';
import type { NumberLiteral, StringLiteral, TimeLiteral } from '../../sql/ast/leaf.js';

const SIGNED_MAX = 0x7fff_ffff_ffff_ffffn;
const UNSIGNED_MAX = 0xffff_ffff_ffff_ffffn;
/** Digits that a DECIMAL can have, and how many of them behind the point. */
const DECIMAL_DIGITS = 65;
const DECIMAL_SCALE = 30;

/** A type of binary collation, as numbers and times have. */
export function plainType(tp: MysqlTypeCode, flen: number, decimal: number, flag: number): FieldType {
  return {
    tp,
    flag: flag | FieldFlag.binary,
    flen,
    decimal,
    charset: 'binary',
    collate: 'binary',
    elems: [],
  };
}

/** The constant NULL. */
export const NULL_CONSTANT: Constant = {
  kind: 'constant',
  value: null,
  type: plainType(MysqlType.null, 0, 0, 0),
};

/** An integer constant; undefined: beyond 64 bits. */
export function integerConstant(value: bigint, flen: number): Constant | undefined {
  if (value < -SIGNED_MAX - 1n || value > UNSIGNED_MAX) return undefined;
  const flag = FieldFlag.notNull | (value > SIGNED_MAX ? FieldFlag.unsigned : 0);
  return { kind: 'constant', value, type: plainType(MysqlType.longlong, flen, 0, flag) };
}

/** A number; integers of more than 64 bits are decimals. undefined: TiDB cannot hold it exactly. */
export function numberConstant({ form, text }: NumberLiteral): Constant | undefined {
  if (form === 'double') return realConstant(Number(text), text.length);
  if (form === 'integer') {
    const constant = integerConstant(BigInt(text), text.length);
    if (constant !== undefined) return constant;
  }
  const value = Decimal.parse(text);
  return value === undefined ? undefined : decimalConstant(value);
}

function realConstant(value: number, flen: number): Constant | undefined {
  if (!Number.isFinite(value)) return undefined;
  return { kind: 'constant', value, type: plainType(MysqlType.double, flen, -1, FieldFlag.notNull) };
}

function decimalConstant(value: Decimal): Constant | undefined {
  if (value.precision > DECIMAL_DIGITS || value.scale > DECIMAL_SCALE) return undefined;
  const type = plainType(MysqlType.newdecimal, value.precision, value.scale, FieldFlag.notNull);
  return { kind: 'constant', value, type };
}

/** The number with the other sign; undefined: there is none of its type. */
export function negated(constant: Constant): Constant | undefined {
  const { value, type } = constant;
  if (typeof value === 'bigint') {
    // Only 2^63 of the unsigned ones has a negative of 64 bits.
    return value > SIGNED_MAX + 1n ? undefined : integerConstant(-value, type.flen + 1);
  }
  if (typeof value === 'number') return realConstant(-value, type.flen + 1);
  return value instanceof Decimal ? decimalConstant(new Decimal(-value.unscaled, value.scale)) : undefined;
}

/** A string; undefined: its introducer names another character set than utf8mb4. */
export function stringConstant({ value, charset }: StringLiteral): Constant | undefined {
  // The canonical text is UTF-8; an introducer of another character set would say that these bytes mean something else.
  const name = charset?.toLowerCase() ?? 'utf8mb4';
  if (name !== 'utf8mb4' && name !== 'utf8' && name !== 'utf8mb3') return undefined;
  const bytes = utf8(value);
  const flen = runeCount(bytes);
  return {
    kind: 'constant',
    value: bytes,
    type: {
      tp: MysqlType.varString,
      flag: FieldFlag.notNull,
      flen,
      decimal: -1,
      charset: name === 'utf8mb4' ? 'utf8mb4' : 'utf8',
      collate: name === 'utf8mb4' ? 'utf8mb4_bin' : 'utf8_bin',
      elems: [],
    },
  };
}

/** A time literal; undefined: not of the one form in which all versions of TiDB read the same. */
export function timeConstant({ form, value }: TimeLiteral): Constant | undefined {
  if (form === 'TIME') return durationConstant(value);
  const parts = momentParts(value);
  const isDateOnly = !/[ T]/.test(value);
  if (parts === undefined || isDateOnly !== (form === 'DATE')) return undefined;
  return momentConstant(parts, form === 'DATE' ? MysqlType.date : MysqlType.datetime, fractionDigits(value));
}

/** A moment as a constant. */
export function momentConstant(parts: TimeParts, tp: MysqlTypeCode, fsp: number): Constant {
  const flen = tp === MysqlType.date ? 10 : 19 + (fsp > 0 ? 1 + fsp : 0);
  return { kind: 'constant', value: packTime(parts), type: plainType(tp, flen, fsp, FieldFlag.notNull) };
}

/** `[-]HH:MM:SS[.ffffff]` as a duration; undefined: of another form, or out of range. */
export function durationConstant(text: string): Constant | undefined {
  const nanoseconds = /^-?\d{2,3}:\d{2}:\d{2}(?:[.]\d{1,6})?$/.test(text) ? parseDuration(text) : undefined;
  if (nanoseconds === undefined) return undefined;
  const limit = 3_020_399_000_000_000n;
  if (nanoseconds < -limit || nanoseconds > limit) return undefined;
  const fsp = fractionDigits(text);
  return {
    kind: 'constant',
    value: nanoseconds,
    type: plainType(MysqlType.duration, 10 + (fsp > 0 ? 1 + fsp : 0), fsp, FieldFlag.notNull),
  };
}

/**
 * The parts of `YYYY-MM-DD[ HH:MM:SS[.ffffff]]`, if that is a day that exists: what TiDB makes of others depends on
 * the sql_mode.
 */
export function momentParts(text: string): TimeParts | undefined {
  const parts = parseTime(text);
  if (parts === undefined || parts.year === 0 || parts.month === 0 || parts.day === 0) return undefined;
  const date = dateOfDay(dayOfDate(parts.year, parts.month, parts.day));
  return date.month === parts.month && date.day === parts.day ? parts : undefined;
}

/** Digits behind the point of a time's text. */
export function fractionDigits(text: string): number {
  return /[.](\d*)$/.exec(text)?.[1]?.length ?? 0;
}

/** The text of a string constant that is ASCII; undefined: it is not, or is no string. */
export function asciiText({ value }: Constant): string | undefined {
  if (!(value instanceof Uint8Array) || value.some((byte) => byte >= 0x80)) return undefined;
  return asBuffer(value).toString('latin1');
}
