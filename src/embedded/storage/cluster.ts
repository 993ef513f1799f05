/**
 * PD and TiKV as one state machine: calls, and the passing of time, go in; replies come out. No socket, clock, timer
 * or randomness is in it: a shell (grpc/) or a simulation brings them along. Time is PD's, in milliseconds since 1970.
 */
import { assert } from '../../base/assert.js';
import { keyString, utf8 } from '../../base/bytes.js';
import { limits } from '../../base/limits.js';
import { type CallFailure, type CallOutcome, unavailable } from './call-outcome.js';
import { Faults } from './faults.js';
import { ChangeHub } from './feed/change-hub.js';
import type { FeedConnection } from './feed/feed-connection.js';
import { ResolvedPace } from './feed/resolved-pace.js';
import { GarbageCollector } from './mvcc/garbage-collector.js';
import { MvccStore } from './mvcc/mvcc-store.js';
import { GcState } from './pd/gc-state.js';
import { type Addresses, PdServer } from './pd/pd-server.js';
import { RegionDirectory } from './pd/region-directory.js';
import { TsoAllocator } from './pd/tso-allocator.js';
import { type RegionChange, RegionTable, regionsAfter } from './regions/region-table.js';
import { StoreHealth } from './regions/store-health.js';
import { KvServer } from './store/kv-server.js';

/** How a cluster is made. */
export interface ClusterOptions {
  /** How many stores; their ids are 1, 2, … */
  readonly stores: number;
  readonly clusterId: bigint;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Meta keys, tables before the first user's, the rest: so that there is more than one leader from the start. */
const FIRST_SPLITS = ['n', 't'];

/** How often the safe point is advanced. */
const GC_INTERVAL_MS = 10_000;
/** Keys that one step of garbage collection looks at. */
const GC_KEYS_PER_STEP = 1024;

/** The machine. */
export class StorageCluster {
  readonly faults: Faults;
  readonly storeIds: readonly bigint[];
  readonly #tso = new TsoAllocator();
  readonly #gc = new GcState();
  readonly #mvcc = new MvccStore();
  readonly #collector = new GarbageCollector(this.#mvcc);
  readonly #regions: RegionTable;
  readonly #directory: RegionDirectory;
  readonly #health: StoreHealth;
  readonly #pd: PdServer;
  readonly #kv: KvServer;
  readonly #hub: ChangeHub;
  readonly #pace = new ResolvedPace();
  #nowMs = 0;
  #nextGcMs = 0;

  constructor({ stores, clusterId, random }: ClusterOptions) {
    assert(Number.isInteger(stores) && stores > 0, `a cluster of ${stores} stores`);
    this.storeIds = Array.from({ length: stores }, (_, i) => BigInt(i + 1));
    this.#regions = new RegionTable(this.storeIds, (change) => this.#onRegionChange(change));
    this.#directory = new RegionDirectory([]);
    this.#health = new StoreHealth(this.storeIds);
    this.#pd = new PdServer({ clusterId, tso: this.#tso, regions: this.#directory, gc: this.#gc });
    this.#hub = new ChangeHub({ clusterId, regions: this.#regions, mvcc: this.#mvcc, random });
    this.#kv = new KvServer({
      regions: this.#regions,
      mvcc: this.#mvcc,
      given: this.#tso,
      onChanges: (region, changes) => this.#hub.publish(region, changes),
    });
    this.faults = new Faults({
      regions: this.#regions,
      hub: this.#hub,
      pace: this.#pace,
      health: this.#health,
      tso: this.#tso,
      pd: this.#pd,
      gc: this.#gc,
      collectGarbage: () => this.#beginGc(),
      lastSeenMs: () => this.#nowMs,
    });
    for (const [i, key] of FIRST_SPLITS.entries()) {
      this.#regions.split(keyString(utf8(key)));
      const right = this.#regions.byKey(keyString(utf8(key)));
      this.#regions.moveLeader(right.id, BigInt(((i + 1) % stores) + 1));
    }
  }

  /** What is kept, for tests and figures. */
  get size(): { readonly keys: number; readonly locks: number } {
    return { keys: this.#mvcc.keyCount, locks: this.#mvcc.lockCount };
  }

  /** PD's unary methods. */
  get pdMethods(): Iterable<string> {
    return this.#pd.methods;
  }

  /** The stores' unary methods. */
  get storeMethods(): Iterable<string> {
    return this.#kv.methods;
  }

  /** Where everybody listens: PD tells it to those who ask. */
  listenAt(addresses: Addresses): void {
    this.#pd.listenAt(addresses);
  }

  /** A unary call to PD. */
  callPd(method: string, body: Uint8Array, nowMs: number): CallOutcome {
    this.#see(nowMs);
    return this.faults.strike(method) ?? this.#pd.call(method, body, this.#nowMs);
  }

  /** A message of a stream of timestamps; a failure ends the stream. */
  timestamps(body: Uint8Array, nowMs: number): CallOutcome {
    this.#see(nowMs);
    return this.#pd.timestamps(body, this.#nowMs);
  }

  /** A unary call to a store. */
  callStore(storeId: bigint, method: string, body: Uint8Array, nowMs: number): CallOutcome {
    this.#see(nowMs);
    const refusal = this.#refusalOf(storeId) ?? this.faults.strike(method);
    if (refusal !== undefined) return refusal;
    const outcome = this.#kv.call(storeId, method, body);
    return this.faults.strikeReply(method) ?? outcome;
  }

  /** Opens a change feed to a store, multiplexed; or says why not. */
  openFeed(storeId: bigint, nowMs: number): FeedConnection | CallFailure {
    this.#see(nowMs);
    return this.#refusalOf(storeId) ?? this.#hub.connect(storeId);
  }

  /**
   * Does what is due: elections, garbage collection, resolved timestamps, a piece of a feed's scan.
   *
   * @returns milliseconds until there may be something to do again; 0: there is more at once.
   */
  advance(nowMs: number): number {
    this.#see(nowMs);
    for (const storeId of this.#health.overdue(this.#nowMs)) this.#elect(storeId);
    if (this.#nowMs >= this.#nextGcMs) this.#beginGc();
    this.#collector.work(GC_KEYS_PER_STEP);
    const isScanning = this.#hub.work();
    if (this.#hub.hasFollowers && this.#pace.tick(this.#nowMs))
      this.#hub.resolve(this.#tso.next(this.#nowMs));
    if (this.#collector.isBusy || isScanning) return 0;
    const tickMs = this.#hub.hasFollowers ? this.#pace.nextMs : Infinity;
    const dueMs = Math.min(tickMs, this.#nextGcMs, this.#health.nextElectionMs);
    return Math.max(1, dueMs - this.#nowMs);
  }

  #see(nowMs: number): void {
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
  }

  #refusalOf(storeId: bigint): CallFailure | undefined {
    return this.#health.isRunning(storeId) ? undefined : unavailable(`store ${String(storeId)} is stopped`);
  }

  #beginGc(): void {
    this.#nextGcMs = this.#nowMs + GC_INTERVAL_MS;
    this.#gc.advance(this.#tso.next(this.#nowMs), limits.embeddedHistoryMs, this.#nowMs);
    this.#collector.collectBelow(this.#gc.safePoint);
  }

  /** The regions that a stopped store led go to the others in turn. */
  #elect(storeId: bigint): void {
    const running = this.storeIds.filter((id) => this.#health.isRunning(id));
    const orphans = [...this.#regions.all()].filter((region) => region.leader.storeId === storeId);
    for (const [i, { id }] of orphans.entries()) {
      const next = running[i % running.length];
      if (next !== undefined) this.#regions.moveLeader(id, next);
    }
  }

  #onRegionChange(change: RegionChange): void {
    this.#hub.onRegionChange(change);
    for (const region of regionsAfter(change)) {
      this.#directory.report(region, this.#nowMs + this.faults.pdLagMs);
    }
  }
}
