/** A region: a range of keys, who holds it, and in which version of its shape. */
import { assert } from '../base/assert.js';
import { compareBytes } from '../base/bytes.js';
import { type PeerMessage, PeerRole, type RegionEpoch, type RegionMessage } from './proto-types.js';
import { decodeRegionKey } from './region-key.js';

/** One copy of a region, on one store. */
export interface Peer {
  readonly peerId: bigint;
  readonly storeId: bigint;
}

/** A region as this client knows it; immutable. */
export interface Region {
  readonly id: bigint;
  readonly epoch: RegionEpoch;
  /** Raw key, inclusive. */
  readonly start: Uint8Array;
  /** Raw key, exclusive; empty means unbounded. */
  readonly end: Uint8Array;
  /** Who leads it, or the best guess: TiKV corrects us. */
  readonly leader: Peer;
  /** Those who can lead it: no learners (TiFlash's copies are learners), no witnesses. */
  readonly peers: readonly Peer[];
}

/**
 * A region from its message.
 *
 * @param leader - as PD knows it; null or id 0 right after splits and elections.
 * @param leaderStoreId - where the leader is likely to be, if `leader` does not say.
 * @returns undefined when nobody can lead it: the message is no use yet.
 */
export function regionFrom(
  message: RegionMessage,
  leader: PeerMessage | null,
  leaderStoreId?: bigint,
): Region | undefined {
  const peers = message.peers
    .filter((peer) => peer.role !== PeerRole.learner && !peer.isWitness)
    .map(peerFrom);
  const known = leader !== null && leader.id !== 0n ? peerFrom(leader) : undefined;
  const chosen = known ?? peers.find((peer) => peer.storeId === leaderStoreId) ?? peers[0];
  if (chosen === undefined || message.regionEpoch === null) return undefined;
  const { confVer, version } = message.regionEpoch;
  const start = decodeRegionKey(message.startKey);
  const end = decodeRegionKey(message.endKey);
  assert(
    end.length === 0 || compareBytes(start, end) < 0,
    `region ${String(message.id)} ends before it starts`,
  );
  return { id: message.id, epoch: { confVer, version }, start, end, leader: chosen, peers };
}

/** The same with names of its own. */
export function peerFrom(message: PeerMessage): Peer {
  return { peerId: message.id, storeId: message.storeId };
}

/** Whether the region holds a raw key. */
export function holdsKey(region: Region, key: Uint8Array): boolean {
  return compareBytes(region.start, key) <= 0 && isBelow(key, region.end);
}

/** Whether `key` lies below an end bound, for which empty means unbounded. */
export function isBelow(key: Uint8Array, end: Uint8Array): boolean {
  return end.length === 0 || compareBytes(key, end) < 0;
}

/** The lesser of two end bounds, for which empty means unbounded. */
export function lesserEnd(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return compareBytes(a, b) <= 0 ? a : b;
}

/** Which region, in which version of its shape. */
export type RegionVersion = Pick<Region, 'id' | 'epoch'>;

/** Whether both are the same region in the same shape. */
export function isSameVersion(a: RegionVersion, b: RegionVersion): boolean {
  return a.id === b.id && a.epoch.version === b.epoch.version && a.epoch.confVer === b.epoch.confVer;
}
