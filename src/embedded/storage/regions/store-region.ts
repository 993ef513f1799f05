/** A region as its stores hold it: raw bounds as ordered strings, its epoch, its copies, and which of them leads. */
import { type KeyString, keyBytes, keyString } from '../../../base/bytes.js';
import type { MessageInput, PeerMessage, RegionMessage } from '../../../tikv/proto-types.js';
import { encodeRegionKey } from '../../../tikv/region-key.js';

/** One copy of a region. */
export interface StorePeer {
  readonly id: bigint;
  readonly storeId: bigint;
}

/** A region in one version of its shape; immutable. */
export interface StoreRegion {
  readonly id: bigint;
  /** Raw, inclusive. */
  readonly start: KeyString;
  /** Raw, exclusive; empty: unbounded. */
  readonly end: KeyString;
  readonly version: bigint;
  readonly peers: readonly StorePeer[];
  readonly leader: StorePeer;
}

/** Peers are never added or removed here, so that this part of an epoch stands still. */
const CONF_VER = 1n;

/** Unbounded, on either side. */
export const UNBOUNDED = '' as KeyString;

/** Whether a raw key lies in [start, end), where an empty end is unbounded. */
export function isWithin(key: KeyString, start: KeyString, end: KeyString): boolean {
  return key >= start && (end === UNBOUNDED || key < end);
}

/** The lesser of two end bounds, for which empty means unbounded. */
export function lesserBound(a: KeyString, b: KeyString): KeyString {
  if (a === UNBOUNDED) return b;
  return b === UNBOUNDED || a < b ? a : b;
}

/** The greater of two keys. */
export function greaterKey(a: KeyString, b: KeyString): KeyString {
  return a > b ? a : b;
}

/** Whether two ranges, of which an empty end is unbounded, have a key in common. */
export function overlaps(
  a: Pick<StoreRegion, 'start' | 'end'>,
  b: Pick<StoreRegion, 'start' | 'end'>,
): boolean {
  return (a.end === UNBOUNDED || b.start < a.end) && (b.end === UNBOUNDED || a.start < b.end);
}

/** The region as PD and errors describe it. */
export function regionMessage(region: StoreRegion): MessageInput<RegionMessage> {
  return {
    id: region.id,
    startKey: encodeRegionKey(keyBytes(region.start)),
    endKey: encodeRegionKey(keyBytes(region.end)),
    regionEpoch: { confVer: CONF_VER, version: region.version },
    peers: region.peers.map(peerMessage),
  };
}

/** The same with the protocol's type. */
export function peerMessage(peer: StorePeer): MessageInput<PeerMessage> {
  return { id: peer.id, storeId: peer.storeId };
}

/** Whether a request was made for the region's present shape. */
export function isPresentEpoch(
  region: StoreRegion,
  epoch: { version: bigint; confVer: bigint } | null,
): boolean {
  return epoch !== null && epoch.version === region.version && epoch.confVer === CONF_VER;
}

/** A raw key as the region table and the store have it. */
export function rawKey(bytes: Uint8Array): KeyString {
  return keyString(bytes);
}
