/** A change feed whose events are the test's: everything else about spans is remembered. */
import { BoundedQueue } from '../../src/base/bounded-queue.js';
import type { FeedPort } from '../../src/source/feed-router.js';
import type { FeedEvent, SpanId, SpanLag, SpanRequest } from '../../src/tikv/feed/feed-event.js';

/** A feed of scripted events. */
export class ScriptedFeed implements FeedPort {
  /** Spans subscribed now. */
  readonly spans = new Map<SpanId, SpanRequest>();
  lags: readonly SpanLag[] = [];
  readonly #events = new BoundedQueue<FeedEvent>(1_000_000);

  subscribe(request: SpanRequest): void {
    if (this.spans.has(request.id)) throw new Error(`${request.id} is subscribed already`);
    this.spans.set(request.id, request);
  }

  unsubscribe(id: SpanId): void {
    this.spans.delete(id);
  }

  async take(signal: AbortSignal): Promise<FeedEvent> {
    const event = await this.#events.take(signal);
    if (event === undefined) throw new Error('the script has ended');
    return event;
  }

  lag(): readonly SpanLag[] {
    return this.lags;
  }

  /** Says something. As in a real feed a gap ends the span. */
  say(event: FeedEvent): void {
    if (event.kind === 'gap') this.spans.delete(event.spanId);
    this.#events.offer(event);
  }
}
