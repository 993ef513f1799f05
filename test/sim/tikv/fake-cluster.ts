/**
 * PD and TiKV behind the `Transport` seam, with faults: requests and replies are lost, regions answer with errors,
 * split, merge and change leaders, PD lags. Time and chance come from the test's runtime, so a seed repeats a run.
 */
import { compareBytes, keyString } from '../../../src/base/bytes.js';
import type { Runtime } from '../../../src/base/runtime.js';
import type { DuplexStream, Metadata, Transport } from '../../../src/base/transport.js';
import { messageCodec } from '../../../src/tikv/proto.js';
import type {
  BatchGetRequest,
  BatchRollbackRequest,
  CheckSecondaryLocksRequest,
  CheckTxnStatusRequest,
  CommitRequest,
  Context,
  GetRequest,
  KvPairMessage,
  MessageInput,
  PessimisticRollbackRequest,
  PrewriteRequest,
  RegionErrorMessage,
  ResolveLockRequest,
  ScanLockRequest,
  ScanRequest,
  TxnHeartBeatRequest,
  WithContext,
} from '../../../src/tikv/proto-types.js';
import { RpcCode, RpcError } from '../../../src/tikv/rpc-error.js';
import type { CopRequest } from '../../../src/tikv/coprocessor/cop-types.js';
import { scanPage } from './fake-coprocessor.js';
import { FakeMvcc, type KeyErrorInput, type Reading, StoreAborted } from './fake-mvcc.js';
import { FakePd } from './fake-pd.js';
import { type FakeRegion, FakeRegions, holds, regionMessage } from './fake-regions.js';

/** Chances of what can go wrong, each from 0 to 1. */
export interface Faults {
  readonly lostRequest: number;
  readonly lostReply: number;
  readonly regionError: number;
}

const NO_FAULTS: Faults = { lostRequest: 0, lostReply: 0, regionError: 0 };

export type Answer = Readonly<Record<string, unknown>>;

/** What a test decides about a request: its answer, or that it or its reply is lost. */
export type Scripted = Answer | 'lost request' | 'lost reply';

/** A whole cluster. */
export class FakeCluster implements Transport {
  readonly runtime: Runtime;
  readonly mvcc = new FakeMvcc();
  readonly regions: FakeRegions;
  readonly pd: FakePd;
  /** What a real cluster would not have survived. */
  readonly violations: string[] = [];
  faults: Faults = NO_FAULTS;
  /** Requests that came to a store, in order. */
  readonly log: { readonly name: string; readonly request: WithContext }[] = [];
  /** Requests under way to and from stores, at most so far. */
  inFlightMax = 0;
  /** Decides about a request before the store does; undefined: as usual. */
  script: (name: string, request: WithContext) => Scripted | undefined = () => undefined;
  #inFlight = 0;

  constructor(runtime: Runtime, stores = 3) {
    this.runtime = runtime;
    this.regions = new FakeRegions(stores);
    this.pd = new FakePd(runtime, this.regions);
  }

  async unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const name = method.slice(method.lastIndexOf('/') + 1);
    const isPd = method.startsWith('/pdpb');
    if (!isPd) this.inFlightMax = Math.max(this.inFlightMax, ++this.#inFlight);
    try {
      await this.runtime.sleep(0.2 + this.runtime.random(), signal);
      if (this.#strikes(this.faults.lostRequest)) throw lost(address, method);
      const reply = isPd ? this.pd.answer(name, body) : this.#serve(address, name, body);
      // The request has been executed: an abort from here on is a lost reply.
      await this.runtime.sleep(0.2 + this.runtime.random(), signal);
      if (reply === 'lost' || this.#strikes(this.faults.lostReply)) throw lost(address, method);
      return reply;
    } finally {
      if (!isPd) this.#inFlight--;
    }
  }

  duplex(_address: string, _method: string, _metadata: Metadata, signal: AbortSignal): DuplexStream {
    return this.pd.tsoStream(signal);
  }

  forget(): void {
    // There are no connections.
  }

  close(): void {
    // There are no connections.
  }

  /** Splits, merges or moves a leader, at random. */
  disturb(keys: readonly Uint8Array[]): void {
    const random = (): number => this.runtime.random();
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const choice = random();
    if (choice < 0.35 && keys.length > 0) this.regions.split(pick(keys));
    else if (choice < 0.6 && this.regions.all.length > 3) this.regions.merge(pick(this.regions.all));
    else this.regions.transferLeader(pick(this.regions.all), BigInt(1 + Math.floor(random() * 3)));
  }

  #strikes(chance: number): boolean {
    return chance > 0 && this.runtime.random() < chance;
  }

  #serve(address: string, name: string, body: Uint8Array): Uint8Array | 'lost' {
    const [request, response] = codecs(name);
    const decoded = request.decode(body);
    this.log.push({ name, request: decoded });
    const scripted = this.script(name, decoded);
    if (scripted === 'lost request') return 'lost';
    if (typeof scripted === 'object') return response.encode(scripted);
    const storeId = BigInt(address.slice('store'.length).split(':')[0]!);
    const context = decoded.context!;
    const regionError = this.#regionError(context, storeId) ?? this.#madeUpError(context);
    if (regionError !== undefined) return response.encode({ regionError });
    const region = this.regions.byId(context.regionId)!;
    try {
      const reply = response.encode(this.#execute(name, decoded, region));
      return scripted === 'lost reply' ? 'lost' : reply;
    } catch (error) {
      if (!(error instanceof StoreAborted)) throw error;
      this.violations.push(`${name}: ${error.message}`);
      throw lost(address, name);
    }
  }

  #regionError(context: Context, storeId: bigint): MessageInput<RegionErrorMessage> | undefined {
    const region = this.regions.byId(context.regionId);
    const { regionId } = context;
    if (region === undefined) return { message: 'region not found', regionNotFound: { regionId } };
    if (context.peer?.storeId !== storeId) return { message: 'store not match', storeNotMatch: {} };
    if (region.leader.storeId !== storeId) {
      return { message: 'not leader', notLeader: { regionId, leader: region.leader } };
    }
    if (context.regionEpoch?.version === region.version) return undefined;
    const at = this.regions.all.indexOf(region);
    const current = [region, this.regions.all[at - 1]].filter((r) => r !== undefined).map(regionMessage);
    return { message: 'epoch not match', epochNotMatch: { currentRegions: current } };
  }

  #madeUpError(context: Context): MessageInput<RegionErrorMessage> | undefined {
    if (!this.#strikes(this.faults.regionError)) return undefined;
    const { regionId } = context;
    const kinds: MessageInput<RegionErrorMessage>[] = [
      { message: 'stale command', staleCommand: {} },
      { message: 'busy', serverIsBusy: { reason: 'scheduler', backoffMs: 5n } },
      { message: 'epoch not match', epochNotMatch: { currentRegions: [] } },
      { message: 'not leader', notLeader: { regionId } },
      { message: 'not found', regionNotFound: { regionId } },
      { message: 'merging', proposalInMergingMode: { regionId } },
      { message: 'read index', readIndexNotReady: { regionId, reason: '' } },
    ];
    return kinds[Math.floor(this.runtime.random() * kinds.length)];
  }

  #checkTs(name: string, ts: bigint): void {
    if (ts !== 0xffff_ffff_ffff_ffffn && ts > this.pd.highest) {
      throw new StoreAborted(`${name} at ${ts}, PD has given ${this.pd.highest}`);
    }
  }

  #keysOutside(region: FakeRegion, keys: readonly Uint8Array[]): Answer | undefined {
    const key = keys.find((other) => !holds(region, other));
    if (key === undefined) return undefined;
    return { regionError: { message: 'key not in region', keyNotInRegion: { key, regionId: region.id } } };
  }

  #execute(name: string, request: WithContext, region: FakeRegion): Answer {
    const { mvcc } = this;
    switch (name) {
      case 'KvGet': {
        const q = request as GetRequest;
        const outside = this.#keysOutside(region, [q.key]);
        if (outside !== undefined) return outside;
        this.#checkTs(name, q.version);
        const found = mvcc.read(q.key, readingOf(q.context!, q.version));
        if ('error' in found) return found;
        return found.value === undefined ? { notFound: true } : { value: found.value };
      }
      case 'KvBatchGet': {
        const q = request as BatchGetRequest;
        const outside = this.#keysOutside(region, q.keys);
        if (outside !== undefined) return outside;
        this.#checkTs(name, q.version);
        return { pairs: this.#pairs(q.keys, readingOf(q.context!, q.version)) };
      }
      case 'KvScan': {
        const q = request as ScanRequest;
        this.#checkTs(name, q.version);
        const end = lesser(q.endKey, region.end);
        const start = compareBytes(q.startKey, region.start) < 0 ? region.start : q.startKey;
        const pairs = this.#pairs(mvcc.keysIn(start, end), readingOf(q.context!, q.version));
        return { pairs: pairs.slice(0, q.limit) };
      }
      case 'KvPrewrite': {
        const q = request as PrewriteRequest;
        const outside = this.#keysOutside(
          region,
          q.mutations.map((m) => m.key),
        );
        return outside ?? { errors: mvcc.prewrite(q.mutations, q) };
      }
      case 'KvCommit': {
        const q = request as CommitRequest;
        this.#checkTs(name, q.commitVersion);
        const outside = this.#keysOutside(region, q.keys);
        return outside ?? withError(mvcc.commit(q.keys, q.startVersion, q.commitVersion));
      }
      case 'KvBatchRollback': {
        const q = request as BatchRollbackRequest;
        return this.#keysOutside(region, q.keys) ?? withError(mvcc.rollback(q.keys, q.startVersion));
      }
      default:
        return this.#executeOnLocks(name, request, region);
    }
  }

  #executeOnLocks(name: string, request: WithContext, region: FakeRegion): Answer {
    const { mvcc } = this;
    switch (name) {
      case 'KvTxnHeartBeat': {
        const q = request as TxnHeartBeatRequest;
        const outside = this.#keysOutside(region, [q.primaryLock]);
        if (outside !== undefined) return outside;
        const beat = mvcc.heartbeat(q.primaryLock, q.startVersion, q.adviseLockTtl);
        return 'error' in beat ? beat : { lockTtl: beat.ttl };
      }
      case 'KvCheckTxnStatus': {
        const q = request as CheckTxnStatusRequest;
        this.#checkTs(name, q.callerStartTs);
        this.#checkTs(name, q.currentTs);
        return this.#keysOutside(region, [q.primaryKey]) ?? mvcc.checkStatus(q);
      }
      case 'KvCheckSecondaryLocks': {
        const q = request as CheckSecondaryLocksRequest;
        return this.#keysOutside(region, q.keys) ?? mvcc.checkSecondaries(q.keys, q.startVersion);
      }
      case 'KVPessimisticRollback': {
        const q = request as PessimisticRollbackRequest;
        return this.#keysOutside(region, q.keys) ?? mvcc.rollbackPessimistic(q.keys, q.startVersion);
      }
      case 'KvScanLock': {
        const q = request as ScanLockRequest;
        this.#checkTs(name, q.maxVersion);
        const start = compareBytes(q.startKey, region.start) < 0 ? region.start : q.startKey;
        const locks = mvcc.keysIn(start, lesser(q.endKey, region.end)).flatMap((key) => {
          const lock = mvcc.locks.get(keyString(key));
          return lock === undefined || lock.startTs > q.maxVersion ? [] : [mvcc.lockInfo(key, lock)];
        });
        return { locks: locks.slice(0, q.limit) };
      }
      case 'Coprocessor': {
        const q = request as CopRequest;
        this.#checkTs(name, q.startTs);
        const outside = this.#keysOutside(
          region,
          q.ranges.map((range) => range.start),
        );
        return outside ?? scanPage(mvcc, q, readingOf(q.context!, q.startTs));
      }
      case 'KvResolveLock': {
        const q = request as ResolveLockRequest;
        const keys = q.keys.length > 0 ? q.keys : mvcc.keysIn(region.start, region.end);
        const outside = this.#keysOutside(region, q.keys);
        if (outside !== undefined) return outside;
        mvcc.resolve(keys, q.startVersion, q.commitVersion);
        return {};
      }
      default:
        throw new Error(`the fake store does not know ${name}`);
    }
  }

  #pairs(keys: readonly Uint8Array[], reading: Reading): MessageInput<KvPairMessage>[] {
    const pairs: MessageInput<KvPairMessage>[] = [];
    for (const key of keys) {
      const found = this.mvcc.read(key, reading);
      if ('error' in found) pairs.push({ key, error: found.error });
      else if (found.value !== undefined) pairs.push({ key, value: found.value });
    }
    return pairs;
  }
}

function readingOf(context: Context, ts: bigint): Reading {
  return { ts, resolved: context.resolvedLocks, committed: context.committedLocks };
}

function withError(error: KeyErrorInput | undefined): Answer {
  return error === undefined ? {} : { error };
}

function lesser(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  return b.length === 0 || compareBytes(a, b) < 0 ? a : b;
}

function lost(address: string, method: string): RpcError {
  return new RpcError(RpcCode.unavailable, 'lost', { address, method });
}

interface RequestDecoder {
  decode(bytes: Uint8Array): WithContext;
}

interface ReplyEncoder {
  encode(answer: Answer): Uint8Array;
}

/** Message names follow from method names. */
function codecs(name: string): [RequestDecoder, ReplyEncoder] {
  const message = name === 'Coprocessor' ? 'coprocessor.' : `kvrpcpb.${name.slice('Kv'.length)}`;
  return [messageCodec<WithContext>(`${message}Request`), messageCodec<Answer>(`${message}Response`)];
}
