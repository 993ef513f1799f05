/**
 * Whether a store can serve a request: whether it is meant for this store, and made for the region as it is. The
 * order of the questions is TiKV's.
 *
 * @see tikv/tikv components/raftstore/src/store/util.rs (check_*), TIKV-FACTS §2.2
 */
import { type KeyString, keyBytes } from '../../../base/bytes.js';
import type { Context, MessageInput, RegionErrorMessage } from '../../../tikv/proto-types.js';
import type { RegionTable } from '../regions/region-table.js';
import {
  type StoreRegion,
  isPresentEpoch,
  isWithin,
  peerMessage,
  regionMessage,
} from '../regions/store-region.js';

/** A region error that is to be sent. */
export type RegionError = MessageInput<RegionErrorMessage>;

/** The region that a request is for, or why it is not served. */
export type RegionFinding =
  | { readonly kind: 'region'; readonly region: StoreRegion }
  | { readonly kind: 'error'; readonly error: RegionError };

/** Looks at a request's context. */
export function findRegion(regions: RegionTable, context: Context | null, storeId: bigint): RegionFinding {
  const requestStoreId = context?.peer?.storeId ?? 0n;
  if (requestStoreId !== storeId) {
    return refused('to another store', { storeNotMatch: { requestStoreId, actualStoreId: storeId } });
  }
  const regionId = context?.regionId ?? 0n;
  const region = regions.byId(regionId);
  if (region === undefined) {
    return refused(`region ${String(regionId)} is missing`, { regionNotFound: { regionId } });
  }
  if (region.leader.storeId !== storeId) {
    return refused(`peer is not leader for region ${String(regionId)}`, {
      notLeader: { regionId, leader: peerMessage(region.leader) },
    });
  }
  if (context?.peer?.id !== region.leader.id) {
    const requestPeerId = context?.peer?.id ?? 0n;
    return refused('mismatch peer id', { mismatchPeerId: { requestPeerId, storePeerId: region.leader.id } });
  }
  if (!isPresentEpoch(region, context.regionEpoch)) {
    return refused(`epoch of region ${String(regionId)} does not match`, {
      epochNotMatch: { currentRegions: withSibling(regions, region).map(regionMessage) },
    });
  }
  return { kind: 'region', region };
}

/** The first key that is not the region's. */
export function checkKeys(region: StoreRegion, keys: readonly KeyString[]): RegionError | undefined {
  const stranger = keys.find((key) => !isWithin(key, region.start, region.end));
  if (stranger === undefined) return undefined;
  const message = `key is not in region ${String(region.id)}`;
  return { message, keyNotInRegion: { key: keyBytes(stranger), regionId: region.id } };
}

/** With the neighbour that a split may have cut from it: the right piece keeps the id. */
function withSibling(regions: RegionTable, region: StoreRegion): readonly StoreRegion[] {
  const left = regions.before(region);
  return left === undefined ? [region] : [region, left];
}

function refused(message: string, error: RegionError): RegionFinding {
  return { kind: 'error', error: { message, ...error } };
}
