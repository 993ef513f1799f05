/**
 * What the feed needs of the rest of the TiKV client: where regions lie, and somebody who resolves locks. The region
 * cache and the lock resolver of `src/tikv` have these shapes; a simulation brings its own.
 */
import type { Ts } from '../../codec/tso.js';

/** A region as last known, with its leader. */
export interface FeedRegion {
  readonly id: bigint;
  readonly epoch: { readonly confVer: bigint; readonly version: bigint };
  /** Raw keys, half-open; an empty end means +∞. */
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly leader: { readonly peerId: bigint; readonly storeId: bigint };
}

/** Where regions and stores are. */
export interface FeedRegions {
  /** Regions that overlap [start, end), in order. May have holes and be out of date. */
  cover(start: Uint8Array, end: Uint8Array, signal: AbortSignal): Promise<readonly FeedRegion[]>;
  /** The region is not (any more) what this says: look it up anew. */
  invalidate(region: FeedRegion): void;
  /** TiKV said who leads a region. */
  setLeader(regionId: bigint, peer: { readonly peerId: bigint; readonly storeId: bigint }): void;
  /** TiKV told us of newer regions; who leads them is a guess. */
  learn(regions: readonly FeedRegion[]): void;
  /** `host:port` of a store. */
  storeAddress(storeId: bigint, signal: AbortSignal): Promise<string>;
  /** The store does not answer where we thought it does. */
  forgetStore(storeId: bigint): void;
}

/** Resolves what locks it may: those of dead and of finished transactions. */
export interface SpanLockResolver {
  /**
   * @param start - raw, as `end`; empty end: +∞.
   * @param maxTs - locks of transactions that began at or before it.
   */
  resolveSpan(
    start: Uint8Array,
    end: Uint8Array,
    maxTs: Ts,
    signal: AbortSignal,
  ): Promise<{ readonly locksLeft: number }>;
}
