/**
 * Commands about a transaction's primary: keeping it alive, and asking what became of it, which can decide it.
 *
 * @see tikv/tikv src/storage/txn/{commands/txn_heart_beat.rs,actions/check_txn_status.rs}
 */
import { keyBytes, keyString } from '../../../base/bytes.js';
import { MAX_TS, physicalMs, ts } from '../../../codec/tso.js';
import {
  type CheckTxnStatusRequest,
  type CheckTxnStatusResponse,
  type MessageInput,
  TxnAction,
  type TxnHeartBeatRequest,
  type TxnHeartBeatResponse,
} from '../../../tikv/proto-types.js';
import { rawKey } from '../regions/store-region.js';
import type { MvccStore } from './mvcc-store.js';
import { type Lock, lockInfo, recordOf } from './records.js';

/** Lets a transaction live for longer. */
export function heartBeat(
  store: MvccStore,
  request: Pick<TxnHeartBeatRequest, 'primaryLock' | 'startVersion' | 'adviseLockTtl'>,
): MessageInput<TxnHeartBeatResponse> {
  const { startVersion, adviseLockTtl } = request;
  const key = rawKey(request.primaryLock);
  const lock = store.lockOn(key);
  if (lock?.startTs !== startVersion) {
    return { error: { txnNotFound: { startTs: startVersion, primaryKey: request.primaryLock } } };
  }
  if (lock.ttlMs >= adviseLockTtl) return { lockTtl: lock.ttlMs };
  store.rewriteLock(key, { ...lock, ttlMs: adviseLockTtl });
  return { lockTtl: adviseLockTtl };
}

/** Says what became of a transaction; rolls it back if its time is over, or (if so asked) if it is not there. */
export function checkTxnStatus(
  store: MvccStore,
  request: CheckTxnStatusRequest,
): MessageInput<CheckTxnStatusResponse> {
  const key = rawKey(request.primaryKey);
  const lock = store.lockOn(key);
  if (lock?.startTs === request.lockTs) return statusOfLock(store, lock, request);
  const own = recordOf(store.historyOf(key), request.lockTs);
  if (own?.kind === 'rollback') return { action: TxnAction.none };
  if (own !== undefined) return { commitVersion: own.commitTs };
  if (!request.rollbackIfNotExist) {
    return { error: { txnNotFound: { startTs: request.lockTs, primaryKey: request.primaryKey } } };
  }
  store.addRollback(key, request.lockTs, { isProtected: true });
  return { action: TxnAction.lockNotExistRollback };
}

function statusOfLock(
  store: MvccStore,
  lock: Lock,
  request: CheckTxnStatusRequest,
): MessageInput<CheckTxnStatusResponse> {
  const key = rawKey(request.primaryKey);
  if (request.verifyIsPrimary && keyString(lock.primary) !== key) {
    return { error: { primaryMismatch: { lockInfo: lockInfo(keyBytes(key), lock) } } };
  }
  if (physicalMs(ts(lock.startTs)) + lock.ttlMs < physicalMs(ts(request.currentTs))) {
    store.addRollback(key, lock.startTs, { isProtected: true });
    return { action: TxnAction.ttlExpireRollback };
  }
  const pushed = pushedLock(lock, request);
  if (pushed !== lock) store.rewriteLock(key, pushed);
  const { callerStartTs } = request;
  // Whoever reads "the latest" passes in any case.
  const isPushed = callerStartTs === MAX_TS || (callerStartTs > 0n && pushed.minCommitTs > callerStartTs);
  return {
    lockTtl: pushed.ttlMs,
    lockInfo: lockInfo(keyBytes(key), pushed),
    action: isPushed ? TxnAction.minCommitTsPushed : TxnAction.none,
  };
}

/** The lock, above the reader who asks, if it can be pushed at all. */
function pushedLock(lock: Lock, request: CheckTxnStatusRequest): Lock {
  const { callerStartTs, currentTs } = request;
  const isPushable = lock.minCommitTs > 0n && callerStartTs > 0n && callerStartTs !== MAX_TS;
  if (!isPushable || callerStartTs < lock.minCommitTs) return lock;
  const above = callerStartTs + 1n;
  // Up to now at once: the next reader will be a little later.
  return { ...lock, minCommitTs: currentTs > above ? currentTs : above };
}
