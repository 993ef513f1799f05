/**
 * Keys as PD and region bounds have them: memcomparable-encoded. Requests to TiKV, and everything else in this
 * program, have raw keys; the encoding exists at the two borders only (TIKV-FACTS §1.3).
 *
 * Groups of eight bytes, the last padded with zeros, each followed by 0xFF minus the number of padding bytes.
 *
 * @see pingcap/tidb pkg/util/codec/bytes.go
 */
import { copyBytes } from '../base/bytes.js';
import { TiviewError } from '../base/errors.js';

const GROUP = 8;
const MARKER = 0xff;

/** Raw key → region key. Empty stays empty: it means "unbounded" on both sides. */
export function encodeRegionKey(raw: Uint8Array): Uint8Array {
  if (raw.length === 0) return raw;
  const groups = Math.floor(raw.length / GROUP) + 1;
  const encoded = new Uint8Array(groups * (GROUP + 1));
  for (let group = 0; group < groups; group++) {
    const part = raw.subarray(group * GROUP, (group + 1) * GROUP);
    encoded.set(part, group * (GROUP + 1));
    encoded[group * (GROUP + 1) + GROUP] = MARKER - (GROUP - part.length);
  }
  return encoded;
}

/**
 * Region key → raw key, sharing no memory.
 *
 * @throws TiviewError `badRegionKey` — when the bytes are no such encoding.
 */
export function decodeRegionKey(encoded: Uint8Array): Uint8Array {
  if (encoded.length === 0) return copyBytes(encoded);
  const raw = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at += GROUP + 1) {
    const padding = MARKER - (encoded[at + GROUP] ?? -1);
    if (padding > GROUP) throw badKey(encoded);
    raw.set(encoded.subarray(at, at + GROUP - padding), length);
    length += GROUP - padding;
    if (padding === 0) continue;
    if (at + GROUP + 1 !== encoded.length) throw badKey(encoded);
    return raw.slice(0, length);
  }
  throw badKey(encoded);
}

function badKey(encoded: Uint8Array): TiviewError {
  const hex = Buffer.from(encoded).toString('hex');
  return new TiviewError(`not an encoded region key: ${hex}`, {
    kind: 'badRegionKey',
    side: 'pd',
    isRetryable: false,
  });
}
