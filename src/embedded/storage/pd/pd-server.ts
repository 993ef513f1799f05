/**
 * PD's answers: those methods that our client calls (src/tikv/pd). One member, which leads unless told otherwise.
 *
 * @see tikv/pd server/grpc_service.go
 */
import { type KeyString, fromUtf8 } from '../../../base/bytes.js';
import { physicalMs } from '../../../codec/tso.js';
import { type PdMethod, pdMethod } from '../../../tikv/pd/pd-rpc.js';
import {
  type BatchScanRegionsRequest,
  type DeleteGcBarrierRequest,
  type GetAllStoresRequest,
  type GetAllStoresResponse,
  type GetMembersResponse,
  type GetRegionByIdRequest,
  type GetRegionRequest,
  type GetRegionResponse,
  type GetStoreRequest,
  type GetStoreResponse,
  PdErrorType,
  type PdRegion,
  type PdReply,
  type RegionsResponse,
  type ScanRegionsRequest,
  type SetGcBarrierRequest,
  type TsoRequest,
  type TsoResponse,
  type UpdateServiceGcSafePointRequest,
  type UpdateServiceGcSafePointResponse,
  type WithHeader,
} from '../../../tikv/pd/pd-types.js';
import { type MessageInput, type StoreMessage, StoreState } from '../../../tikv/proto-types.js';
import { decodeRegionKey } from '../../../tikv/region-key.js';
import { RpcCode } from '../../../tikv/rpc-error.js';
import { type StoreRegion, peerMessage, rawKey, regionMessage } from '../regions/store-region.js';
import { type CallOutcome, unavailable, unimplemented } from '../call-outcome.js';
import { decodeRequest } from '../malformed-request.js';
import type { GcState } from './gc-state.js';
import type { RegionDirectory } from './region-directory.js';
import type { TsoAllocator } from './tso-allocator.js';

/** What PD is made of. */
export interface PdParts {
  readonly clusterId: bigint;
  readonly tso: TsoAllocator;
  readonly regions: RegionDirectory;
  readonly gc: GcState;
}

/** Where the cluster's servers listen, `host:port`. */
export interface Addresses {
  readonly pd: string;
  readonly stores: ReadonlyMap<bigint, string>;
}

const UNLIMITED_SECONDS = 2n ** 31n;
const tso = pdMethod<TsoRequest, TsoResponse>('Tso', 'TsoRequest', 'TsoResponse');

type Served = (body: Uint8Array, nowMs: number) => CallOutcome;

/** The placement driver. */
export class PdServer {
  readonly #parts: PdParts;
  readonly #methods: ReadonlyMap<string, Served>;
  #addresses: Addresses = { pd: '', stores: new Map() };
  #followsUntilMs = 0;

  constructor(parts: PdParts) {
    this.#parts = parts;
    this.#methods = new Map(this.#served());
  }

  /** Where everybody listens, once that is known. */
  listenAt(addresses: Addresses): void {
    this.#addresses = addresses;
  }

  /** Until that moment PD has no leader. */
  abdicate(untilMs: number): void {
    this.#followsUntilMs = untilMs;
  }

  isLeader(nowMs: number): boolean {
    return nowMs >= this.#followsUntilMs;
  }

  /** Names of the unary methods. */
  get methods(): Iterable<string> {
    return this.#methods.keys();
  }

  /** A unary call; `method` without its service. */
  call(method: string, body: Uint8Array, nowMs: number): CallOutcome {
    const served = this.#methods.get(method);
    if (served === undefined) return unimplemented(method);
    // Who leads is what followers are asked for.
    if (!this.isLeader(nowMs) && method !== getMembers.name) return NOT_LEADER;
    this.#parts.regions.advance(nowMs);
    return served(body, nowMs);
  }

  /** One message of a stream of timestamps. A failure ends the stream. */
  timestamps(body: Uint8Array, nowMs: number): CallOutcome {
    if (!this.isLeader(nowMs)) return NOT_LEADER;
    const { count, header } = decodeRequest(tso.request, body);
    if (header?.clusterId !== this.#parts.clusterId) return this.#wrongCluster(header?.clusterId ?? 0n);
    if (count === 0)
      return { kind: 'failure', code: RpcCode.invalidArgument, details: 'no timestamps asked for' };
    const last = this.#parts.tso.next(nowMs, count);
    const timestamp = { physical: physicalMs(last), logical: BigInt.asUintN(18, last), suffixBits: 0 };
    return { kind: 'reply', body: tso.response.encode({ header: this.#header(), count, timestamp }) };
  }

  #served(): [string, Served][] {
    const { regions } = this.#parts;
    const one = (region: StoreRegion | undefined): MessageInput<GetRegionResponse> =>
      region === undefined ? { header: this.#header() } : { header: this.#header(), ...pdRegion(region) };
    return [
      this.#method(getMembers, (_, nowMs) => this.#members(nowMs)),
      this.#method(pdMethod<GetRegionRequest, GetRegionResponse>('GetRegion'), ({ regionKey }) =>
        one(regions.byKey(decoded(regionKey))),
      ),
      this.#method(getPrevRegion, ({ regionKey }) => one(regions.before(decoded(regionKey)))),
      this.#method(getRegionById, ({ regionId }) => one(regions.byId(regionId))),
      this.#method(pdMethod<ScanRegionsRequest, RegionsResponse>('ScanRegions'), (q) =>
        this.#scan([q], q.limit),
      ),
      this.#method(pdMethod<BatchScanRegionsRequest, RegionsResponse>('BatchScanRegions'), (q) =>
        this.#scan(q.ranges, q.limit),
      ),
      this.#method(pdMethod<GetStoreRequest, GetStoreResponse>('GetStore'), ({ storeId }) =>
        this.#store(storeId),
      ),
      this.#method(pdMethod<GetAllStoresRequest, GetAllStoresResponse>('GetAllStores'), () => ({
        header: this.#header(),
        stores: [...this.#addresses.stores].map(([id, address]) => storeMessage(id, address)),
      })),
      this.#method(updateServiceGcSafePoint, (q, nowMs) => this.#holdService(q, nowMs)),
      this.#method(pdMethod<SetGcBarrierRequest, PdReply>('SetGCBarrier'), (q, nowMs) =>
        this.#hold(q, nowMs),
      ),
      this.#method(pdMethod<DeleteGcBarrierRequest, PdReply>('DeleteGCBarrier'), ({ barrierId }) => {
        this.#parts.gc.release(barrierId);
        return { header: this.#header() };
      }),
    ];
  }

  #method<Q extends WithHeader, R extends PdReply>(
    { name, request, response }: PdMethod<Q, R>,
    answer: (request: Q, nowMs: number) => MessageInput<R>,
  ): [string, Served] {
    const served: Served = (body, nowMs) => {
      const message = decodeRequest(request, body);
      const asked = message.header?.clusterId ?? 0n;
      // Whoever asks for the members does not know the cluster yet.
      if (asked !== this.#parts.clusterId && name !== getMembers.name) return this.#wrongCluster(asked);
      return { kind: 'reply', body: response.encode(answer(message, nowMs)) };
    };
    return [name, served];
  }

  #members(nowMs: number): MessageInput<GetMembersResponse> {
    const member = { name: 'pd', memberId: 1n, clientUrls: [`http://${this.#addresses.pd}`] };
    return { header: this.#header(), members: [member], leader: this.isLeader(nowMs) ? member : null };
  }

  #scan(
    ranges: readonly { readonly startKey: Uint8Array; readonly endKey: Uint8Array }[],
    limit: number,
  ): MessageInput<RegionsResponse> {
    const found = new Map<bigint, StoreRegion>();
    const most = limit <= 0 ? Infinity : limit;
    for (const { startKey, endKey } of ranges) {
      const some = this.#parts.regions.overlapping(decoded(startKey), decoded(endKey), most - found.size);
      for (const region of some) found.set(region.id, region);
    }
    return { header: this.#header(), regions: [...found.values()].map(pdRegion) };
  }

  #store(storeId: bigint): MessageInput<GetStoreResponse> {
    const address = this.#addresses.stores.get(storeId);
    if (address === undefined)
      return { header: this.#refusal(`invalid store ID ${String(storeId)}, not found`) };
    return { header: this.#header(), store: storeMessage(storeId, address) };
  }

  #hold({ barrierId, barrierTs, ttlSeconds }: SetGcBarrierRequest, nowMs: number): MessageInput<PdReply> {
    if (barrierId === '' || ttlSeconds <= 0n) return { header: this.#refusal('[PD:gc]ErrInvalidArgument') };
    const outcome = this.#parts.gc.hold(barrierId, { ts: barrierTs, ttlMs: milliseconds(ttlSeconds) }, nowMs);
    if (outcome === 'set') return { header: this.#header() };
    const safePoint = String(this.#parts.gc.safePoint);
    return {
      header: this.#refusal(
        `[PD:gc:ErrGCBarrierTSBehindTxnSafePoint]${String(barrierTs)} is behind the safe point ${safePoint}`,
      ),
    };
  }

  /** One that comes too late is ignored without a word; the caller sees it by the safe point (TRUTH §7). */
  #holdService(
    { serviceId, TTL, safePoint }: UpdateServiceGcSafePointRequest,
    nowMs: number,
  ): MessageInput<UpdateServiceGcSafePointResponse> {
    const { gc } = this.#parts;
    const name = fromUtf8(serviceId);
    if (TTL <= 0n) gc.release(name);
    else gc.hold(name, { ts: safePoint, ttlMs: milliseconds(TTL) }, nowMs);
    return { header: this.#header(), minSafePoint: gc.safePoint };
  }

  #header(): { readonly clusterId: bigint } {
    return { clusterId: this.#parts.clusterId };
  }

  /** How PD says no to a call that it understands. */
  #refusal(message: string): MessageInput<NonNullable<PdReply['header']>> {
    return { clusterId: this.#parts.clusterId, error: { type: PdErrorType.unknown, message } };
  }

  #wrongCluster(asked: bigint): CallOutcome {
    const details = `mismatch cluster id, need ${String(this.#parts.clusterId)} but got ${String(asked)}`;
    return { kind: 'failure', code: RpcCode.failedPrecondition, details };
  }
}

const getMembers = pdMethod<WithHeader, GetMembersResponse>('GetMembers');
const getPrevRegion = pdMethod<GetRegionRequest, GetRegionResponse>(
  'GetPrevRegion',
  'GetRegionRequest',
  'GetRegionResponse',
);
const getRegionById = pdMethod<GetRegionByIdRequest, GetRegionResponse>(
  'GetRegionByID',
  'GetRegionByIDRequest',
  'GetRegionResponse',
);
const updateServiceGcSafePoint = pdMethod<UpdateServiceGcSafePointRequest, UpdateServiceGcSafePointResponse>(
  'UpdateServiceGCSafePoint',
);

/** What everybody hears while PD has no leader. */
const NOT_LEADER = unavailable('not leader');

function pdRegion(region: StoreRegion): MessageInput<PdRegion> {
  return { region: regionMessage(region), leader: peerMessage(region.leader) };
}

function storeMessage(id: bigint, address: string): MessageInput<StoreMessage> {
  return { id, address, state: StoreState.up, version: '8.5.0' };
}

function decoded(key: Uint8Array): KeyString {
  return rawKey(decodeRegionKey(key));
}

function milliseconds(seconds: bigint): number {
  return Number(seconds < UNLIMITED_SECONDS ? seconds : UNLIMITED_SECONDS) * 1000;
}
