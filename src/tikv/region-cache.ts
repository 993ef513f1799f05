/**
 * Where keys live: regions as last seen, corrected by what the stores answer, looked up in PD when unknown.
 *
 * PD lags behind the stores by some 10 ms after every split and merge (TRUTH §3): an answer that is older than what
 * a store has told us is not believed, and holes are waited out.
 */
import { assert } from '../base/assert.js';
import { Backoff } from '../base/backoff.js';
import { compareBytes, toHex } from '../base/bytes.js';
import { TiviewError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Runtime } from '../base/runtime.js';
import { SingleFlight } from '../base/single-flight.js';
import { backoffKinds } from './backoff-kinds.js';
import type { PdRegions } from './pd/pd-regions.js';
import type { RegionMessage } from './proto-types.js';
import {
  type Peer,
  type Region,
  type RegionVersion,
  holdsKey,
  isBelow,
  isSameVersion,
  regionFrom,
} from './region.js';
import { RegionMap } from './region-map.js';
import { StoreDirectory } from './store-directory.js';

/** Regions and stores, by key and id. */
export class RegionCache {
  readonly #pd: PdRegions;
  readonly #runtime: Runtime;
  readonly #map = new RegionMap(limits.regionsCached, limits.regionIdleMs);
  readonly #stores: StoreDirectory;
  readonly #loading = new SingleFlight<string, Region>();

  constructor(parts: { readonly pd: PdRegions; readonly runtime: Runtime }) {
    this.#pd = parts.pd;
    this.#runtime = parts.runtime;
    this.#stores = new StoreDirectory(parts.pd);
  }

  /**
   * The region that holds a raw key.
   *
   * @throws BudgetError — PD had no usable answer for `limits.rpcBudgetMs`; what {@link PdRegions} throws.
   */
  async locate(rawKey: Uint8Array, signal: AbortSignal): Promise<Region> {
    const known = this.#map.byKey(rawKey, this.#runtime.monotonicMs());
    if (known !== undefined) return known;
    const region = await this.#loading.run(toHex(rawKey), (shared) => this.#load(rawKey, shared), signal);
    assert(holdsKey(region, rawKey), `region ${String(region.id)} does not hold the key it was looked up by`);
    return region;
  }

  /**
   * Every region that overlaps [start, end) (raw keys; empty end: unbounded), in order and without a hole: the first
   * holds `start`, each begins where the one before ends, the last reaches `end`.
   *
   * @throws BudgetError — PD's map had holes for `limits.rpcBudgetMs`.
   */
  async cover(start: Uint8Array, end: Uint8Array, signal: AbortSignal): Promise<readonly Region[]> {
    const found: Region[] = [];
    const backoff = new Backoff(this.#runtime, 'regions of a range', 'pd', limits.rpcBudgetMs);
    let from = start;
    for (;;) {
      let region = this.#map.byKey(from, this.#runtime.monotonicMs());
      if (region === undefined) {
        await this.#loadFrom(from, end, signal);
        region = this.#map.byKey(from, this.#runtime.monotonicMs());
      }
      if (region === undefined) {
        await backoff.pause(backoffKinds.regionMiss, hole(from), signal);
        continue;
      }
      if (found.length > 0 && compareBytes(region.start, from) < 0) {
        // It was merged with one that is in the list already: begin again.
        found.length = 0;
        from = start;
        await backoff.pause(backoffKinds.regionMiss, hole(from), signal);
        continue;
      }
      found.push(region);
      if (region.end.length === 0 || !isBelow(region.end, end)) return found;
      from = region.end;
    }
  }

  /** The region as it is known now, if it is still the one of this shape; its leader may be another. */
  current(region: RegionVersion): Region | undefined {
    const known = this.#map.byId(region.id);
    return known !== undefined && isSameVersion(known, region) ? known : undefined;
  }

  /** Forgets a region, if it is still known in this shape. */
  invalidate(region: RegionVersion): void {
    if (this.current(region) !== undefined) this.#map.delete(region.id);
  }

  /** A store named the leader. A peer that we do not know means that our region is old: it is forgotten. */
  setLeader(regionId: bigint, leader: Peer): void {
    const known = this.#map.byId(regionId);
    if (known === undefined) return;
    const peer = known.peers.find(
      (other) => other.storeId === leader.storeId && other.peerId === leader.peerId,
    );
    if (peer === undefined) this.#map.delete(regionId);
    else this.#replace({ ...known, leader: peer });
  }

  /**
   * Takes in the regions that a store named in an error.
   *
   * @param storeId - that store: it is likely to lead them.
   */
  learn(regions: readonly RegionMessage[], storeId?: bigint): void {
    const known = regions.map((message) =>
      regionFrom(message, null, storeId ?? this.#map.byId(message.id)?.leader.storeId),
    );
    this.add(known.filter((region) => region !== undefined));
  }

  /** Takes in regions, unless newer ones are known. */
  add(regions: readonly Region[]): void {
    for (const region of regions) this.#map.insert(region, this.#runtime.monotonicMs());
  }

  /**
   * `host:port` of a TiKV store.
   *
   * @throws StoreGoneError — it is no longer part of the cluster, or is not TiKV.
   */
  storeAddress(storeId: bigint, signal: AbortSignal): Promise<string> {
    return this.#stores.address(storeId, signal);
  }

  /** The store is not where we thought; its address is looked up anew. */
  forgetStore(storeId: bigint): void {
    this.#stores.forget(storeId);
  }

  #replace(region: Region): void {
    this.#map.delete(region.id);
    this.#map.insert(region, this.#runtime.monotonicMs());
  }

  async #load(rawKey: Uint8Array, signal: AbortSignal): Promise<Region> {
    const backoff = new Backoff(this.#runtime, `region of key ${toHex(rawKey)}`, 'pd', limits.rpcBudgetMs);
    for (;;) {
      const region = await this.#pd.byKey(rawKey, signal);
      if (region !== undefined && this.#map.insert(region, this.#runtime.monotonicMs())) return region;
      // Meanwhile somebody may have learnt the newer shape from a store.
      const known = this.#map.byKey(rawKey, this.#runtime.monotonicMs());
      if (known !== undefined) return known;
      await backoff.pause(backoffKinds.regionMiss, hole(rawKey), signal);
    }
  }

  async #loadFrom(start: Uint8Array, end: Uint8Array, signal: AbortSignal): Promise<void> {
    this.add(await this.#pd.scan(start, end, signal));
  }
}

function hole(key: Uint8Array): TiviewError {
  return new TiviewError(`PD's map has no current region for key ${toHex(key)}`, {
    kind: 'regionUnknown',
    side: 'pd',
    isRetryable: true,
  });
}
