/**
 * Values that carry their kind in a first byte. TiDB has two families of them: the comparable one of keys (index
 * values, clustered keys), and the compact one of row format v1, of origin defaults sent to the coprocessor and of
 * restored index columns. The coprocessor's TypeDefault rows mix both, so reading accepts whatever the flag says.
 *
 * @see pingcap/tidb pkg/util/codec/codec.go (encode, CutOne, DecodeOne), pkg/tablecodec/tablecodec.go (flatten)
 */
import { assert, unreachable } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';
import type { Collation } from './collation.js';
import type { Datum } from './datum.js';
import { Decimal } from './decimal.js';
import { DecimalReader, DecimalWriter, decimalEnd } from './decimal-binary.js';
import { type FieldType, MysqlType, isUnsigned, storageOf } from './field-type.js';
import { jsonEnd } from './json-binary.js';
import {
  comparableBytesEnd,
  readComparableBytes,
  readComparableFloat,
  readComparableI64,
  writeComparableBytes,
  writeComparableFloat,
  writeComparableI64,
} from './memcomparable.js';
import { readLength, readUvarint, readVarint, writeUvarint, writeVarint } from './varint.js';
import { vectorEnd } from './vector.js';

/** First bytes. */
export const Flag = {
  null: 0,
  bytes: 1,
  compactBytes: 2,
  int: 3,
  uint: 4,
  float: 5,
  decimal: 6,
  duration: 7,
  varint: 8,
  uvarint: 9,
  json: 10,
  vector: 20,
  max: 250,
} as const;

/**
 * Where the value (flag and all) that begins at `at` ends.
 *
 * @throws CodecError — when it is cut short, malformed or of an unknown flag.
 */
export function flaggedEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) malformed(`a value wanted at ${at}`);
  const flag = bytes[at]!;
  switch (flag) {
    case Flag.null:
      return at + 1;
    case Flag.bytes:
      return comparableBytesEnd(bytes, at + 1, end);
    case Flag.int:
    case Flag.uint:
    case Flag.float:
    case Flag.duration:
      if (end - at < 9) malformed(`value of flag ${flag} cut short at ${end}`);
      return at + 9;
    case Flag.decimal:
      return decimalEnd(bytes, at + 1, end);
    case Flag.json:
      return jsonEnd(bytes, at + 1, end);
    case Flag.vector:
      return vectorEnd(bytes, at + 1, end);
    default:
      return variableEnd(flag, new ByteReader(bytes, at + 1, end));
  }
}

function variableEnd(flag: number, from: ByteReader): number {
  switch (flag) {
    case Flag.compactBytes:
      from.skip(readLength(from, readVarint(from)));
      return from.at;
    case Flag.varint:
      readVarint(from);
      return from.at;
    case Flag.uvarint:
      readUvarint(from);
      return from.at;
    default:
      return malformed(`flag ${flag} before ${from.at}`);
  }
}

/**
 * Reads a value of a type.
 *
 * @throws CodecError — when it is malformed, or its flag does not go with the type.
 */
export function readFlagged(from: ByteReader, type: FieldType): Datum {
  const flag = from.u8();
  if (flag === Flag.null) return null;
  const kind = storageOf(type);
  switch (kind) {
    case 'i64': {
      const value = readInteger(from, flag);
      return isUnsigned(type) ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
    }
    case 'f64':
      if (flag !== Flag.float) malformed(`flag ${flag} of a floating-point value before ${from.at}`);
      return singleOrDouble(type, readComparableFloat(from));
    case 'dec':
      if (flag !== Flag.decimal) malformed(`flag ${flag} of a decimal before ${from.at}`);
      return readDecimal(from);
    case 'bytes':
      return readBytes(from, flag);
    default:
      return unreachable(kind);
  }
}

/** FLOAT is read as a single-precision number, as TiDB does, whatever was stored. */
function singleOrDouble(type: FieldType, value: number): number {
  return type.tp === MysqlType.float ? Math.fround(value) : value;
}

/** Reads an integer, a packed time or a duration after its flag; the low 64 bits count. */
function readInteger(from: ByteReader, flag: number): bigint {
  switch (flag) {
    case Flag.int:
    case Flag.duration:
      return readComparableI64(from);
    case Flag.uint:
      return from.u64be();
    case Flag.varint:
      return readVarint(from);
    case Flag.uvarint:
      return readUvarint(from);
    default:
      return malformed(`flag ${flag} of an integer before ${from.at}`);
  }
}

function readDecimal(from: ByteReader): Decimal {
  const reader = new DecimalReader();
  reader.read(from.bytes, from.at, from.end);
  from.at = reader.next;
  return new Decimal(reader.unscaled, reader.scale);
}

function readBytes(from: ByteReader, flag: number): Uint8Array {
  switch (flag) {
    case Flag.bytes:
      return readComparableBytes(from);
    case Flag.compactBytes:
      return from.take(readLength(from, readVarint(from)));
    case Flag.json:
      return from.take(jsonEnd(from.bytes, from.at, from.end) - from.at);
    case Flag.vector:
      return from.take(vectorEnd(from.bytes, from.at, from.end) - from.at);
    default:
      return malformed(`flag ${flag} of bytes before ${from.at}`);
  }
}

/**
 * Appends a value in its compact form, as in row format v1 and in the coprocessor's default values: times and
 * durations are flattened to plain integers there.
 */
export function writeCompact(out: ByteWriter, datum: Datum, type: FieldType): void {
  if (datum === null) {
    out.u8(Flag.null);
  } else if (typeof datum === 'bigint') {
    if (isUnsignedInKeys(type)) writeUvarint(out.u8(Flag.uvarint), datum);
    else writeVarint(out.u8(Flag.varint), datum);
  } else if (typeof datum === 'number') {
    writeComparableFloat(out.u8(Flag.float), datum);
  } else if (datum instanceof Decimal) {
    writeDecimalOf(out, datum, type);
  } else if (type.tp === MysqlType.json) {
    out.u8(Flag.json).bytes(datum);
  } else if (type.tp === MysqlType.vectorFloat32) {
    out.u8(Flag.vector).bytes(datum);
  } else {
    writeVarint(out.u8(Flag.compactBytes), BigInt(datum.length));
    out.bytes(datum);
  }
}

/** Appends a value in its comparable form; strings as their sort key. JSON and VECTOR have none. */
export function writeComparable(out: ByteWriter, datum: Datum, type: FieldType, collation: Collation): void {
  if (datum === null) {
    out.u8(Flag.null);
  } else if (typeof datum === 'bigint') {
    if (isUnsignedInKeys(type)) out.u8(Flag.uint).u64be(datum);
    else writeComparableI64(out.u8(type.tp === MysqlType.duration ? Flag.duration : Flag.int), datum);
  } else if (typeof datum === 'number') {
    writeComparableFloat(out.u8(Flag.float), datum);
  } else if (datum instanceof Decimal) {
    writeDecimalOf(out, datum, type);
  } else {
    assert(type.tp !== MysqlType.json && type.tp !== MysqlType.vectorFloat32, `type ${type.tp} in a key`);
    writeComparableBytes(out.u8(Flag.bytes), collation.sortKey(datum));
  }
}

/** Whether TiDB tags integers of the type as unsigned: YEAR is not, though its column has the flag. */
export function isUnsignedInKeys(type: FieldType): boolean {
  return type.tp !== MysqlType.year && isUnsigned(type);
}

/** DECIMAL has one form for both families. */
function writeDecimalOf(out: ByteWriter, datum: Decimal, type: FieldType): void {
  const shape = decimalShapeOf(type);
  const isWritten = new DecimalWriter(shape).write(out.u8(Flag.decimal), datum.unscaled, datum.scale);
  assert(isWritten, `a decimal of ${datum.precision} digits for decimal(${shape.precision},${shape.scale})`);
}

/** Precision and scale that values of a DECIMAL column are stored with. */
export function decimalShapeOf(type: FieldType): { readonly precision: number; readonly scale: number } {
  return { precision: type.flen > 0 ? type.flen : 10, scale: Math.max(type.decimal, 0) };
}
