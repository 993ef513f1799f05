/**
 * Keys as PD and region bounds have them: memcomparable-encoded. Requests to TiKV, and everything else in this
 * program, have raw keys; the encoding exists at the two borders only (TIKV-FACTS §1.3).
 */
import { NO_BYTES } from '../base/bytes.js';
import { ByteReader } from '../codec/byte-reader.js';
import { comparableBytes, readComparableBytes } from '../codec/memcomparable.js';

/** Raw key → region key. Empty stays empty: it means "unbounded" on both sides. */
export function encodeRegionKey(raw: Uint8Array): Uint8Array {
  return raw.length === 0 ? raw : comparableBytes(raw);
}

/**
 * Region key → raw key, sharing no memory.
 *
 * @throws CodecError — when the bytes are no such encoding.
 */
export function decodeRegionKey(encoded: Uint8Array): Uint8Array {
  return encoded.length === 0 ? NO_BYTES : readComparableBytes(new ByteReader(encoded));
}
