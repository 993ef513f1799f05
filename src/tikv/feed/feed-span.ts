/** The state of one subscribed span. */
import { Alarm } from '../../base/alarm.js';
import type { Ts } from '../../codec/tso.js';
import { BatchBuilder } from './batch-builder.js';
import type { ByteBudget } from './byte-budget.js';
import type { SpanId, SpanLag, SpanRequest } from './feed-event.js';
import type { FeedRegion } from './ports.js';
import { RegionMap } from './region-map.js';

/** `live`; `failed`: its last event is a gap; `dropped`: unsubscribed, its events are of no interest to anybody. */
export type SpanState = 'live' | 'failed' | 'dropped';

/** What a span has to know of the subscriptions that hold parts of it. */
interface SpanMember {
  readonly region: FeedRegion;
  readonly stream: { readonly storeId: bigint };
}

/** A span with everything that belongs to it. */
export class FeedSpan<Member extends SpanMember> {
  readonly id: SpanId;
  readonly filterLoop: boolean;
  readonly map: RegionMap<Member>;
  /** Committed rows that no batch has been made of. */
  readonly rows = new BatchBuilder();
  /** Memory of rows that wait for their commit. */
  readonly uncommitted: ByteBudget;
  /** Rung when a gap appears. */
  readonly alarm = new Alarm();
  /** The last resolved ts told to the consumer. */
  announced: Ts;
  state: SpanState = 'live';
  /** Whether the consumer knows that the first scan is complete. */
  isInitialized = false;
  /** Subscriptions whose scan is not complete. */
  scanning = 0;
  lastError: string | undefined;

  constructor(request: SpanRequest, uncommitted: ByteBudget, nowMs: number) {
    this.id = request.id;
    this.filterLoop = request.filterLoop ?? false;
    this.map = new RegionMap(request.start, request.end, request.checkpoint, nowMs);
    this.uncommitted = uncommitted;
    this.announced = request.checkpoint;
  }

  /** Whether every key is subscribed and every scan complete. */
  get isComplete(): boolean {
    return this.scanning === 0 && !this.map.hasGaps;
  }

  lag(): SpanLag {
    const { owner, sinceMs } = this.map.slowest();
    return {
      spanId: this.id,
      resolved: this.announced,
      slowestRegionId: owner?.region.id,
      storeId: owner?.stream.storeId,
      since: sinceMs,
      lastError: this.lastError,
    };
  }
}
