/**
 * The messages of pdpb as TypeScript sees them (see ../proto.ts for the rules).
 *
 * @see proto/pdpb.proto
 */
import type { PeerMessage, RegionMessage, StoreMessage } from '../proto-types.js';

export const PdErrorType = {
  ok: 0,
  unknown: 1,
  notBootstrapped: 2,
  regionNotFound: 6,
  regionsNotContainAllKeyRange: 12,
} as const;

interface PdError {
  /** One of {@link PdErrorType}, or another of pdpb.ErrorType. */
  readonly type: number;
  readonly message: string;
}

interface RequestHeader {
  readonly clusterId: bigint;
  readonly callerId: string;
}

export interface WithHeader {
  readonly header: RequestHeader | null;
}

export interface PdReply {
  readonly header: { readonly clusterId: bigint; readonly error: PdError | null } | null;
}

export interface Member {
  readonly name: string;
  readonly memberId: bigint;
  readonly clientUrls: readonly string[];
}

export interface GetMembersResponse extends PdReply {
  readonly members: readonly Member[];
  readonly leader: Member | null;
}

export interface TsoRequest extends WithHeader {
  readonly count: number;
}

export interface Timestamp {
  readonly physical: bigint;
  readonly logical: bigint;
  readonly suffixBits: number;
}

export interface TsoResponse extends PdReply {
  readonly count: number;
  readonly timestamp: Timestamp | null;
}

export interface GetRegionRequest extends WithHeader {
  readonly regionKey: Uint8Array;
}

export interface GetRegionByIdRequest extends WithHeader {
  readonly regionId: bigint;
}

/** A region and who leads it; both null when PD knows no such region. */
export interface PdRegion {
  readonly region: RegionMessage | null;
  readonly leader: PeerMessage | null;
}

export interface GetRegionResponse extends PdReply, PdRegion {}

export interface ScanRegionsRequest extends WithHeader {
  readonly startKey: Uint8Array;
  readonly limit: number;
  readonly endKey: Uint8Array;
}

export interface BatchScanRegionsRequest extends WithHeader {
  readonly ranges: readonly { readonly startKey: Uint8Array; readonly endKey: Uint8Array }[];
  readonly limit: number;
  readonly containAllKeyRange: boolean;
}

export interface RegionsResponse extends PdReply {
  readonly regions: readonly PdRegion[];
}

export interface GetStoreRequest extends WithHeader {
  readonly storeId: bigint;
}

export interface GetStoreResponse extends PdReply {
  readonly store: StoreMessage | null;
}

export interface GetAllStoresRequest extends WithHeader {
  readonly excludeTombstoneStores: boolean;
}

export interface GetAllStoresResponse extends PdReply {
  readonly stores: readonly StoreMessage[];
}

export interface UpdateServiceGcSafePointRequest extends WithHeader {
  readonly serviceId: Uint8Array;
  readonly TTL: bigint;
  readonly safePoint: bigint;
}

export interface UpdateServiceGcSafePointResponse extends PdReply {
  readonly minSafePoint: bigint;
}

export interface SetGcBarrierRequest extends WithHeader {
  readonly barrierId: string;
  readonly barrierTs: bigint;
  readonly ttlSeconds: bigint;
}

export interface DeleteGcBarrierRequest extends WithHeader {
  readonly barrierId: string;
}
