/**
 * What happens to a message of a store, in one synchronous piece: rows go through the matcher of their subscription
 * into the span's open batch, resolved timestamps into the span's map, errors end subscriptions. When all events of
 * the message are through, the spans whose least resolved ts has grown say so, after their rows.
 */
import { unreachable } from '../../base/assert.js';
import { LimitError, type TiviewError } from '../../base/errors.js';
import type { Runtime } from '../../base/runtime.js';
import type { Telemetry } from '../../base/telemetry.js';
import { ts, type Ts, ZERO_TS } from '../../codec/tso.js';
import type { ByteBudget } from './byte-budget.js';
import { EventDecoder } from './event-decoder.js';
import type { EventQueue } from './event-queue.js';
import { FeedBrokenError } from './feed-errors.js';
import type { MatchFault } from './matcher.js';
import type { FeedRegions } from './ports.js';
import type { RegionFeed, Span, Stream } from './region-feed.js';
import { missDelayMs, reactTo } from './region-reaction.js';
import type { StreamPool } from './stream-pool.js';
import type { Subscriptions } from './subscriptions.js';

/** What the receiver needs. */
export interface ReceiverOptions {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  readonly regions: FeedRegions;
  readonly pool: StreamPool;
  readonly subscriptions: Subscriptions;
  readonly queue: EventQueue;
  readonly uncommitted: ByteBudget;
  readonly uncommittedBytesMax: number;
  /** All live spans. */
  readonly spans: () => Iterable<Span>;
  /** Tells the consumer of the gap and unsubscribes the span. */
  readonly fail: (span: Span, cause: TiviewError) => void;
}

/** Takes messages apart. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #decoder = new EventDecoder();
  /** Spans for which a resolved ts came in the message at hand. */
  readonly #advanced = new Set<Span>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * Takes one message.
   *
   * @throws MalformedEventError — the stream has to be given up.
   */
  receive(stream: Stream, message: Uint8Array): void {
    const decoder = this.#decoder;
    this.#options.pool.heard(stream);
    decoder.open(message);
    for (let kind = decoder.next(); kind !== undefined; kind = decoder.next()) {
      switch (kind) {
        case 'rows':
          this.#rows(stream.find(decoder.requestId, decoder.regionId));
          break;
        case 'resolved':
          this.#resolved(stream);
          break;
        case 'error':
          // An error for an id that we have given up is TiKV's answer to that.
          this.#error(stream.find(decoder.requestId, decoder.regionId));
          break;
        case 'other':
          break;
        default:
          unreachable(kind);
      }
    }
    for (const span of this.#advanced) this.#announce(span);
    this.#advanced.clear();
  }

  #rows(feed: RegionFeed | undefined): void {
    if (feed === undefined) return;
    const { subscriptions, queue, telemetry, uncommitted, uncommittedBytesMax } = this.#options;
    const { span, matcher } = feed;
    const wasScanning = feed.isScanning;
    const fault = matcher.take(this.#decoder, span.rows);
    queue.rowsAdded(span);
    if (wasScanning) this.#hear(feed);
    if (wasScanning && matcher.isInitialized) {
      subscriptions.initialized(feed);
      if (matcher.discarded > 0) {
        const { discarded } = matcher;
        telemetry.log.debug('the scan covered commits that came early', {
          regionId: feed.region.id,
          discarded,
        });
      }
      if (span.isComplete) this.#complete(span);
    }
    if (fault !== undefined) this.#fault(feed, fault);
    while (uncommitted.used > uncommittedBytesMax && this.#overflow());
  }

  #complete(span: Span): void {
    span.lastError = undefined;
    if (span.isInitialized) return;
    span.isInitialized = true;
    this.#options.queue.push(span, { kind: 'initialized', spanId: span.id });
  }

  #resolved(stream: Stream): void {
    const { resolvedTs, requestId, regions } = this.#decoder;
    // A resolved ts of zero has been seen by others (TIKV-FACTS §4.3); it says nothing.
    if (resolvedTs === ZERO_TS) return;
    stream.sawResolved(resolvedTs);
    for (const regionId of regions) {
      for (const feed of stream.resolvedFor(requestId, regionId)) this.#advance(feed, resolvedTs);
    }
  }

  #advance(feed: RegionFeed, resolvedTs: Ts): void {
    if (!feed.matcher.isInitialized) return;
    this.#hear(feed);
    feed.silences = 0;
    const { span, segment } = feed;
    // The first one of a new subscription can lie below its checkpoint, if an old transaction prewrote late: it tells
    // nothing new. The same goes for one that repeats.
    if (resolvedTs <= segment.ts) {
      feed.heldTicks++;
      return;
    }
    feed.heldTicks = 0;
    span.map.advance(segment, resolvedTs, this.#options.runtime.monotonicMs());
    feed.matcher.resolve(resolvedTs);
    this.#advanced.add(span);
  }

  #announce(span: Span): void {
    const { resolved } = span.map;
    if (span.state !== 'live' || resolved <= span.announced) return;
    // Every part was complete at some moment, if perhaps never all at once.
    if (!span.isInitialized) this.#complete(span);
    span.announced = resolved;
    this.#options.queue.push(span, { kind: 'resolved', spanId: span.id, ts: resolved });
  }

  #error(feed: RegionFeed | undefined): void {
    if (feed === undefined) return;
    const { regions, runtime, pool, subscriptions, fail } = this.#options;
    const error = this.#decoder.error();
    const reaction = reactTo(error, feed.failures, feed.stream.storeId, runtime.random());
    const reason = `region ${feed.region.id}: ${error.kind}`;
    switch (reaction.kind) {
      case 'resetStream':
        pool.reset(feed.stream, new Error(reason));
        return;
      case 'giveUp':
        fail(feed.span, reaction.error);
        return;
      case 'retry':
        break;
      default:
        unreachable(reaction);
    }
    const { correction, delayMs } = reaction;
    if (correction.kind === 'invalidate') regions.invalidate(feed.region);
    else if (correction.kind === 'setLeader') regions.setLeader(feed.region.id, correction.leader);
    else if (correction.kind === 'learn') regions.learn(correction.regions);
    subscriptions.end(feed, { by: 'store', cause: error.kind, reason, delayMs });
  }

  #fault(feed: RegionFeed, fault: MatchFault): void {
    const { runtime, subscriptions, telemetry, fail } = this.#options;
    const { span } = feed;
    const reason = `region ${feed.region.id}: ${fault.kind} (start ts ${fault.startTs}, commit ts ${fault.commitTs})`;
    telemetry.log.warn('change feed is at fault', { span: span.id, reason });
    const commitTs = ts(fault.commitTs);
    if (fault.kind === 'lateCommit' && commitTs <= span.announced) {
      fail(span, new FeedBrokenError(`${reason} after ${span.announced} was resolved`));
      return;
    }
    // What came at or below the region's own resolved ts can still be had by starting at the span's.
    const from = fault.kind === 'lateCommit' ? { from: span.announced } : {};
    const delayMs = missDelayMs(feed.failures, runtime.random());
    subscriptions.end(feed, { by: 'us', cause: fault.kind, reason, delayMs, ...from });
  }

  /** Too many rows wait for their commit: the span that holds the most of them is given up. @returns false: none. */
  #overflow(): boolean {
    const { spans, uncommittedBytesMax, fail } = this.#options;
    let largest: Span | undefined;
    for (const span of spans()) {
      if (largest === undefined || span.uncommitted.used > largest.uncommitted.used) largest = span;
    }
    if (largest === undefined) return false;
    const held = largest.uncommitted.used;
    fail(
      largest,
      new LimitError(
        `${held} of at most ${uncommittedBytesMax} bytes of uncommitted rows are in ${largest.id}`,
      ),
    );
    return true;
  }

  #hear(feed: RegionFeed): void {
    feed.heardMs = feed.stream.listenedMs(this.#options.runtime.monotonicMs());
    feed.heardStoreMs = feed.stream.storeMs;
  }
}
