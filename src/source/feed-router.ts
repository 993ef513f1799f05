/**
 * The one consumer of a change feed: takes its events and hands them, in order, to whoever follows the span. It never
 * waits for a consumer — a span's `resolved` may be behind any number of other spans' rows — so consumers buffer, and
 * refuse what is too much (span-buffer.ts).
 */
import { assert, unreachable } from '../base/assert.js';
import type { TiviewError } from '../base/errors.js';
import type { Metrics } from '../base/telemetry.js';
import type { Ts } from '../codec/tso.js';
import type { FeedEvent, SpanId, SpanLag, SpanRequest } from '../tikv/feed/feed-event.js';
import { type RowChangeBatch, batchBytes } from '../tikv/feed/row-change-batch.js';

/** What the router needs of a change feed. */
export interface FeedPort {
  subscribe(request: SpanRequest): void;
  unsubscribe(id: SpanId): void;
  take(signal: AbortSignal): Promise<FeedEvent>;
  lag(): readonly SpanLag[];
}

/** Follows one span. Called synchronously; must not throw. */
export interface SpanConsumer {
  rows(batch: RowChangeBatch): void;
  resolved(ts: Ts): void;
  /** Nothing more will come: changes after `from` are lost to this span. */
  gap(from: Ts, cause: TiviewError): void;
}

/** Hands out a feed's events. */
export class FeedRouter {
  readonly #feed: FeedPort;
  readonly #metrics: Metrics;
  readonly #consumers = new Map<SpanId, SpanConsumer>();

  constructor(feed: FeedPort, metrics: Metrics) {
    this.#feed = feed;
    this.#metrics = metrics;
  }

  /** Begins to follow a span; its id must be free. */
  subscribe(request: SpanRequest, consumer: SpanConsumer): void {
    assert(!this.#consumers.has(request.id), `span ${request.id} is followed already`);
    this.#consumers.set(request.id, consumer);
    this.#feed.subscribe(request);
  }

  /** Stops following a span; its consumer hears nothing more. */
  unsubscribe(id: SpanId): void {
    if (!this.#consumers.delete(id)) return;
    this.#feed.unsubscribe(id);
  }

  /** What holds spans back. */
  lag(): readonly SpanLag[] {
    return this.#feed.lag();
  }

  /** Hands out events until aborted. @throws the signal's reason. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) this.#dispatch(await this.#feed.take(signal));
  }

  #dispatch(event: FeedEvent): void {
    const consumer = this.#consumers.get(event.spanId);
    if (consumer === undefined) return;
    switch (event.kind) {
      case 'rows':
        this.#metrics.count('tiview_feed_rows_total', event.batch.count);
        this.#metrics.count('tiview_feed_bytes_total', batchBytes(event.batch));
        consumer.rows(event.batch);
        return;
      case 'resolved':
        consumer.resolved(event.ts);
        return;
      case 'initialized':
        return;
      case 'gap':
        this.#consumers.delete(event.spanId);
        consumer.gap(event.from, event.cause);
        return;
      default:
        unreachable(event);
    }
  }
}
