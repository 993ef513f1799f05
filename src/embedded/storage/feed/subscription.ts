/** One region, or a part of it, as one request of one stream follows it. */
import type { KeyString } from '../../../base/bytes.js';
import { type StoreRegion, isWithin } from '../regions/store-region.js';
import { LockTally } from './lock-tally.js';
import type { Outbox } from './outbox.js';

/** What is followed, from where. */
export interface SubscriptionSpec {
  readonly requestId: bigint;
  readonly region: StoreRegion;
  /** Raw; within the region. */
  readonly start: KeyString;
  readonly end: KeyString;
  /** Versions above are scanned. It is never checked: neither against the safe point nor against the clock. */
  readonly checkpoint: bigint;
  /** Leave out rows that a replication wrote. */
  readonly filterLoop: boolean;
  readonly outbox: Outbox;
}

/** A running subscription. */
export class Subscription {
  readonly spec: SubscriptionSpec;
  /** Transactions with locks in the range, from the moment of registration on. */
  readonly locks = new LockTally();
  /** Whether the incremental scan is complete: only then resolved timestamps are sent. */
  isInitialized = false;
  #resolvedTs = 0n;

  constructor(spec: SubscriptionSpec) {
    this.spec = spec;
  }

  /** As events name it. */
  get id(): { readonly regionId: bigint; readonly requestId: bigint } {
    return { regionId: this.spec.region.id, requestId: this.spec.requestId };
  }

  covers(key: KeyString): boolean {
    return isWithin(key, this.spec.start, this.spec.end);
  }

  /** Whether a row of that source is to be sent: what is above eight bits is no row of anybody's (TRUTH §1). */
  wantsSource(txnSource: bigint): boolean {
    return txnSource >> 8n === 0n && !(this.spec.filterLoop && txnSource !== 0n);
  }

  /**
   * The resolved ts now. It never goes back, though an older transaction may prewrite late: it will commit later.
   *
   * @param latest - from PD, now.
   */
  resolve(latest: bigint): bigint {
    const resolved = this.locks.least(latest);
    if (resolved > this.#resolvedTs) this.#resolvedTs = resolved;
    return this.#resolvedTs;
  }
}
