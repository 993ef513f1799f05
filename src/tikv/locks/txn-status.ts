/**
 * What became of a transaction, asked of its primary: the primary's lock or write record is the truth about all its
 * other locks. Asking can decide: a primary whose life is over is rolled back by the question.
 *
 * @see tikv/client-go txnkv/txnlock/lock_resolver.go, tikv/tikv src/storage/txn/actions/check_txn_status.rs
 */
import { Backoff } from '../../base/backoff.js';
import { limits } from '../../base/limits.js';
import { type Ts, ts } from '../../codec/tso.js';
import { KeyRefusedError } from '../key-errors.js';
import { kvMethods } from '../kv-methods.js';
import { type CheckTxnStatusResponse, type LockInfo, TxnAction } from '../proto-types.js';
import type { RegionRequester } from '../region-request.js';

/** Answers about a transaction. */
export type TxnStatus =
  | { readonly kind: 'committed'; readonly commitTs: Ts }
  /** For ever, unless `isFinal` is false: then only the pessimistic lock asked about is gone. */
  | { readonly kind: 'rolledBack'; readonly isFinal: boolean }
  /** Its owner lives; `isPushed`: it will not commit at or below the ts that the question came with. */
  | {
      readonly kind: 'alive';
      readonly ttlMs: number;
      readonly isPushed: boolean;
      readonly lock: LockInfo | undefined;
    }
  /** The primary has no trace of it: not prewritten yet, or never. */
  | { readonly kind: 'notFound' }
  /** The key is locked by the transaction, but is not its primary. */
  | { readonly kind: 'primaryMismatch' };

/** A question about a transaction. */
export interface StatusQuestion {
  readonly primary: Uint8Array;
  readonly startTs: Ts;
  /** A reader's ts: the transaction is pushed above it. 0n: nobody reads. */
  readonly callerTs: bigint;
  /** Now, by PD; MAX_TS: regardless of the transaction's life (forced takeover). */
  readonly currentTs: Ts;
  /** Makes sure that what is not there never comes: a fence. */
  readonly rollbackIfNotExist: boolean;
  /** The transaction is known to have fallen back from async commit. */
  readonly forceSyncCommit?: boolean;
  /** The lock that led here is a pessimistic one. */
  readonly resolvingPessimisticLock?: boolean;
}

/**
 * Asks the primary.
 *
 * @throws BudgetError — its region could not be reached; KeyRefusedError.
 */
export async function askTxnStatus(
  requester: RegionRequester,
  question: StatusQuestion,
  signal: AbortSignal,
): Promise<TxnStatus> {
  const backoff = new Backoff(requester.runtime, 'check transaction status', 'tikv', limits.rpcBudgetMs);
  const body = {
    primaryKey: question.primary,
    lockTs: question.startTs,
    callerStartTs: question.callerTs,
    currentTs: question.currentTs,
    rollbackIfNotExist: question.rollbackIfNotExist,
    forceSyncCommit: question.forceSyncCommit ?? false,
    resolvingPessimisticLock: question.resolvingPessimisticLock ?? false,
    verifyIsPrimary: true,
  };
  for (;;) {
    const region = await requester.regions.locate(question.primary, signal);
    const reply = await requester.send(kvMethods.checkTxnStatus, region, body, { backoff }, signal);
    if (reply.kind === 'reply') return statusOf(reply.response);
  }
}

function statusOf(response: CheckTxnStatusResponse): TxnStatus {
  const { error, action, commitVersion, lockTtl, lockInfo } = response;
  if (error !== null) {
    if (error.txnNotFound !== null) return { kind: 'notFound' };
    if (error.primaryMismatch !== null) return { kind: 'primaryMismatch' };
    throw new KeyRefusedError('check transaction status', error);
  }
  if (commitVersion > 0n) return { kind: 'committed', commitTs: ts(commitVersion) };
  if (lockTtl > 0n) {
    const isPushed = action === TxnAction.minCommitTsPushed;
    return { kind: 'alive', ttlMs: Number(lockTtl), isPushed, lock: lockInfo ?? undefined };
  }
  const isFinal =
    action !== TxnAction.lockNotExistDoNothing && action !== TxnAction.ttlExpirePessimisticRollback;
  return { kind: 'rolledBack', isFinal };
}
