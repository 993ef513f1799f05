/** Changes of the store as rows of a feed. What is sent when, and with which values: TRUTH §1. */
import { keyBytes } from '../../../base/bytes.js';
import { RowOp, RowType } from '../../../tikv/feed/event-decoder.js';
import type { MvccStore, StoreChange } from '../mvcc/mvcc-store.js';
import { type History, type Lock, type WriteRecord, dataIndexBelow, isData } from '../mvcc/records.js';
import type { FeedRow } from './feed-messages.js';

/** Longer values are not in the lock and the write record themselves. */
const SHORT_VALUE_BYTES = 255;

/** The value of the ROLLBACK of a primary: `p`, for protected. */
const PROTECTED = Uint8Array.of(0x70);

/** A row, and who wrote it. */
export interface SourcedRow {
  readonly row: FeedRow;
  readonly txnSource: bigint;
}

/** The row that a change is told by; undefined: by none. To be called before the store changes again. */
export function rowOfChange(store: MvccStore, change: StoreChange): SourcedRow | undefined {
  const { key } = change;
  switch (change.kind) {
    case 'prewrite':
      if (!isData(change.lock)) return undefined;
      return prewriteRow(key, change.lock, newestValue(store.historyOf(key)));
    case 'rewrite':
      // A long value is not in the lock, and the lock is all that was written.
      if (!isData(change.lock) || change.lock.value.length > SHORT_VALUE_BYTES) return undefined;
      return prewriteRow(key, change.lock, newestValue(store.historyOf(key)));
    case 'commit':
      return isData(change.lock) ? commitRow(change) : undefined;
    case 'rollback': {
      const row = { type: RowType.rollback, startTs: change.startTs, key: keyBytes(key) };
      return { row: change.isProtected ? { ...row, value: PROTECTED } : row, txnSource: 0n };
    }
  }
}

/** The lock on a key, with the value that it will replace. */
export function prewriteRow(
  key: Parameters<typeof keyBytes>[0],
  lock: Pick<Lock, 'kind' | 'startTs' | 'value' | 'txnSource'>,
  oldValue: Uint8Array | undefined,
): SourcedRow {
  return {
    row: {
      type: RowType.prewrite,
      startTs: lock.startTs,
      opType: lock.kind === 'delete' ? RowOp.delete : RowOp.put,
      key: keyBytes(key),
      ...valueField(lock.value),
      ...(oldValue === undefined ? {} : { oldValue }),
      ...sourceField(lock.txnSource),
    },
    txnSource: lock.txnSource,
  };
}

/** A version, with the one before it. */
export function committedRow(
  key: Parameters<typeof keyBytes>[0],
  record: WriteRecord,
  oldValue: Uint8Array | undefined,
): SourcedRow {
  const { row, txnSource } = prewriteRow(key, { ...record, kind: dataKind(record) }, oldValue);
  return { row: { ...row, type: RowType.committed, commitTs: record.commitTs }, txnSource };
}

/** The value that the newest version of a key has. */
export function newestValue(history: History, end = history.length): Uint8Array | undefined {
  const record = history[dataIndexBelow(history, end)];
  return record?.kind === 'put' ? record.value : undefined;
}

function commitRow({ key, lock, commitTs }: Extract<StoreChange, { kind: 'commit' }>): SourcedRow {
  const row: FeedRow = {
    type: RowType.commit,
    startTs: lock.startTs,
    commitTs,
    opType: lock.kind === 'delete' ? RowOp.delete : RowOp.put,
    key: keyBytes(key),
    ...(lock.value.length <= SHORT_VALUE_BYTES ? valueField(lock.value) : {}),
    ...sourceField(lock.txnSource),
  };
  return { row, txnSource: lock.txnSource };
}

function dataKind(record: WriteRecord): 'put' | 'delete' {
  return record.kind === 'delete' ? 'delete' : 'put';
}

function valueField(value: Uint8Array): { readonly value?: Uint8Array } {
  return value.length === 0 ? {} : { value };
}

function sourceField(txnSource: bigint): { readonly txnSource?: bigint } {
  return txnSource === 0n ? {} : { txnSource };
}
