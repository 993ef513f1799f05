/**
 * Reads at a timestamp.
 *
 * A lock is in a reader's way if it will put or delete and may be committed at or below his ts, unless he knows
 * better: that its transaction will not (`ignored`), or that it has (`readThrough`).
 *
 * @see tikv/tikv components/txn_types/src/lock.rs (check_ts_conflict_si)
 */
import { type KeyString, NO_BYTES, keyBytes, keyString } from '../../../base/bytes.js';
import { MAX_TS } from '../../../codec/tso.js';
import type { Context, KvPairMessage, MessageInput } from '../../../tikv/proto-types.js';
import { lockedError } from './key-errors.js';
import type { MvccStore } from './mvcc-store.js';
import { type Lock, isData, visibleRecord } from './records.js';

/** Who reads. */
export interface Reading {
  readonly ts: bigint;
  readonly ignored: ReadonlySet<bigint>;
  readonly readThrough: ReadonlySet<bigint>;
}

/** What he sees of a key. */
export type Found =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'locked'; readonly lock: Lock };

/** The reader of a request. */
export function readingOf(context: Context | null, ts: bigint): Reading {
  return { ts, ignored: new Set(context?.resolvedLocks), readThrough: new Set(context?.committedLocks) };
}

/** Reads one key. */
export function readKey(store: MvccStore, key: KeyString, reading: Reading): Found {
  const lock = store.lockOn(key);
  if (lock !== undefined && isInTheWay(key, lock, reading)) {
    if (!reading.readThrough.has(lock.startTs)) return { kind: 'locked', lock };
    return lock.kind === 'put' ? { kind: 'value', value: lock.value } : { kind: 'nothing' };
  }
  const record = visibleRecord(store.historyOf(key), reading.ts);
  return record?.kind === 'put' ? { kind: 'value', value: record.value } : { kind: 'nothing' };
}

/** Reads some keys; those without a value are left out. */
export function readKeys(
  store: MvccStore,
  keys: Iterable<KeyString>,
  reading: Reading,
  limits: { readonly pairs: number; readonly keysOnly: boolean },
): MessageInput<KvPairMessage>[] {
  const pairs: MessageInput<KvPairMessage>[] = [];
  for (const key of keys) {
    if (pairs.length >= limits.pairs) break;
    const found = readKey(store, key, reading);
    if (found.kind === 'locked') pairs.push({ key: keyBytes(key), error: lockedError(key, found.lock) });
    if (found.kind === 'value') {
      pairs.push({ key: keyBytes(key), value: limits.keysOnly ? NO_BYTES : found.value });
    }
  }
  return pairs;
}

function isInTheWay(key: KeyString, lock: Lock, reading: Reading): boolean {
  if (!isData(lock) || lock.startTs > reading.ts || lock.minCommitTs > reading.ts) return false;
  if (reading.ignored.has(lock.startTs)) return false;
  // The latest version there is: the lock's transaction has not committed yet, or its primary would not be locked.
  return !(reading.ts === MAX_TS && keyString(lock.primary) === key);
}
