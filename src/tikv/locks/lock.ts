/** Facts about locks that others hold, read off what TiKV tells. */
import { type Ts, physicalMs, ts } from '../../codec/tso.js';
import { type KeyErrorMessage, type LockInfo, Op } from '../proto-types.js';

/** The locks proper: a shared lock is a wrapper around the locks of all who share it. */
export function unwrapped(lock: LockInfo): readonly LockInfo[] {
  return lock.lockType === Op.sharedLock || lock.sharedLockInfos.length > 0 ? lock.sharedLockInfos : [lock];
}

/** The locks that an error tells of; none if it tells of something else. */
export function locksOf(error: KeyErrorMessage): readonly LockInfo[] {
  return error.locked === null ? [] : unwrapped(error.locked);
}

/** Taken by a statement before its transaction writes: holds up writers only. */
export function isPessimistic(lock: LockInfo): boolean {
  return lock.lockType === Op.pessimisticLock || lock.lockType === Op.sharedPessimisticLock;
}

/** Whether the lock will put or delete something: only such locks hold up readers and resolved timestamps. */
export function isWriting(lock: LockInfo): boolean {
  return lock.lockType === Op.put || lock.lockType === Op.del;
}

/** Milliseconds from `now` to the end of the lock's life; 0 or less: its owner is taken for dead. */
export function remainingTtlMs(lock: LockInfo, now: Ts): number {
  return Number(physicalMs(ts(lock.lockVersion)) + lock.lockTtl - physicalMs(now));
}
