/** Begins and ends subscriptions of regions, keeping span, stream and store in step. */
import type { Runtime } from '../../base/runtime.js';
import type { Telemetry } from '../../base/telemetry.js';
import type { Ts } from '../../codec/tso.js';
import type { KeyRange } from './key-range.js';
import type { MatchFault } from './matcher.js';
import type { FeedRegion } from './ports.js';
import type { RegionError } from './region-error.js';
import { RegionFeed, type Span } from './region-feed.js';
import { encodeDeregister, encodeRegister } from './request-encoder.js';
import type { StreamPool } from './stream-pool.js';

/** Why a subscription ended: few values, since they are counted by. */
export type EndCause = RegionError['kind'] | MatchFault['kind'] | 'streamBroke' | 'silent' | 'spanClosed';

/** How a subscription ended. */
export interface End {
  /** `store`: TiKV said so; `us`: TiKV has to be told; `stream`: the stream is gone. */
  readonly by: 'store' | 'us' | 'stream';
  readonly cause: EndCause;
  /** For people. */
  readonly reason: string;
  /** Before its keys are subscribed again. */
  readonly delayMs: number;
  /** From where they have to be; default: its resolved ts. */
  readonly from?: Ts;
}

/** What subscriptions need. */
export interface SubscriptionsOptions {
  readonly runtime: Runtime;
  readonly clusterId: bigint;
  readonly pool: StreamPool;
  readonly telemetry: Telemetry;
}

/** Begins and ends subscriptions. */
export class Subscriptions {
  readonly #runtime: Runtime;
  readonly #clusterId: bigint;
  readonly #pool: StreamPool;
  readonly #telemetry: Telemetry;

  constructor(options: SubscriptionsOptions) {
    this.#runtime = options.runtime;
    this.#clusterId = options.clusterId;
    this.#pool = options.pool;
    this.#telemetry = options.telemetry;
  }

  /**
   * Subscribes the part of a region that lies in a gap.
   *
   * @param address - of the store that leads the region.
   */
  open(span: Span, region: FeedRegion, range: KeyRange, address: string): void {
    const stream = this.#pool.streamTo(region.leader.storeId, address);
    const nowMs = this.#runtime.monotonicMs();
    const feed = new RegionFeed({ span, stream, region, range, nowMs });
    stream.add(feed);
    stream.scanning++;
    span.scanning++;
    stream.send(
      encodeRegister({
        clusterId: this.#clusterId,
        requestId: feed.requestId,
        region,
        checkpoint: feed.segment.ts,
        start: range.start,
        end: range.end,
        filterLoop: span.filterLoop,
      }),
    );
  }

  /** The scan of a subscription is complete. */
  initialized(feed: RegionFeed): void {
    feed.failures = 0;
    feed.stream.scanning--;
    feed.span.scanning--;
  }

  /** Ends a subscription and makes a gap of its keys. Nothing happens if it has ended already. */
  end(feed: RegionFeed, end: End): void {
    const { span, stream, segment } = feed;
    if (stream.find(feed.requestId, feed.regionKey) !== feed) return;
    stream.remove(feed);
    const wasInitialized = !feed.isScanning;
    if (!wasInitialized) {
      stream.scanning--;
      span.scanning--;
    }
    feed.matcher.close();
    if (end.by === 'store' && wasInitialized) {
      stream.requestIds.reuse(span, feed.regionKey, feed.requestId);
    } else if (end.by === 'us' && stream.mode === 'multiplexed') {
      stream.send(encodeDeregister(this.#clusterId, feed.requestId, feed.region.id));
    }
    if (stream.mode === 'single' && end.by !== 'stream') this.#pool.close(stream, new Error(end.reason));
    span.map.unlock(segment, end.from ?? segment.ts, {
      failures: feed.failures + 1,
      silences: end.cause === 'silent' ? feed.silences + 1 : feed.silences,
      notBeforeMs: this.#runtime.monotonicMs() + end.delayMs,
    });
    span.lastError = end.reason;
    if (end.cause !== 'spanClosed') {
      this.#telemetry.metrics.count('tiview_feed_resubscriptions_total', 1, { cause: end.cause });
    }
    span.alarm.ring();
  }

  /** Ends all subscriptions of a span. */
  endAll(span: Span, reason: string): void {
    const feeds = [...span.map.segments()].flatMap(({ owner }) => owner ?? []);
    for (const feed of feeds) this.end(feed, { by: 'us', cause: 'spanClosed', reason, delayMs: 0 });
    for (const stream of this.#pool.streams()) stream.requestIds.forget(span);
  }
}
