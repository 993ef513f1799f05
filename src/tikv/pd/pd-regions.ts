/**
 * Looks regions and stores up in PD. What PD says of regions may be some 10 ms behind the stores, have holes right
 * after splits and merges, and lack leaders: the region cache deals with all that.
 */
import { limits } from '../../base/limits.js';
import type { StoreMessage } from '../proto-types.js';
import { type Region, regionFrom } from '../region.js';
import { encodeRegionKey } from '../region-key.js';
import { RpcError } from '../rpc-error.js';
import { PdReplyError, type PdRpc, pdMethod } from './pd-rpc.js';
import {
  type BatchScanRegionsRequest,
  type GetAllStoresRequest,
  type GetAllStoresResponse,
  type GetRegionByIdRequest,
  type GetRegionRequest,
  type GetRegionResponse,
  type GetStoreRequest,
  type GetStoreResponse,
  PdErrorType,
  type PdRegion,
  type RegionsResponse,
  type ScanRegionsRequest,
} from './pd-types.js';

const getRegion = pdMethod<GetRegionRequest, GetRegionResponse>('GetRegion');
const getRegionById = pdMethod<GetRegionByIdRequest, GetRegionResponse>(
  'GetRegionByID',
  'GetRegionByIDRequest',
  'GetRegionResponse',
);
const scanRegions = pdMethod<ScanRegionsRequest, RegionsResponse>('ScanRegions');
const batchScanRegions = pdMethod<BatchScanRegionsRequest, RegionsResponse>('BatchScanRegions');
const getStore = pdMethod<GetStoreRequest, GetStoreResponse>('GetStore');
const getAllStores = pdMethod<GetAllStoresRequest, GetAllStoresResponse>('GetAllStores');

/** PD's map of the cluster. */
export class PdRegions {
  readonly #rpc: PdRpc;
  /** BatchScanRegions exists since 8.3; undefined until tried. */
  #knowsBatchScan: boolean | undefined;

  constructor(rpc: PdRpc) {
    this.#rpc = rpc;
  }

  /** The region that holds a raw key; undefined when PD knows none at the moment. */
  byKey(key: Uint8Array, signal: AbortSignal): Promise<Region | undefined> {
    return this.#lookUp(this.#rpc.call(getRegion, { regionKey: encodeRegionKey(key) }, signal));
  }

  /** The region with an id; undefined when PD knows none (it was merged away). */
  byId(regionId: bigint, signal: AbortSignal): Promise<Region | undefined> {
    return this.#lookUp(this.#rpc.call(getRegionById, { regionId }, signal));
  }

  /**
   * Regions that overlap [start, end) (raw keys; empty end: unbounded), ascending, at most
   * `limits.regionsPerLookup`. There may be holes.
   */
  async scan(start: Uint8Array, end: Uint8Array, signal: AbortSignal): Promise<readonly Region[]> {
    const startKey = encodeRegionKey(start);
    const endKey = encodeRegionKey(end);
    const limit = limits.regionsPerLookup;
    const reply =
      (await this.#batchScan(startKey, endKey, signal)) ??
      (await this.#rpc.call(scanRegions, { startKey, endKey, limit }, signal));
    return reply.regions.map(usable).filter((region) => region !== undefined);
  }

  /** All stores that are not gone, of whatever engine. */
  async stores(signal: AbortSignal): Promise<readonly StoreMessage[]> {
    return (await this.#rpc.call(getAllStores, { excludeTombstoneStores: true }, signal)).stores;
  }

  /** @throws PdReplyError — when there is no such store. */
  async store(storeId: bigint, signal: AbortSignal): Promise<StoreMessage | null> {
    return (await this.#rpc.call(getStore, { storeId }, signal)).store;
  }

  async #lookUp(call: Promise<GetRegionResponse>): Promise<Region | undefined> {
    try {
      return usable(await call);
    } catch (error) {
      if (error instanceof PdReplyError && error.type === PdErrorType.regionNotFound) return undefined;
      throw error;
    }
  }

  /** undefined: this PD is too old. */
  async #batchScan(
    startKey: Uint8Array,
    endKey: Uint8Array,
    signal: AbortSignal,
  ): Promise<Pick<RegionsResponse, 'regions'> | undefined> {
    if (this.#knowsBatchScan === false) return undefined;
    try {
      const request = {
        ranges: [{ startKey, endKey }],
        limit: limits.regionsPerLookup,
        containAllKeyRange: false,
      };
      const reply = await this.#rpc.call(batchScanRegions, request, signal);
      this.#knowsBatchScan = true;
      return reply;
    } catch (error) {
      if (error instanceof RpcError && error.isUnimplemented) {
        this.#knowsBatchScan = false;
        return undefined;
      }
      if (error instanceof PdReplyError && HOLES.has(error.type)) return { regions: [] };
      throw error;
    }
  }
}

/** PD's ways to say that its map is not whole at the moment. */
const HOLES = new Set<number>([PdErrorType.regionNotFound, PdErrorType.regionsNotContainAllKeyRange]);

function usable(found: PdRegion): Region | undefined {
  return found.region === null ? undefined : regionFrom(found.region, found.leader);
}
