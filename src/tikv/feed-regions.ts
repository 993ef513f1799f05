/** The region cache as the change feed asks for it. */
import type { FeedRegion, FeedRegions } from './feed/ports.js';
import type { RegionCache } from './region-cache.js';

/** A face of the cache; nothing is kept here. */
export function feedRegions(cache: RegionCache): FeedRegions {
  return {
    cover: (start, end, signal) => cache.cover(start, end, signal),
    // The cache forgets by id and epoch; who else holds the region does not matter to it.
    invalidate: (region) => cache.invalidate(withPeers(region)),
    setLeader: (regionId, peer) => cache.setLeader(regionId, peer),
    learn: (regions) => cache.add(regions.map(withPeers)),
    storeAddress: (storeId, signal) => cache.storeAddress(storeId, signal),
    forgetStore: (storeId) => cache.forgetStore(storeId),
  };
}

function withPeers(region: FeedRegion) {
  return { ...region, peers: [region.leader] };
}
