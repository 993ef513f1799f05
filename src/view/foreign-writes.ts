/**
 * Watches the views' tables for writes that are not ours: somebody's INSERT past the proxy, a restore, a replication.
 * Our transactions carry a `txn_source`, and the feed leaves such rows out on request (`filter_loop`), so whatever
 * comes is somebody else's. A view that was written to can not be trusted any more.
 *
 * These spans do not hold epochs back: our own locks on the same keys would hold back theirs. A write is known within
 * milliseconds, and after a takeover the watch begins a little before the views' instant.
 *
 * A replication (TiCDC's BDR) that marks its writes the same way is not seen.
 *
 * @see TIKV-FACTS §8 (filter_loop), tikv components/cdc/src/delegate.rs
 */
import type { Alarm } from '../base/alarm.js';
import { loggedCause } from '../base/sensitive.js';
import type { Telemetry } from '../base/telemetry.js';
import { type Ts, ts } from '../codec/tso.js';
import type { FeedRouter, SpanConsumer } from '../source/feed-router.js';
import type { RowChangeBatch } from '../tikv/feed/row-change-batch.js';
import type { LiveView } from './live-view.js';

/** What was found on a view. */
export interface ForeignWrite {
  readonly commitTs: Ts;
  readonly rows: number;
}

/** Watches all views of a group. */
export class ForeignWrites {
  readonly #router: FeedRouter;
  readonly #alarm: Alarm;
  readonly #telemetry: Telemetry;
  readonly #watched = new Map<bigint, readonly string[]>();
  readonly #found = new Map<bigint, ForeignWrite>();
  #spansMade = 0;

  /** @param alarm - rung when something is found. */
  constructor(router: FeedRouter, alarm: Alarm, telemetry: Telemetry) {
    this.#router = router;
    this.#alarm = alarm;
    this.#telemetry = telemetry;
  }

  /** Views that somebody has written to and that are still watched. */
  get found(): ReadonlyMap<bigint, ForeignWrite> {
    return this.#found;
  }

  /** Reports what others have committed to a view's table after `from`. */
  watch(view: LiveView, from: Ts): void {
    const spanIds = view.table.version.recordRanges.map((range) => {
      const id = `foreign/${view.id}/${this.#spansMade++}`;
      this.#router.subscribe({ id, ...range, checkpoint: from, filterLoop: true }, this.#consumerOf(view.id));
      return id;
    });
    this.#watched.set(view.id, spanIds);
  }

  /** No more of this view. */
  unwatch(viewId: bigint): void {
    for (const id of this.#watched.get(viewId) ?? []) this.#router.unsubscribe(id);
    this.#watched.delete(viewId);
    this.#found.delete(viewId);
  }

  #consumerOf(viewId: bigint): SpanConsumer {
    return {
      rows: (batch) => this.#onRows(viewId, batch),
      resolved: () => undefined,
      // The feed can not promise this span any more: the view is still right, but nobody guards it.
      gap: (from, cause) =>
        this.#telemetry.log.error('a view is not guarded against writes of others any more', {
          viewId,
          from,
          cause: loggedCause(cause),
        }),
    };
  }

  #onRows(viewId: bigint, batch: RowChangeBatch): void {
    if (batch.count === 0 || this.#found.has(viewId)) return;
    this.#found.set(viewId, { commitTs: ts(batch.commitTs[0] ?? 0n), rows: batch.count });
    this.#alarm.ring();
  }
}
