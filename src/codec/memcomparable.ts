/**
 * The order-preserving forms in which TiDB writes keys: comparing the bytes is comparing the values.
 *
 * - Bytes: groups of eight, the last one padded with zeros, each followed by 0xFF less its number of padding bytes; a
 *   length that is a multiple of eight gets one more group of padding only. So the form is self-delimiting, and a
 *   prefix sorts before what it is a prefix of.
 * - int64: big-endian with the sign bit flipped; uint64: big-endian.
 * - float64: big-endian bits; sign bit set if not negative, all bits flipped if negative. −0 becomes +0.
 *
 * @see pingcap/tidb pkg/util/codec/{bytes,number,float}.go
 */
import type { ByteWriter } from '../base/byte-writer.js';
import type { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';

const GROUP = 8;
const SIGN = 1n << 63n;

/** Appends the comparable form of bytes `start … end`. */
export function writeComparableBytes(
  out: ByteWriter,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): void {
  let at = start;
  for (; end - at >= GROUP; at += GROUP) {
    out.reserve(GROUP + 1);
    for (let i = 0; i < GROUP; i++) out.u8(bytes[at + i]!);
    out.u8(0xff);
  }
  const rest = end - at;
  for (let i = 0; i < rest; i++) out.u8(bytes[at + i]!);
  out.fill(0, GROUP - rest);
  out.u8(0xff - (GROUP - rest));
}

/** The comparable form of bytes, alone. PD's and the feed's region bounds are in this form. */
export function comparableBytes(bytes: Uint8Array): Uint8Array {
  const groups = Math.floor(bytes.length / GROUP) + 1;
  const out = new Uint8Array(groups * (GROUP + 1));
  for (let group = 0; group < groups; group++) {
    const part = bytes.subarray(group * GROUP, (group + 1) * GROUP);
    out.set(part, group * (GROUP + 1));
    out[group * (GROUP + 1) + GROUP] = 0xff - (GROUP - part.length);
  }
  return out;
}

/**
 * Where the comparable form that begins at `at` ends.
 *
 * @throws CodecError — when it is cut short, has an impossible marker or padding that is not zero.
 */
export function comparableBytesEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let group = at; ; group += GROUP + 1) {
    if (end - group < GROUP + 1) malformed(`comparable bytes cut short at ${end}`);
    const padding = 0xff - bytes[group + GROUP]!;
    if (padding === 0) continue;
    if (padding > GROUP) malformed(`marker of comparable bytes at ${group + GROUP}`);
    for (let i = GROUP - padding; i < GROUP; i++) {
      if (bytes[group + i] !== 0) malformed(`padding of comparable bytes at ${group + i}`);
    }
    return group + GROUP + 1;
  }
}

/**
 * Reads bytes in comparable form.
 *
 * @throws CodecError — see {@link comparableBytesEnd}.
 */
export function readComparableBytes(from: ByteReader): Uint8Array {
  const end = comparableBytesEnd(from.bytes, from.at, from.end);
  const groups = (end - from.at) / (GROUP + 1);
  const out = new Uint8Array(groups * GROUP - (0xff - from.bytes[end - 1]!));
  for (let group = 0, to = 0; group < groups; group++, to += GROUP) {
    const start = from.at + group * (GROUP + 1);
    out.set(from.bytes.subarray(start, start + Math.min(GROUP, out.length - to)), to);
  }
  from.at = end;
  return out;
}

/** Appends a signed integer in comparable form, given as two's complement halves. */
export function writeComparableInt(out: ByteWriter, lo: number, hi: number): void {
  out.u32be((hi ^ 0x8000_0000) >>> 0).u32be(lo >>> 0);
}

/** Appends an unsigned integer in comparable form, given as halves. */
export function writeComparableUint(out: ByteWriter, lo: number, hi: number): void {
  out.u32be(hi >>> 0).u32be(lo >>> 0);
}

/** Appends a signed integer in comparable form. Takes the low 64 bits. */
export function writeComparableI64(out: ByteWriter, value: bigint): void {
  out.u64be(BigInt.asUintN(64, value) ^ SIGN);
}

/** Reads a signed integer in comparable form. @throws CodecError — when it is cut short. */
export function readComparableI64(from: ByteReader): bigint {
  return BigInt.asIntN(64, from.u64be() ^ SIGN);
}

const floatScratch = new Float64Array(1);
const halvesScratch = new Int32Array(floatScratch.buffer);
/** Which half of the scratch is the high one: depends on the machine's byte order. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Appends a double in comparable form. */
export function writeComparableFloat(out: ByteWriter, value: number): void {
  floatScratch[0] = value;
  const hi = halvesScratch[HIGH]!;
  const lo = halvesScratch[1 - HIGH]!;
  // Not `hi < 0`: −0 compares as not negative, and so loses its sign here, as in TiDB.
  if (value >= 0) out.u32be((hi | 0x8000_0000) >>> 0).u32be(lo >>> 0);
  else out.u32be(~hi >>> 0).u32be(~lo >>> 0);
}

/** A double from its comparable form, given as big-endian halves. */
export function floatFromComparable(lo: number, hi: number): number {
  const isNegative = hi >= 0;
  halvesScratch[HIGH] = isNegative ? ~hi : hi & 0x7fff_ffff;
  halvesScratch[1 - HIGH] = isNegative ? ~lo : lo;
  return floatScratch[0]!;
}

/** Reads a double in comparable form. @throws CodecError — when it is cut short. */
export function readComparableFloat(from: ByteReader): number {
  const bits = from.u64be();
  return floatFromComparable(Number(bits & 0xffff_ffffn) | 0, Number(bits >> 32n) | 0);
}
