/** What a {@link ChangeFeed} tells its consumer. */
import type { TiviewError } from '../../base/errors.js';
import type { Ts } from '../../codec/tso.js';
import type { RowChangeBatch } from './row-change-batch.js';

/** Whatever the owner of the feed calls its spans by. */
export type SpanId = string;

/**
 * Events of one span come in this order: any number of `rows` and, once, `initialized`; then `rows` and growing
 * `resolved`; `gap` is the last.
 *
 * - `rows`: committed changes, in no order, each with commit ts > the last `resolved` of the span. A change may come
 *   twice (same key and commit ts) until a `resolved` covers it, never afterwards: whoever collects an epoch drops
 *   repetitions.
 * - `initialized`: every key of the span is subscribed and what was committed before has been delivered.
 * - `resolved`: every change with commit ts ≤ `ts` has been delivered.
 * - `gap`: changes after `from` can not be promised any more; the span is unsubscribed.
 */
export type FeedEvent =
  | { readonly kind: 'rows'; readonly spanId: SpanId; readonly batch: RowChangeBatch }
  | { readonly kind: 'resolved'; readonly spanId: SpanId; readonly ts: Ts }
  | { readonly kind: 'initialized'; readonly spanId: SpanId }
  | { readonly kind: 'gap'; readonly spanId: SpanId; readonly from: Ts; readonly cause: TiviewError };

/** What to subscribe. */
export interface SpanRequest {
  readonly id: SpanId;
  /** Raw keys, half-open; an empty end is +∞. */
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  /**
   * Changes with a greater commit ts are wanted. TiKV does not check it against garbage collection: hold a GC barrier
   * at or below it, or versions are lost in silence.
   */
  readonly checkpoint: Ts;
  /** Leave out what replications wrote (`txn_source` ≠ 0). */
  readonly filterLoop?: boolean;
}

/** What holds a span back. */
export interface SpanLag {
  readonly spanId: SpanId;
  /** Everything up to here has been delivered. */
  readonly resolved: Ts;
  /** The region whose resolved ts is the least; undefined: some keys are not subscribed at the moment. */
  readonly slowestRegionId: bigint | undefined;
  readonly storeId: bigint | undefined;
  /** When that last grew, by Runtime.monotonicMs. */
  readonly since: number;
  /** Why a subscription last ended, if one has since all were complete. */
  readonly lastError: string | undefined;
}
