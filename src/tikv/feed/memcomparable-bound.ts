/**
 * The memcomparable form of a key, which the feed needs for the bounds of requests and of regions inside errors
 * (row keys are raw). It stands here only until `src/codec/memcomparable.ts` is merged, which is to replace it.
 *
 * Groups of eight bytes, padded with zeros, each followed by 0xFF minus the number of padding bytes; a key whose
 * length is a multiple of eight ends with a group of padding alone.
 *
 * @see pingcap/tidb pkg/util/codec/bytes.go
 */
import { MalformedEventError } from './feed-errors.js';

const GROUP = 8;

/** Encodes a key. */
export function encodeBound(key: Uint8Array): Uint8Array {
  const groups = Math.floor(key.length / GROUP) + 1;
  const out = new Uint8Array(groups * (GROUP + 1));
  for (let group = 0; group < groups; group++) {
    const part = key.subarray(group * GROUP, (group + 1) * GROUP);
    out.set(part, group * (GROUP + 1));
    out[group * (GROUP + 1) + GROUP] = 0xff - (GROUP - part.length);
  }
  return out;
}

/**
 * Decodes a region's bound; no bytes stay no bytes (unbounded).
 *
 * @returns a new array.
 * @throws MalformedEventError
 */
export function decodeBound(encoded: Uint8Array): Uint8Array {
  const out = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at += GROUP + 1) {
    const marker = encoded[at + GROUP];
    if (marker === undefined || marker < 0xff - GROUP)
      throw new MalformedEventError('a bound is not memcomparable');
    const count = GROUP - (0xff - marker);
    out.set(encoded.subarray(at, at + count), length);
    length += count;
    if (count < GROUP) break;
  }
  return out.slice(0, length);
}
