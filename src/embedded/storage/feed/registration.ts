/**
 * Whether a region can be followed as a request wants it. The epoch's conf_ver is not looked at, nor the checkpoint.
 *
 * @see TRUTH §1, tikv/tikv components/cdc/src/service.rs
 */
import type { KeyString } from '../../../base/bytes.js';
import { CodecError } from '../../../codec/codec-error.js';
import { decodeRegionKey } from '../../../tikv/region-key.js';
import type { RegionTable } from '../regions/region-table.js';
import {
  type StoreRegion,
  greaterKey,
  lesserBound,
  peerMessage,
  rawKey,
  regionMessage,
} from '../regions/store-region.js';
import type { FeedConnection } from './feed-connection.js';
import type { ChangeDataRequest, FeedError } from './feed-messages.js';
import type { SubscriptionSpec } from './subscription.js';

/** What a request comes to. */
export type Registration =
  | { readonly kind: 'accepted'; readonly spec: SubscriptionSpec }
  | { readonly kind: 'refused'; readonly error: FeedError };

/** Looks at a request. */
export function register(
  request: ChangeDataRequest,
  connection: FeedConnection,
  cluster: { readonly clusterId: bigint; readonly regions: RegionTable },
): Registration {
  const { regionId, requestId } = request;
  const asked = request.header?.clusterId ?? 0n;
  if (asked !== cluster.clusterId) {
    return refused({ clusterIdMismatch: { current: cluster.clusterId, request: asked } });
  }
  const region = cluster.regions.byId(regionId);
  if (region === undefined) return refused({ regionNotFound: { regionId } });
  if (region.leader.storeId !== connection.storeId) {
    return refused({ notLeader: { regionId, leader: peerMessage(region.leader) } });
  }
  if (request.regionEpoch?.version !== region.version) {
    return refused({ epochNotMatch: { currentRegions: [regionMessage(region)] } });
  }
  const { checkpointTs: checkpoint, filterLoop } = request;
  const range = rangeOf(request, region);
  return {
    kind: 'accepted',
    spec: { requestId, region, ...range, checkpoint, filterLoop, outbox: connection.outbox },
  };
}

/** The part of the region that is asked for; bounds that cannot be decoded mean all of it. */
function rangeOf(
  { startKey, endKey }: ChangeDataRequest,
  region: StoreRegion,
): { readonly start: KeyString; readonly end: KeyString } {
  try {
    const start = greaterKey(rawKey(decodeRegionKey(startKey)), region.start);
    return { start, end: lesserBound(rawKey(decodeRegionKey(endKey)), region.end) };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { start: region.start, end: region.end };
  }
}

function refused(error: FeedError): Registration {
  return { kind: 'refused', error };
}
