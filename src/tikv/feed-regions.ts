/** The region cache as the change feed sees it (feed/ports.ts). */
import type { FeedRegion, FeedRegions } from './feed/ports.js';
import type { RegionCache } from './region-cache.js';

/** Wraps the cache. Regions that the feed learns have one known peer, their leader: the cache looks for the rest. */
export function feedRegions(cache: RegionCache): FeedRegions {
  return {
    cover: (start, end, signal) => cache.cover(start, end, signal),
    invalidate: (region) => cache.invalidate(region),
    setLeader: (regionId, peer) => cache.setLeader(regionId, peer),
    learn: (regions: readonly FeedRegion[]) => {
      cache.add(regions.map((region) => ({ ...region, peers: [region.leader] })));
    },
    storeAddress: (storeId, signal) => cache.storeAddress(storeId, signal),
    forgetStore: (storeId) => cache.forgetStore(storeId),
  };
}
