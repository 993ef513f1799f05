/** Everything about other people's locks, in one object. */
import type { Ts } from '../../codec/tso.js';
import type { TimestampSource } from '../guard.js';
import type { LockInfo } from '../proto-types.js';
import type { RegionRequester } from '../region-request.js';
import { LockResolver } from './lock-resolver.js';
import { type SpanLocks, SpanResolver } from './span-resolver.js';

/** Resolves locks: those that are met, and those in a range. */
export class Locks {
  readonly resolver: LockResolver;
  readonly #spans: SpanResolver;

  constructor(requester: RegionRequester, tso: TimestampSource) {
    this.resolver = new LockResolver(requester, tso);
    this.#spans = new SpanResolver(requester, this.resolver);
  }

  /**
   * Resolves what is decided or dead in [start, end): what holds a resolved timestamp back without end.
   *
   * @param start - raw key; empty: from the beginning.
   * @param end - raw key; empty: unbounded.
   * @param maxTs - locks of transactions that began later are left alone. From PD.
   */
  resolveSpan(start: Uint8Array, end: Uint8Array, maxTs: Ts, signal: AbortSignal): Promise<SpanLocks> {
    return this.#spans.resolveSpan(start, end, maxTs, signal);
  }

  /** Takes pessimistic locks away from living owners: for tables where nobody else has any business. */
  rollbackPessimistic(locks: readonly LockInfo[], signal: AbortSignal): Promise<void> {
    return this.resolver.rollbackPessimistic(locks, signal);
  }
}
