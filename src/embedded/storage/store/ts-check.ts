/**
 * Timestamps that PD has not given abort TiKV (TRUTH §0, law 5). Our client never sends one, so here it is a bug of
 * this process.
 */
import { assert } from '../../../base/assert.js';
import { MAX_TS, composeTs } from '../../../codec/tso.js';

/** What PD has given. */
export interface GivenTimestamps {
  /** The greatest timestamp so far. */
  readonly last: bigint;
}

/** How far beyond PD's clock a read may lie (`storage.max-ts.max-drift`). */
const READ_SLACK = composeTs(60_000n, 0n);

/** Checks the ts of a read; u64::MAX is always allowed. */
export function checkReadTs(given: GivenTimestamps, method: string, ts: bigint): void {
  const isKnown = ts === MAX_TS || ts <= given.last + READ_SLACK;
  assert(isKnown, `TiKV would abort: ${method} at ${String(ts)}, PD has given ${String(given.last)}`);
}

/** Checks any other ts; u64::MAX is always allowed. */
export function checkExactTs(given: GivenTimestamps, method: string, ts: bigint): void {
  const isKnown = ts === MAX_TS || ts <= given.last;
  assert(isKnown, `TiKV would abort: ${method} with ${String(ts)}, PD has given ${String(given.last)}`);
}
