/** The subscription of one region (or of the part of it that lies in a gap of a span) on one stream. */
import { assert } from '../../base/assert.js';
import type { FeedSpan } from './feed-span.js';
import type { FeedStream } from './feed-stream.js';
import type { KeyRange } from './key-range.js';
import { Matcher } from './matcher.js';
import type { FeedRegion } from './ports.js';
import type { Segment } from './region-map.js';

/** A span as its subscriptions know it. */
export type Span = FeedSpan<RegionFeed>;

/** A stream as its subscriptions know it. */
export type Stream = FeedStream<RegionFeed>;

/** Where a subscription belongs. */
export interface RegionFeedOptions {
  readonly span: Span;
  readonly stream: Stream;
  readonly region: FeedRegion;
  readonly range: KeyRange;
  readonly nowMs: number;
}

/** A subscription from its request to its end. */
export class RegionFeed {
  readonly span: Span;
  readonly stream: Stream;
  readonly region: FeedRegion;
  readonly range: KeyRange;
  readonly requestId: number;
  /** The region's id as a number, as the decoder gives it. */
  readonly regionKey: number;
  /** Its part of the span; its resolved ts is the segment's. */
  readonly segment: Segment<RegionFeed>;
  readonly matcher: Matcher;
  /** Subscriptions of these keys that failed before this one, since one was complete. */
  failures: number;
  /** How often in a row these keys' subscriptions fell silent. */
  silences: number;
  /** When something was last heard of it (rows of a scan, then resolved timestamps), by the stream's two clocks. */
  heardMs: number;
  heardStoreMs: number;
  /** Resolved timestamps in a row that did not grow: somebody's lock holds it. */
  heldTicks = 0;

  /** Takes the keys out of the span's gaps, and a request id of the stream. */
  constructor(options: RegionFeedOptions) {
    const { span, stream, region, range, nowMs } = options;
    this.span = span;
    this.stream = stream;
    this.region = region;
    this.range = range;
    this.regionKey = Number(region.id);
    assert(Number.isSafeInteger(this.regionKey), `region id ${region.id} fits in 53 bits`);
    const { segment, retry } = span.map.lock(range, this, nowMs);
    this.segment = segment;
    this.failures = retry.failures;
    this.silences = retry.silences;
    this.requestId = stream.requestIds.take(span, this.regionKey);
    this.heardMs = stream.listenedMs(nowMs);
    this.heardStoreMs = stream.storeMs;
    this.matcher = new Matcher({ range, checkpoint: segment.ts, budget: span.uncommitted });
  }

  /** Whether rows committed before it began are still to come. Once false, it stays so. */
  get isScanning(): boolean {
    return !this.matcher.isInitialized;
  }
}
