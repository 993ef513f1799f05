/**
 * The second phase, either way: locks become records. Each request is done for all of its keys or for none.
 *
 * @see tikv/tikv src/storage/txn/actions/{commit,cleanup}.rs
 */
import { type KeyString, keyBytes } from '../../../base/bytes.js';
import { type KeyError, committedError, invalidTsError, lockNotFoundError } from './key-errors.js';
import type { MvccStore } from './mvcc-store.js';
import { recordOf } from './records.js';

/** A transaction and what it is decided to be. */
export interface Decision {
  readonly startTs: bigint;
  /** 0: rolled back. */
  readonly commitTs: bigint;
}

/** Commits keys. A repetition is answered as done, whatever commit ts it names (TRUTH §4). */
export function commitKeys(
  store: MvccStore,
  keys: readonly KeyString[],
  { startTs, commitTs }: Decision,
): KeyError | undefined {
  if (commitTs <= startTs) return invalidTsError(startTs, commitTs);
  const open: KeyString[] = [];
  for (const key of keys) {
    const lock = store.lockOn(key);
    if (lock?.startTs !== startTs) {
      const own = recordOf(store.historyOf(key), startTs);
      if (own === undefined || own.kind === 'rollback') return lockNotFoundError(key, startTs, commitTs);
      continue;
    }
    if (commitTs < lock.minCommitTs) {
      const { minCommitTs } = lock;
      return { commitTsExpired: { startTs, attemptedCommitTs: commitTs, key: keyBytes(key), minCommitTs } };
    }
    open.push(key);
  }
  // A key may be named twice.
  for (const key of new Set(open)) store.commitLock(key, commitTs);
  return undefined;
}

/** Rolls keys back; what was never there never will be. */
export function rollBackKeys(
  store: MvccStore,
  keys: readonly KeyString[],
  startTs: bigint,
): KeyError | undefined {
  const open: KeyString[] = [];
  for (const key of keys) {
    const own = recordOf(store.historyOf(key), startTs);
    if (own === undefined) open.push(key);
    else if (own.kind !== 'rollback') return committedError(key, startTs, own.commitTs);
  }
  for (const key of new Set(open)) store.addRollback(key, startTs, { isProtected: false });
  return undefined;
}

/** Puts a decision into effect on keys. */
export function resolveKeys(
  store: MvccStore,
  keys: readonly KeyString[],
  decision: Decision,
): KeyError | undefined {
  return decision.commitTs > 0n
    ? commitKeys(store, keys, decision)
    : rollBackKeys(store, keys, decision.startTs);
}
