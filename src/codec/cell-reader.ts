/**
 * Reads stored values of one column straight into its builder. A value has one of two forms: that of row format v2,
 * whose length is known from outside, or a flagged one (flagged-datum.ts), as in keys, row format v1 and the
 * coprocessor's TypeDefault rows.
 *
 * One class for all types, switching on a small number: the calls from the row loop stay monomorphic, which is worth
 * more than a class a type.
 *
 * @see pingcap/tidb pkg/util/rowcodec/{common,decoder}.go
 */
import { ByteReader } from './byte-reader.js';
import { appendDatum } from './cell.js';
import { malformed } from './codec-error.js';
import { BytesBuilder, type ColumnBuilder, DecBuilder, F64Builder, I64Builder } from './column-builder.js';
import type { Datum } from './datum.js';
import { DecimalReader } from './decimal-binary.js';
import { rescaled } from './decimal.js';
import { type FieldType, MysqlType, isUnsigned } from './field-type.js';
import { Flag, flaggedEnd, readFlagged } from './flagged-datum.js';
import { floatFromComparable } from './memcomparable.js';

const GROUP = 8;

/** What a column's stored bytes are. */
const Form = {
  int: 0,
  uint: 1,
  enum: 2,
  set: 3,
  float: 4,
  double: 5,
  decimal: 6,
  bytes: 7,
  json: 8,
  vector: 9,
} as const;

function formOf(type: FieldType): number {
  switch (type.tp) {
    case MysqlType.enum:
      return Form.enum;
    case MysqlType.set:
      return Form.set;
    case MysqlType.float:
      return Form.float;
    case MysqlType.double:
      return Form.double;
    case MysqlType.newdecimal:
      return Form.decimal;
    case MysqlType.json:
      return Form.json;
    case MysqlType.vectorFloat32:
      return Form.vector;
    case MysqlType.varchar:
    case MysqlType.varString:
    case MysqlType.string:
    case MysqlType.tinyBlob:
    case MysqlType.blob:
    case MysqlType.mediumBlob:
    case MysqlType.longBlob:
    case MysqlType.geometry:
      return Form.bytes;
    case MysqlType.year:
      return Form.int;
    default:
      return isUnsigned(type) ? Form.uint : Form.int;
  }
}

/** Appends values of one column to its builder. */
export class CellReader {
  readonly builder: ColumnBuilder;
  readonly type: FieldType;
  readonly #form: number;
  /** Members of an ENUM or SET. */
  readonly #members: number;
  // The builder again, under its own kind; the others stand in so that the fields are never undefined.
  readonly #ints: I64Builder;
  readonly #floats: F64Builder;
  readonly #decimals: DecBuilder;
  readonly #strings: BytesBuilder;
  readonly #decimal = new DecimalReader();

  constructor(type: FieldType, builder: ColumnBuilder) {
    this.type = type;
    this.builder = builder;
    this.#form = formOf(type);
    this.#members = type.elems.length;
    this.#ints = builder.kind === 'i64' ? builder : NO_INTS;
    this.#floats = builder.kind === 'f64' ? builder : NO_FLOATS;
    this.#decimals = builder.kind === 'dec' ? builder : NO_DECIMALS;
    this.#strings = builder.kind === 'bytes' ? builder : NO_STRINGS;
  }

  appendNull(): void {
    this.builder.appendNull();
  }

  appendDatum(datum: Datum): void {
    appendDatum(this.builder, datum);
  }

  /** Appends two halves: an integer handle. */
  appendInt(lo: number, hi: number): void {
    this.#ints.append(lo, hi);
  }

  /**
   * Appends the value whose bytes in row format v2 are `from … to`.
   *
   * @throws CodecError — when they are no value of the type; nothing was appended then.
   */
  readStored(bytes: Uint8Array, from: number, to: number): void {
    switch (this.#form) {
      case Form.int:
        this.#readInt(bytes, from, to);
        return;
      case Form.bytes:
        this.#strings.append(bytes, from, to);
        return;
      case Form.decimal:
        this.#readDecimal(bytes, from, to);
        return;
      case Form.uint:
      case Form.enum:
      case Form.set:
        this.#readUint(bytes, from, to);
        return;
      case Form.float:
      case Form.double:
        if (to - from !== 8) malformed(`floating-point value of ${to - from} bytes`);
        this.#appendFloat(bytes, from);
        return;
      default:
        if (to === from) malformed(`empty value of type ${this.type.tp}`);
        this.#strings.append(bytes, from, to);
    }
  }

  /**
   * Appends the flagged value at `at`.
   *
   * @returns where the next thing begins.
   * @throws CodecError — when it is malformed or not of the type; nothing was appended then.
   */
  readFlagged(bytes: Uint8Array, at: number, end: number): number {
    const next = flaggedEnd(bytes, at, end);
    const flag = bytes[at]!;
    if (flag === Flag.null) this.builder.appendNull();
    else if (this.#form <= Form.set) this.#readFlaggedInteger(bytes, at, next);
    else if (flag === Flag.bytes && this.#form === Form.bytes) this.#readComparable(bytes, at + 1, next);
    else if (flag === Flag.float && (this.#form === Form.float || this.#form === Form.double)) {
      this.#appendFloat(bytes, at + 1);
    } else if (flag === Flag.decimal && this.#form === Form.decimal) this.#readDecimal(bytes, at + 1, next);
    else appendDatum(this.builder, readFlagged(new ByteReader(bytes, at, next), this.type));
    return next;
  }

  #readInt(bytes: Uint8Array, from: number, to: number): void {
    switch (to - from) {
      case 1: {
        const lo = (bytes[from]! << 24) >> 24;
        this.#ints.append(lo, lo >> 31);
        return;
      }
      case 2: {
        const lo = ((bytes[from]! | (bytes[from + 1]! << 8)) << 16) >> 16;
        this.#ints.append(lo, lo >> 31);
        return;
      }
      case 4: {
        const lo = int32At(bytes, from);
        this.#ints.append(lo, lo >> 31);
        return;
      }
      case 8:
        this.#ints.append(int32At(bytes, from), int32At(bytes, from + 4));
        return;
      default:
        malformed(`integer of ${to - from} bytes`);
    }
  }

  #readUint(bytes: Uint8Array, from: number, to: number): void {
    switch (to - from) {
      case 1:
        this.#appendUint(bytes[from]!, 0);
        return;
      case 2:
        this.#appendUint(bytes[from]! | (bytes[from + 1]! << 8), 0);
        return;
      case 4:
        this.#appendUint(int32At(bytes, from), 0);
        return;
      case 8:
        this.#appendUint(int32At(bytes, from), int32At(bytes, from + 4));
        return;
      default:
        malformed(`unsigned integer of ${to - from} bytes`);
    }
  }

  #appendUint(lo: number, hi: number): void {
    if (this.#form === Form.enum && (hi !== 0 || lo >>> 0 > this.#members)) {
      // TiDB reads an index beyond the members as the empty value, and does not complain.
      this.#ints.append(0, 0);
      return;
    }
    if (this.#form === Form.set && hasBitBeyond(lo, hi, this.#members)) {
      malformed(`SET value with a bit beyond its ${this.#members} members`);
    }
    this.#ints.append(lo, hi);
  }

  #readFlaggedInteger(bytes: Uint8Array, at: number, next: number): void {
    const flag = bytes[at]!;
    if (flag === Flag.int || flag === Flag.uint || flag === Flag.duration) {
      const hi = int32BigEndianAt(bytes, at + 1) ^ (flag === Flag.uint ? 0 : 0x8000_0000);
      this.#appendUint(int32BigEndianAt(bytes, at + 5), hi);
      return;
    }
    const value = readFlagged(new ByteReader(bytes, at, next), this.type);
    if (typeof value !== 'bigint') malformed(`flag ${flag} of an integer at ${at}`);
    this.#appendUint(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }

  #appendFloat(bytes: Uint8Array, from: number): void {
    const value = floatFromComparable(int32BigEndianAt(bytes, from + 4), int32BigEndianAt(bytes, from));
    this.#floats.append(this.#form === Form.float ? Math.fround(value) : value);
  }

  #readDecimal(bytes: Uint8Array, from: number, to: number): void {
    const decimal = this.#decimal;
    decimal.read(bytes, from, to);
    if (decimal.next !== to) malformed(`${to - decimal.next} bytes after a decimal`);
    const scale = this.#decimals.scale;
    if (decimal.scale === scale && !Number.isNaN(decimal.small)) this.#decimals.appendSmall(decimal.small);
    else this.#decimals.appendUnscaled(rescaled(decimal.unscaled, decimal.scale, scale));
  }

  /** Bytes in comparable form, already checked, from `from` to `to`. */
  #readComparable(bytes: Uint8Array, from: number, to: number): void {
    for (let group = from; group < to; group += GROUP + 1) {
      this.#strings.put(bytes, group, group + GROUP - (0xff - bytes[group + GROUP]!));
    }
    this.#strings.close();
  }
}

const NO_INTS = new I64Builder();
const NO_FLOATS = new F64Builder();
const NO_DECIMALS = new DecBuilder(0);
const NO_STRINGS = new BytesBuilder();

function int32At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Four bytes, most significant first. */
export function int32BigEndianAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function hasBitBeyond(lo: number, hi: number, members: number): boolean {
  if (members >= 64) return false;
  return members >= 32 ? hi >>> (members - 32) !== 0 : hi !== 0 || lo >>> members !== 0;
}
