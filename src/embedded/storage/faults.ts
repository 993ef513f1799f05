/** What can be done to the cluster on purpose, for tests: each takes effect at once, and lasts until it is undone. */
import { assert } from '../../base/assert.js';
import { keyBytes, keyString } from '../../base/bytes.js';
import { type CallFailure, unavailable } from './call-outcome.js';
import type { ChangeHub } from './feed/change-hub.js';
import type { ResolvedPace } from './feed/resolved-pace.js';
import type { GcState } from './pd/gc-state.js';
import type { PdServer } from './pd/pd-server.js';
import type { TsoAllocator } from './pd/tso-allocator.js';
import type { RegionTable } from './regions/region-table.js';
import type { StoreHealth } from './regions/store-health.js';

/** What faults are done to. */
export interface FaultTargets {
  readonly regions: RegionTable;
  readonly health: StoreHealth;
  readonly hub: ChangeHub;
  readonly pace: ResolvedPace;
  readonly tso: TsoAllocator;
  readonly pd: PdServer;
  readonly gc: GcState;
  /** Begins a round of garbage collection. */
  readonly collectGarbage: () => void;
  /** The time of the last call, by PD's clock. */
  readonly lastSeenMs: () => number;
}

/** A region as tests see it; raw keys. */
export interface RegionView {
  readonly id: bigint;
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly leaderStoreId: bigint;
}

type Loss = 'request' | 'reply';

/** How late PD learns of splits, merges and leaders, unless told otherwise (TRUTH §3). */
const PD_LAG_MS = 10;

/** Faults of one cluster. */
export class Faults {
  /** How late PD learns of splits, merges and leaders. */
  pdLagMs = PD_LAG_MS;
  readonly #targets: FaultTargets;
  readonly #losses = new Map<string, { readonly loss: Loss; left: number }>();
  #onDrop: (storeId: bigint) => void = () => undefined;
  #now: () => number;

  constructor(targets: FaultTargets) {
    this.#targets = targets;
    this.#now = targets.lastSeenMs;
  }

  /** Where a fault finds out when it happens, if calls are too rare to tell. */
  set clock(now: () => number) {
    this.#now = now;
  }

  /** Called when the connections of a store are to break; there is one listener. */
  set onDrop(listener: (storeId: bigint) => void) {
    this.#onDrop = listener;
  }

  /** How far history may have been collected. */
  get safePoint(): bigint {
    return this.#targets.gc.safePoint;
  }

  /** In key order. */
  get regions(): readonly RegionView[] {
    return Array.from(this.#targets.regions.all(), ({ id, start, end, leader }) => {
      return { id, start: keyBytes(start), end: keyBytes(end), leaderStoreId: leader.storeId };
    });
  }

  /** Splits the region that holds a raw key. @returns whether it does not begin there already. */
  split(key: Uint8Array): boolean {
    return this.#targets.regions.split(keyString(key));
  }

  /** Merges a region's right neighbour into it. @returns whether there is one. */
  merge(regionId: bigint): boolean {
    return this.#targets.regions.mergeRight(regionId);
  }

  /** @returns whether another store leads now. */
  moveLeader(regionId: bigint, storeId: bigint): boolean {
    return this.#targets.health.isRunning(storeId) && this.#targets.regions.moveLeader(regionId, storeId);
  }

  /** Breaks every connection to a store. */
  dropConnections(storeId: bigint): void {
    this.#targets.hub.disconnect(storeId, unavailable('connection dropped'));
    this.#onDrop(storeId);
  }

  /** Breaks and refuses connections; a second later other stores lead its regions. */
  stopStore(storeId: bigint): void {
    this.#targets.health.stop(storeId, this.#now());
    this.dropConnections(storeId);
  }

  startStore(storeId: bigint): void {
    this.#targets.health.start(storeId);
  }

  /** How often feeds are sent resolved timestamps. @param ms - > 0. */
  setResolvedInterval(ms: number): void {
    assert(ms > 0, `resolved timestamps every ${ms} ms`);
    this.#targets.pace.setInterval(ms);
  }

  /** Feeds are sent no resolved timestamps, as if no store could confirm that it leads. */
  stallResolved(): void {
    this.#targets.pace.stall();
  }

  /** Undoes {@link stallResolved}. */
  resumeResolved(): void {
    this.#targets.pace.resume();
  }

  /** For so long PD has no leader. */
  losePdLeader(ms: number): void {
    this.#targets.pd.abdicate(this.#now() + ms);
  }

  /** PD's clock is ahead by so much, from now on. */
  jumpTso(ms: number): void {
    this.#targets.tso.jump(ms);
  }

  /** Lets the safe point advance as far as it may now, and garbage be collected up to there. */
  collectGarbage(): void {
    this.#targets.collectGarbage();
  }

  /** The next calls of a method are not executed, and the caller learns nothing. */
  loseRequests(method: string, count = 1): void {
    this.#lose(method, 'request', count);
  }

  /** The next calls of a store's method are executed, but the caller learns nothing. */
  loseReplies(method: string, count = 1): void {
    this.#lose(method, 'reply', count);
  }

  /** For the cluster: a call that gets lost on its way. */
  strike(method: string): CallFailure | undefined {
    return this.#takeLoss(method, 'request');
  }

  /** For the cluster: a reply that gets lost. */
  strikeReply(method: string): CallFailure | undefined {
    return this.#takeLoss(method, 'reply');
  }

  #lose(method: string, loss: Loss, count: number): void {
    assert(count > 0, `${count} calls to be lost`);
    this.#losses.set(method, { loss, left: count });
  }

  #takeLoss(method: string, loss: Loss): CallFailure | undefined {
    const found = this.#losses.get(method);
    if (found?.loss !== loss) return undefined;
    if (--found.left === 0) this.#losses.delete(method);
    return unavailable(`the ${loss} was lost`);
  }
}
