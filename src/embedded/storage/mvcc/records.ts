/**
 * What is stored under a key: at most one lock, and records of what transactions did to it, by commit ts.
 *
 * Each carries the moment (a count of commands) at which it came, so that a scan in many steps can see the store as
 * it was when the scan began.
 *
 * @see tikv/tikv components/txn_types/src/{lock,write}.rs
 */
import { assert } from '../../../base/assert.js';
import { type LockInfo, type MessageInput, Op } from '../../../tikv/proto-types.js';

/** What a transaction does to a key. A `lock` changes nothing, but conflicts. */
export type ChangeKind = 'put' | 'delete' | 'lock';

/** The first phase's mark on a key. */
export interface Lock {
  readonly kind: ChangeKind;
  readonly startTs: bigint;
  readonly primary: Uint8Array;
  /** Of a put; else empty. */
  readonly value: Uint8Array;
  /** From the physical part of {@link startTs}. */
  readonly ttlMs: bigint;
  readonly txnSize: bigint;
  /** It will not be committed below; 0: cannot be pushed. */
  readonly minCommitTs: bigint;
  readonly txnSource: bigint;
  /** When it was placed. */
  readonly placedAt: number;
}

/** The outcome of a transaction on a key. */
export interface WriteRecord {
  readonly kind: ChangeKind | 'rollback';
  readonly startTs: bigint;
  /** Of a rollback: the start ts. */
  readonly commitTs: bigint;
  readonly value: Uint8Array;
  readonly txnSource: bigint;
  /** When its lock was placed; undefined: there was none. */
  readonly placedAt: number | undefined;
  readonly writtenAt: number;
}

/** Whether a lock or record changes the key's value. */
export function isData(item: { readonly kind: WriteRecord['kind'] }): boolean {
  return item.kind === 'put' || item.kind === 'delete';
}

/** A key's records, by ascending commit ts; a rollback comes before another record of the same ts. */
export type History = readonly WriteRecord[];

/** Adds a record in its place; almost always that is the end. */
export function insertRecord(history: WriteRecord[], record: WriteRecord): void {
  let at = history.length;
  while (at > 0 && comesBefore(record, history[at - 1])) at--;
  history.splice(at, 0, record);
}

function comesBefore(a: WriteRecord, b: WriteRecord | undefined): boolean {
  assert(b !== undefined, 'a record to compare with');
  if (a.commitTs !== b.commitTs) return a.commitTs < b.commitTs;
  return a.kind === 'rollback';
}

/** What a transaction left on the key. */
export function recordOf(history: History, startTs: bigint): WriteRecord | undefined {
  // Its commit ts is not below its start ts, so nothing of it lies further back.
  for (let i = history.length - 1; i >= 0; i--) {
    const record = history[i];
    if (record === undefined || record.commitTs < startTs) return undefined;
    if (record.startTs === startTs) return record;
  }
  return undefined;
}

/** The record with the greatest commit ts. */
export function newestRecord(history: History): WriteRecord | undefined {
  return history[history.length - 1];
}

/** The index of the put or delete that a reader at `ts` sees; −1: none. */
export function visibleIndex(history: History, ts: bigint): number {
  let low = 0;
  let high = history.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const record = history[middle];
    if (record !== undefined && record.commitTs <= ts) low = middle + 1;
    else high = middle;
  }
  return dataIndexBelow(history, low);
}

/** The index of the last put or delete before index `end`; −1: none. */
export function dataIndexBelow(history: History, end: number): number {
  let at = end - 1;
  for (let record = history[at]; record !== undefined && !isData(record); record = history[at]) at--;
  return at;
}

/** The put or delete that a reader at `ts` sees, locks left aside. */
export function visibleRecord(history: History, ts: bigint): WriteRecord | undefined {
  return history[visibleIndex(history, ts)];
}

const OP_OF_KIND: Readonly<Record<ChangeKind, number>> = { put: Op.put, delete: Op.del, lock: Op.lock };

/** The lock as errors and scans for locks tell it. */
export function lockInfo(key: Uint8Array, lock: Lock): MessageInput<LockInfo> {
  return {
    primaryLock: lock.primary,
    lockVersion: lock.startTs,
    key,
    lockTtl: lock.ttlMs,
    txnSize: lock.txnSize,
    lockType: OP_OF_KIND[lock.kind],
    minCommitTs: lock.minCommitTs,
  };
}
