/**
 * A reader at one timestamp, and what it knows about the locks in its way. What it has learnt holds for all of its
 * requests: a decided transaction stays decided, one pushed above its ts stays above.
 */
import type { Backoff } from '../../base/backoff.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Ts } from '../../codec/tso.js';
import { backoffKinds } from '../backoff-kinds.js';
import { KeyRefusedError } from '../key-errors.js';
import type { KeyErrorMessage, LockInfo } from '../proto-types.js';
import type { RequestContext } from '../region-request.js';
import { locksOf, unwrapped } from './lock.js';
import type { LockResolver } from './lock-resolver.js';

/** How reads of one snapshot are sent. */
export interface ReadOptions {
  /** Leaves TiKV's block cache to those who need it: for large scans. */
  readonly notFillCache?: boolean;
  /** One of CommandPriority. */
  readonly priority?: number;
}

/** A reader of one snapshot. */
export class Reader {
  readonly ts: Ts;
  readonly #resolver: LockResolver;
  readonly #options: ReadOptions;
  readonly #ignored = new Set<bigint>();
  readonly #readThrough = new Set<bigint>();

  constructor(resolver: LockResolver, ts: Ts, options: ReadOptions = {}) {
    this.ts = ts;
    this.#resolver = resolver;
    this.#options = options;
  }

  /** What its requests carry. */
  get context(): RequestContext {
    return {
      ...this.#options,
      resolvedLocks: [...this.#ignored],
      committedLocks: [...this.#readThrough],
    };
  }

  /**
   * Deals with locks in the way, and waits for those that only their owners can remove. Then the request is to be
   * repeated.
   *
   * @throws BudgetError — they stayed for too long.
   */
  async meet(locks: readonly LockInfo[], backoff: Backoff, signal: AbortSignal): Promise<void> {
    const verdict = await this.#resolver.resolveForRead(locks.flatMap(unwrapped), this.ts, signal);
    for (const startTs of verdict.ignore) this.#remember(this.#ignored, startTs);
    for (const startTs of verdict.readThrough) this.#remember(this.#readThrough, startTs);
    if (verdict.waitMs === undefined) return;
    await backoff.pause(backoffKinds.lockForRead, lockedError(locks), signal);
  }

  /** The same for errors; those that are not locks are thrown. */
  async meetErrors(errors: readonly KeyErrorMessage[], backoff: Backoff, signal: AbortSignal): Promise<void> {
    const other = errors.find((error) => error.locked === null);
    if (other !== undefined) throw new KeyRefusedError(`read at ${String(this.ts)}`, other);
    await this.meet(errors.flatMap(locksOf), backoff, signal);
  }

  #remember(set: Set<bigint>, startTs: bigint): void {
    const [oldest] = set;
    if (set.size >= limits.passedLocksPerReader && oldest !== undefined) set.delete(oldest);
    set.add(startTs);
  }
}

function lockedError(locks: readonly LockInfo[]): TiviewError {
  const startTs = locks.map((lock) => String(lock.lockVersion)).join(', ');
  return new TiviewError(`locked by transaction ${startTs}`, {
    kind: 'locked',
    side: 'tikv',
    isRetryable: true,
  });
}
