/** A placement driver of one member. Its map of regions is as old as `lagMs`. */
import { BoundedQueue } from '../../../src/base/bounded-queue.js';
import type { Runtime } from '../../../src/base/runtime.js';
import type { DuplexStream } from '../../../src/base/transport.js';
import { ByteReader } from '../../../src/codec/byte-reader.js';
import { compareBytes } from '../../../src/base/bytes.js';
import { readComparableBytes } from '../../../src/codec/memcomparable.js';
import { messageCodec } from '../../../src/tikv/proto.js';
import type {
  BatchScanRegionsRequest,
  GetMembersResponse,
  GetRegionByIdRequest,
  GetRegionRequest,
  GetRegionResponse,
  GetStoreRequest,
  GetStoreResponse,
  RegionsResponse,
  TsoRequest,
  TsoResponse,
} from '../../../src/tikv/pd/pd-types.js';
import { RpcCode, RpcError } from '../../../src/tikv/rpc-error.js';
import { type FakeRegion, type FakeRegions, holds, pdRegion } from './fake-regions.js';

export const CLUSTER_ID = 77n;
const LOGICAL_BITS = 18n;
const EPOCH_MS = 1_700_000_000_000n;

const tsoRequest = messageCodec<TsoRequest>('pdpb.TsoRequest');
const tsoResponse = messageCodec<TsoResponse>('pdpb.TsoResponse');

/** The placement driver. */
export class FakePd {
  readonly #runtime: Runtime;
  readonly #regions: FakeRegions;
  readonly #header = { clusterId: CLUSTER_ID };
  /** The last timestamp given to anybody. */
  highest = 0n;
  lagMs = 0;
  /** Messages that asked for timestamps. */
  tsoMessages = 0;
  /** Streams take requests and answer nothing. */
  isSilent = false;
  /** Chance that the stream of timestamps breaks, for each message. */
  streamBreaks = 0;
  readonly #seen: { readonly atMs: number; readonly regions: readonly FakeRegion[] }[] = [];

  constructor(runtime: Runtime, regions: FakeRegions) {
    this.#runtime = runtime;
    this.#regions = regions;
  }

  answer(name: string, body: Uint8Array): Uint8Array {
    const header = this.#header;
    switch (name) {
      case 'GetMembers': {
        const leader = { name: 'pd', memberId: 1n, clientUrls: ['http://pd:1'] };
        const reply = messageCodec<GetMembersResponse>('pdpb.GetMembersResponse');
        return reply.encode({ header, members: [leader], leader });
      }
      case 'GetRegion': {
        const { regionKey } = messageCodec<GetRegionRequest>('pdpb.GetRegionRequest').decode(body);
        const key = decoded(regionKey);
        return this.#region(this.#known().find((region) => holds(region, key)));
      }
      case 'GetRegionByID': {
        const { regionId } = messageCodec<GetRegionByIdRequest>('pdpb.GetRegionByIDRequest').decode(body);
        return this.#region(this.#known().find((region) => region.id === regionId));
      }
      case 'BatchScanRegions': {
        const query = messageCodec<BatchScanRegionsRequest>('pdpb.BatchScanRegionsRequest').decode(body);
        const range = query.ranges[0]!;
        const [start, end] = [decoded(range.startKey), decoded(range.endKey)];
        const regions = this.#known().filter(
          (region) =>
            (region.end.length === 0 || compareBytes(region.end, start) > 0) &&
            (end.length === 0 || compareBytes(region.start, end) < 0),
        );
        const reply = messageCodec<RegionsResponse>('pdpb.BatchScanRegionsResponse');
        return reply.encode({ header, regions: regions.slice(0, query.limit).map(pdRegion) });
      }
      case 'GetStore': {
        const { storeId } = messageCodec<GetStoreRequest>('pdpb.GetStoreRequest').decode(body);
        const store = { id: storeId, address: `store${storeId}:1` };
        return messageCodec<GetStoreResponse>('pdpb.GetStoreResponse').encode({ header, store });
      }
      default:
        throw new Error(`the fake PD does not know ${name}`);
    }
  }

  /** Answers in order, after a while. */
  tsoStream(signal: AbortSignal): DuplexStream {
    const replies = new BoundedQueue<Uint8Array>(1000);
    const runtime = this.#runtime;
    let latest = Promise.resolve();
    const serve = async (message: Uint8Array): Promise<void> => {
      this.tsoMessages++;
      await runtime.sleep(0.2 + runtime.random(), signal);
      if (this.isSilent) return;
      if (runtime.random() < this.streamBreaks) {
        replies.close(new RpcError(RpcCode.unavailable, 'not leader', { address: 'pd:1', method: 'Tso' }));
      }
      replies.offer(this.#timestamps(tsoRequest.decode(message).count));
    };
    return {
      write: (message) => {
        latest = latest.then(() => serve(message)).catch(() => undefined);
        return Promise.resolve();
      },
      end: () => replies.close(),
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const reply = await replies.take(signal);
          if (reply === undefined) return;
          yield reply;
        }
      },
    };
  }

  #timestamps(count: number): Uint8Array {
    const now = (EPOCH_MS + BigInt(Math.floor(this.#runtime.monotonicMs()))) << LOGICAL_BITS;
    const base = now > this.highest ? now : this.highest;
    this.highest = base + BigInt(count);
    const physical = this.highest >> LOGICAL_BITS;
    const logical = this.highest & ((1n << LOGICAL_BITS) - 1n);
    return tsoResponse.encode({
      header: this.#header,
      count,
      timestamp: { physical, logical, suffixBits: 0 },
    });
  }

  #region(region: FakeRegion | undefined): Uint8Array {
    const reply = messageCodec<GetRegionResponse>('pdpb.GetRegionResponse');
    return reply.encode({ header: this.#header, ...(region === undefined ? {} : pdRegion(region)) });
  }

  /** The regions as they were `lagMs` ago. */
  #known(): readonly FakeRegion[] {
    const nowMs = this.#runtime.monotonicMs();
    const last = this.#seen.at(-1);
    if (last?.regions !== this.#regions.all) this.#seen.push({ atMs: nowMs, regions: this.#regions.all });
    while (this.#seen.length > 1 && this.#seen[1]!.atMs <= nowMs - this.lagMs) this.#seen.shift();
    return this.#seen[0]!.regions;
  }
}

function decoded(key: Uint8Array): Uint8Array {
  return key.length === 0 ? key : readComparableBytes(new ByteReader(key));
}
