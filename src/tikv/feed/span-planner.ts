/**
 * Subscribes the gaps of a span: looks up which regions cover them, opens a subscription for each part, and waits for
 * the next gap to come due. One loop a span.
 *
 * Between looking at the gaps and locking them nothing waits; what changed while PD was asked is thereby seen. A gap
 * that could not be subscribed (a hole in PD's answer, a store that is left alone for a while, too many scans under
 * way) waits a little.
 */
import { messageOf } from '../../base/errors.js';
import type { Runtime } from '../../base/runtime.js';
import { intersect, type KeyRange } from './key-range.js';
import type { FeedRegion, FeedRegions } from './ports.js';
import type { Span } from './region-feed.js';
import { missDelayMs } from './region-reaction.js';
import type { StreamPool } from './stream-pool.js';
import type { Subscriptions } from './subscriptions.js';

/** Scans asked of one store at once; TiKV runs six and lets the others wait. */
const SCANS_PER_STORE = 256;
/** How long a subscription waits when there are so many. */
const CROWDED_MS = 50;

/** Gaps of a span looked up at once: there is one a region when a stream breaks. */
const LOOKUPS_AT_ONCE = 8;

/** What the planner needs. */
export interface SpanPlannerOptions {
  readonly runtime: Runtime;
  readonly regions: FeedRegions;
  readonly pool: StreamPool;
  readonly subscriptions: Subscriptions;
}

/** Keeps spans subscribed. */
export class SpanPlanner {
  readonly #runtime: Runtime;
  readonly #regions: FeedRegions;
  readonly #pool: StreamPool;
  readonly #subscriptions: Subscriptions;

  constructor(options: SpanPlannerOptions) {
    this.#runtime = options.runtime;
    this.#regions = options.regions;
    this.#pool = options.pool;
    this.#subscriptions = options.subscriptions;
  }

  /** Keeps one span subscribed until the signal is aborted. */
  async run(span: Span, signal: AbortSignal): Promise<never> {
    for (;;) {
      const due = span.map.dueGaps(this.#runtime.monotonicMs());
      for (let from = 0; from < due.length; from += LOOKUPS_AT_ONCE) {
        const some = due.slice(from, from + LOOKUPS_AT_ONCE);
        await Promise.all(some.map((gap) => this.#subscribe(span, gap, signal)));
      }
      if (due.length === 0) await this.#rest(span, signal);
      signal.throwIfAborted();
    }
  }

  async #rest(span: Span, signal: AbortSignal): Promise<void> {
    const nextMs = span.map.nextDueMs();
    if (nextMs === undefined) await span.alarm.wait(signal);
    else
      await span.alarm.waitAtMost(Math.max(1, nextMs - this.#runtime.monotonicMs()), this.#runtime, signal);
  }

  async #subscribe(span: Span, gap: KeyRange, signal: AbortSignal): Promise<void> {
    let regions: readonly FeedRegion[];
    try {
      regions = await this.#regions.cover(gap.start, gap.end, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#postpone(span, gap, messageOf(error));
      return;
    }
    const addresses = await this.#addresses(regions, signal);
    const nowMs = this.#runtime.monotonicMs();
    for (const region of regions) {
      const wanted = intersect(region, gap);
      if (wanted === undefined) continue;
      for (const part of span.map.dueGaps(nowMs, wanted)) {
        this.#open(span, region, part, addresses.get(region.leader.storeId));
      }
    }
    if (span.map.dueGaps(nowMs, gap).length > 0)
      this.#postpone(span, gap, 'no region is known for some keys');
  }

  async #addresses(
    regions: readonly FeedRegion[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<bigint, string | Error>> {
    const addresses = new Map<bigint, string | Error>();
    for (const { leader } of regions) {
      if (addresses.has(leader.storeId)) continue;
      try {
        addresses.set(leader.storeId, await this.#regions.storeAddress(leader.storeId, signal));
      } catch (error) {
        signal.throwIfAborted();
        addresses.set(leader.storeId, new Error(messageOf(error)));
      }
    }
    return addresses;
  }

  #open(span: Span, region: FeedRegion, part: KeyRange, address: string | Error | undefined): void {
    const { storeId } = region.leader;
    if (typeof address !== 'string') {
      this.#regions.forgetStore(storeId);
      this.#regions.invalidate(region);
      this.#postpone(span, part, address?.message ?? `store ${storeId} has no address`);
      return;
    }
    const nowMs = this.#runtime.monotonicMs();
    const notBeforeMs = this.#pool.notBeforeMs(storeId);
    if (notBeforeMs > nowMs) span.map.delay(part, nowMs, (before) => ({ ...before, notBeforeMs }));
    else if (this.#pool.scanning(storeId) >= SCANS_PER_STORE) {
      span.map.delay(part, nowMs, (before) => ({ ...before, notBeforeMs: nowMs + CROWDED_MS }));
    } else this.#subscriptions.open(span, region, part, address);
  }

  #postpone(span: Span, gap: KeyRange, reason: string): void {
    const nowMs = this.#runtime.monotonicMs();
    const random = this.#runtime.random();
    span.lastError = reason;
    span.map.delay(gap, nowMs, (before) => ({
      failures: before.failures + 1,
      silences: before.silences,
      notBeforeMs: nowMs + missDelayMs(before.failures, random),
    }));
  }
}
