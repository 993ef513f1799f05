/**
 * What to do about somebody else's lock: find out what became of its transaction, and help it to its end.
 *
 * A dead client's locks stay until somebody does this; until then they hold up writers, and resolved timestamps for
 * ever (TRUTH §2). Whether a client is dead is for its lock's time to live to say, by PD's clock.
 *
 * @see tikv/client-go txnkv/txnlock/lock_resolver.go
 */
import { LRUCache } from 'lru-cache';
import { unreachable } from '../../base/assert.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { MAX_TS, type Ts, ts } from '../../codec/tso.js';
import type { TimestampSource } from '../guard.js';
import type { LockInfo } from '../proto-types.js';
import type { RegionRequester } from '../region-request.js';
import { decideAsyncCommit } from './async-commit.js';
import { type DecidedTxn, cleanUpKeys, cleanUpRegion, rollbackPessimisticLocks } from './clean-up.js';
import { isPessimistic, remainingTtlMs } from './lock.js';
import { askTxnStatus } from './txn-status.js';

/** What is known of a lock's transaction. */
export type LockStatus =
  | { readonly kind: 'committed'; readonly commitTs: Ts }
  | { readonly kind: 'rolledBack' }
  /** `isPushed`: readers at the ts that was asked with may pass. */
  | { readonly kind: 'alive'; readonly remainingMs: number; readonly isPushed: boolean };

/** How a reader goes on. */
export interface ReadVerdict {
  /** Transactions whose locks mean nothing to him. */
  readonly ignore: readonly bigint[];
  /** Transactions whose locks he must read as if they were committed: they are. */
  readonly readThrough: readonly bigint[];
  /** The longest life of those that he has to wait for; undefined: none. */
  readonly waitMs: number | undefined;
}

/** Resolves locks; remembers what has been decided. */
export class LockResolver {
  readonly #requester: RegionRequester;
  readonly #tso: TimestampSource;
  readonly #decided = new LRUCache<string, Exclude<LockStatus, { kind: 'alive' }>>({
    max: limits.transactionStatusesCached,
  });

  constructor(requester: RegionRequester, tso: TimestampSource) {
    this.#requester = requester;
    this.#tso = tso;
  }

  /**
   * For a reader at `readTs` who met locks: pushes their transactions above it where that is possible, removes what
   * is decided.
   */
  async resolveForRead(locks: readonly LockInfo[], readTs: Ts, signal: AbortSignal): Promise<ReadVerdict> {
    const ignore: bigint[] = [];
    const readThrough: bigint[] = [];
    let waitMs: number | undefined;
    for (const lock of locks) {
      const status = await this.statusOf(lock, readTs, signal);
      if (status.kind === 'alive' && !status.isPushed) {
        waitMs = Math.max(waitMs ?? 0, status.remainingMs);
        continue;
      }
      if (status.kind === 'committed' && status.commitTs <= readTs) readThrough.push(lock.lockVersion);
      else ignore.push(lock.lockVersion);
      if (status.kind !== 'alive') await this.#cleanUpQuietly(lock, status, signal);
    }
    return { ignore, readThrough, waitMs };
  }

  /**
   * For a writer who met locks.
   *
   * @returns the longest life of what is still in the way; undefined: nothing is.
   */
  async resolveForWrite(locks: readonly LockInfo[], signal: AbortSignal): Promise<number | undefined> {
    let waitMs: number | undefined;
    for (const lock of locks) {
      const status = await this.statusOf(lock, 0n, signal);
      if (status.kind === 'alive') waitMs = Math.max(waitMs ?? 0, status.remainingMs);
      else await this.cleanUp(lock, status, signal);
    }
    return waitMs;
  }

  /** Takes pessimistic locks away from living owners: for tables where nobody else has any business. */
  rollbackPessimistic(locks: readonly LockInfo[], signal: AbortSignal): Promise<void> {
    return rollbackPessimisticLocks(this.#requester, locks.filter(isPessimistic), signal);
  }

  /**
   * What became of a lock's transaction; if its owner's time is over, that is decided now.
   *
   * @param callerTs - a reader's ts, above which the transaction is pushed; 0n: nobody reads.
   */
  async statusOf(lock: LockInfo, callerTs: bigint, signal: AbortSignal): Promise<LockStatus> {
    const known = this.#decided.get(String(lock.lockVersion));
    if (known !== undefined) return known;
    let rollbackIfNotExist = false;
    let forceSyncCommit = false;
    for (;;) {
      const now = await this.#tso.next(signal);
      const status = await askTxnStatus(
        this.#requester,
        {
          primary: lock.primaryLock,
          startTs: ts(lock.lockVersion),
          callerTs,
          // A lock without a life waits for nobody.
          currentTs: lock.lockTtl === 0n ? MAX_TS : now,
          rollbackIfNotExist,
          forceSyncCommit,
          resolvingPessimisticLock: isPessimistic(lock),
        },
        signal,
      );
      switch (status.kind) {
        case 'committed':
          return this.#remember(lock, { kind: 'committed', commitTs: status.commitTs });
        case 'rolledBack':
          return status.isFinal ? this.#remember(lock, { kind: 'rolledBack' }) : { kind: 'rolledBack' };
        case 'alive': {
          const primary = status.lock;
          const remainingMs = primary === undefined ? status.ttlMs : remainingTtlMs(primary, now);
          const isDead = primary?.useAsyncCommit === true && !forceSyncCommit && remainingMs <= 0;
          if (!isDead)
            return { kind: 'alive', remainingMs: Math.max(0, remainingMs), isPushed: status.isPushed };
          const outcome = await decideAsyncCommit(this.#requester, primary, signal);
          if (outcome.kind !== 'notAsync') return await this.#finishAsyncCommit(primary, outcome, signal);
          forceSyncCommit = true;
          break;
        }
        case 'notFound': {
          const remainingMs = remainingTtlMs(lock, now);
          // This one was prewritten before its primary: the primary may yet come, while the lock has life left.
          if (remainingMs > 0) return { kind: 'alive', remainingMs, isPushed: false };
          rollbackIfNotExist = true;
          break;
        }
        case 'primaryMismatch':
          if (isPessimistic(lock)) return { kind: 'rolledBack' };
          throw primaryMismatch(lock);
        default:
          unreachable(status);
      }
    }
  }

  /** Removes a lock whose transaction is decided, and with a large transaction all of its locks in the region. */
  async cleanUp(
    lock: LockInfo,
    status: Exclude<LockStatus, { kind: 'alive' }>,
    signal: AbortSignal,
  ): Promise<void> {
    if (isPessimistic(lock)) return rollbackPessimisticLocks(this.#requester, [lock], signal);
    const txn = decidedTxn(lock, status);
    return lock.txnSize < limits.resolveLiteKeys
      ? cleanUpKeys(this.#requester, txn, [lock.key], signal)
      : cleanUpRegion(this.#requester, txn, lock.key, signal);
  }

  /** A reader can pass a decided lock whether it is removed or not, so failing to remove it is not his trouble. */
  async #cleanUpQuietly(
    lock: LockInfo,
    status: Exclude<LockStatus, { kind: 'alive' }>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.cleanUp(lock, status, signal);
    } catch (error) {
      if (!(error instanceof TiviewError)) throw error;
      this.#requester.telemetry.log.warn('a decided lock could not be removed', {
        startTs: lock.lockVersion,
        error: error.message,
      });
    }
  }

  async #finishAsyncCommit(
    primary: LockInfo,
    outcome: Exclude<LockStatus, { kind: 'alive' }>,
    signal: AbortSignal,
  ): Promise<LockStatus> {
    const keys = [primary.key, ...primary.secondaries];
    await cleanUpKeys(this.#requester, decidedTxn(primary, outcome), keys, signal);
    return this.#remember(primary, outcome);
  }

  #remember<S extends Exclude<LockStatus, { kind: 'alive' }>>(lock: LockInfo, status: S): S {
    this.#decided.set(String(lock.lockVersion), status);
    return status;
  }
}

function decidedTxn(lock: LockInfo, status: Exclude<LockStatus, { kind: 'alive' }>): DecidedTxn {
  return { startTs: ts(lock.lockVersion), commitTs: status.kind === 'committed' ? status.commitTs : 0n };
}

function primaryMismatch(lock: LockInfo): TiviewError {
  return new TiviewError(`the lock of transaction ${String(lock.lockVersion)} names a primary that is none`, {
    kind: 'primaryMismatch',
    side: 'tikv',
    isRetryable: false,
  });
}
