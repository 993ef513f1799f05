/**
 * TiKV's change feed for any number of spans: subscribe, and take events.
 *
 * The promise: after `resolved` T of a span, every change of it with commit ts ≤ T has been taken, whatever regions,
 * leaders, streams and stores did meanwhile; if that cannot be kept, a `gap` says so. Rows above the last T may come
 * twice, never below (feed-event.ts).
 *
 * How: each part of a span is at any time either subscribed, with the resolved ts of its region, or a gap, with the ts
 * from which it has to be subscribed again (region-map.ts); T is the least of all. Everything that ends a subscription
 * makes a gap; one loop a span turns gaps into subscriptions (span-planner.ts).
 *
 * @see TIKV-FACTS §4, TRUTH §1–3, pingcap/ticdc logservice/logpuller
 */
import { assert } from '../../base/assert.js';
import { messageOf, type TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { type Runtime, StoppedError, type Task } from '../../base/runtime.js';
import { silent, type Telemetry } from '../../base/telemetry.js';
import type { Transport } from '../../base/transport.js';
import { ByteBudget } from './byte-budget.js';
import { EventQueue } from './event-queue.js';
import type { FeedEvent, SpanId, SpanLag, SpanRequest } from './feed-event.js';
import { FeedSpan } from './feed-span.js';
import type { FeedRegions } from './ports.js';
import { Receiver } from './receiver.js';
import type { RegionFeed, Span, Stream } from './region-feed.js';
import { SpanPlanner } from './span-planner.js';
import { StreamPool } from './stream-pool.js';
import { Subscriptions } from './subscriptions.js';
import { findSilent, type WatchdogLimits } from './watchdog.js';

/** What a feed is made of. */
export interface ChangeFeedOptions {
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly regions: FeedRegions;
  readonly clusterId: bigint;
  readonly telemetry?: Telemetry;
  /** Bytes that wait for the consumer; above it streams are not read. */
  readonly queueBytes?: number;
  /** Bytes of prewritten rows that wait for their commit; above it the span that holds the most ends in a gap. */
  readonly uncommittedBytes?: number;
  readonly watchdog?: WatchdogLimits;
}

/** Borne by default: TiKV sends every 1 s at the latest unless told otherwise, and confirms leaders within 5 s. */
const WATCHDOG: WatchdogLimits = { silentMs: 15_000, scanSilentMs: 60_000 };

/** Follows spans. One consumer takes all its events. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #telemetry: Telemetry;
  readonly #watchdog: WatchdogLimits;
  readonly #spans = new Map<SpanId, { readonly span: Span; readonly task: Task }>();
  readonly #uncommitted = new ByteBudget();
  readonly #queue: EventQueue;
  readonly #pool: StreamPool;
  readonly #subscriptions: Subscriptions;
  readonly #planner: SpanPlanner;
  readonly #watching: Task;

  constructor(options: ChangeFeedOptions) {
    const { runtime, transport, regions, clusterId } = options;
    this.#options = options;
    this.#telemetry = options.telemetry ?? silent;
    this.#watchdog = options.watchdog ?? WATCHDOG;
    this.#queue = new EventQueue(options.queueBytes ?? limits.feedQueueBytes);
    this.#pool = new StreamPool({
      runtime,
      transport,
      owner: {
        receive: (stream, message) => receiver.receive(stream, message),
        room: (signal) => this.#queue.room(signal),
        broken: (stream, error) => this.#broken(stream, error),
      },
    });
    this.#subscriptions = new Subscriptions({
      runtime,
      clusterId,
      pool: this.#pool,
      telemetry: this.#telemetry,
    });
    this.#planner = new SpanPlanner({
      runtime,
      regions,
      pool: this.#pool,
      subscriptions: this.#subscriptions,
    });
    const receiver = new Receiver({
      runtime,
      telemetry: this.#telemetry,
      regions,
      pool: this.#pool,
      subscriptions: this.#subscriptions,
      queue: this.#queue,
      uncommitted: this.#uncommitted,
      uncommittedBytesMax: options.uncommittedBytes ?? limits.feedUncommittedBytes,
      spans: () => this.#liveSpans(),
      fail: (span, cause) => this.#fail(span, cause),
    });
    this.#watching = runtime.spawn('change feed watchdog', (signal) => this.#watch(signal));
  }

  /** Bytes of events that wait for the consumer. */
  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** Bytes of prewritten rows that wait for their commit. */
  get uncommittedBytes(): number {
    return this.#uncommitted.used;
  }

  /** Begins to follow a span. Its id must be free: never subscribed, unsubscribed, or ended by a gap. */
  subscribe(request: SpanRequest): void {
    assert(!this.#spans.has(request.id), `span ${request.id} is subscribed already`);
    const { runtime } = this.#options;
    const span: Span = new FeedSpan<RegionFeed>(
      request,
      new ByteBudget(this.#uncommitted),
      runtime.monotonicMs(),
    );
    const task = runtime.spawn(`change feed of span ${span.id}`, (signal) => this.#planner.run(span, signal));
    this.#spans.set(span.id, { span, task });
  }

  /** Stops following a span. None of its events is taken afterwards. Unknown ids are nothing to do. */
  unsubscribe(id: SpanId): void {
    const entry = this.#spans.get(id);
    if (entry === undefined) return;
    this.#close(entry.span, 'dropped', 'unsubscribed');
    this.#queue.drop(entry.span);
  }

  /**
   * The next event, waiting for one. As long as nobody takes, at most `queueBytes` and one message a store are held,
   * and TiKV is not listened to.
   *
   * @throws the signal's reason; no event is lost by it.
   */
  take(signal: AbortSignal): Promise<FeedEvent> {
    return this.#queue.take(signal);
  }

  /** What holds each live span back. */
  lag(): readonly SpanLag[] {
    return [...this.#liveSpans()].map((span) => span.lag());
  }

  /** Complete subscriptions whose resolved ts did not move when TiKV last sent it: for the lag resolver. */
  *held(): Iterable<RegionFeed> {
    for (const stream of this.#pool.streams()) {
      for (const feed of stream.feeds()) if (feed.heldTicks > 0) yield feed;
    }
  }

  /** Ends everything and waits for the end. */
  async close(): Promise<void> {
    const reason = new StoppedError('change feed');
    const tasks = [...this.#spans.values()].map(({ task }) => task);
    for (const { span } of this.#spans.values()) span.state = 'dropped';
    this.#spans.clear();
    await Promise.all([
      this.#watching.stop(reason),
      this.#pool.stop(reason),
      ...tasks.map((task) => task.stop(reason)),
    ]);
  }

  *#liveSpans(): Iterable<Span> {
    for (const { span } of this.#spans.values()) yield span;
  }

  #fail(span: Span, cause: TiviewError): void {
    if (span.state !== 'live') return;
    this.#telemetry.log.error('change feed has a gap', {
      span: span.id,
      from: span.announced,
      cause: cause.message,
    });
    this.#queue.push(span, { kind: 'gap', spanId: span.id, from: span.announced, cause });
    this.#close(span, 'failed', cause.message);
  }

  #close(span: Span, state: 'failed' | 'dropped', reason: string): void {
    span.state = state;
    // The task only waits or asks PD; whoever calls need not wait for it to notice.
    void this.#spans.get(span.id)?.task.stop(new StoppedError(reason));
    this.#spans.delete(span.id);
    this.#subscriptions.endAll(span, reason);
  }

  #broken(stream: Stream, error: unknown): void {
    const { regions } = this.#options;
    const reason = `store ${stream.storeId}: ${messageOf(error)}`;
    this.#telemetry.log.warn('change feed stream broke', {
      storeId: stream.storeId,
      address: stream.address,
      reason,
    });
    // A store that has answered is where we thought it is; one that has not may have moved, or be dead.
    if (!stream.hasReceived) regions.forgetStore(stream.storeId);
    for (const feed of [...stream.feeds()]) {
      if (!stream.hasReceived) regions.invalidate(feed.region);
      this.#subscriptions.end(feed, { by: 'stream', cause: 'streamBroke', reason, delayMs: 0 });
    }
  }

  async #watch(signal: AbortSignal): Promise<never> {
    const { runtime } = this.#options;
    const everyMs = Math.max(1, this.#watchdog.silentMs / 4);
    for (;;) {
      await runtime.sleep(everyMs, signal);
      const { resubscribe, reconnect } = findSilent(
        this.#pool.streams(),
        this.#watchdog,
        runtime.monotonicMs(),
      );
      for (const feed of resubscribe) {
        const reason = `region ${feed.region.id} on store ${feed.stream.storeId} is silent`;
        this.#options.regions.invalidate(feed.region);
        this.#subscriptions.end(feed, { by: 'us', cause: 'silent', reason, delayMs: 0 });
      }
      for (const stream of reconnect)
        this.#pool.reset(stream, new Error(`store ${stream.storeId} is silent`));
    }
  }
}
