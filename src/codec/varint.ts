/**
 * Go's variable-length integers: seven bits a byte, least significant first, the top bit says that more follow;
 * signed ones zigzag first, so that small negative numbers stay short.
 *
 * @see https://pkg.go.dev/encoding/binary, pingcap/tidb pkg/util/codec/number.go
 */
import type { ByteWriter } from '../base/byte-writer.js';
import type { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';

const BYTES_MAX = 10;
const U64_MAX = (1n << 64n) - 1n;

/** Appends an unsigned integer. Takes the low 64 bits. */
export function writeUvarint(out: ByteWriter, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    out.u8(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.u8(Number(rest));
}

/** Appends a signed integer. Takes the low 64 bits. */
export function writeVarint(out: ByteWriter, value: bigint): void {
  const signed = BigInt.asIntN(64, value);
  writeUvarint(out, signed < 0n ? ~(signed << 1n) : signed << 1n);
}

/** Reads an unsigned integer. @throws CodecError — when it is cut short or exceeds 64 bits. */
export function readUvarint(from: ByteReader): bigint {
  let value = 0n;
  for (let i = 0; i < BYTES_MAX; i++) {
    const byte = from.u8();
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) {
      if (value > U64_MAX) malformed(`varint beyond 64 bits before ${from.at}`);
      return value;
    }
  }
  return malformed(`varint longer than ${BYTES_MAX} bytes before ${from.at}`);
}

/** Reads a signed integer. @throws CodecError — when it is cut short or exceeds 64 bits. */
export function readVarint(from: ByteReader): bigint {
  const zigzag = readUvarint(from);
  return (zigzag & 1n) === 1n ? ~(zigzag >> 1n) : zigzag >> 1n;
}

/**
 * Reads a length.
 *
 * @throws CodecError — also when fewer bytes than that follow.
 */
export function readLength(from: ByteReader, length: bigint): number {
  if (length < 0n || length > BigInt(from.remaining))
    malformed(`length ${length} at ${from.at}, ${from.remaining} left`);
  return Number(length);
}
