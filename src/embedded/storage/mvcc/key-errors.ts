/** Key errors as TiKV words them: some are told in text only, and clients look for that text (TRUTH §4). */
import { type KeyString, keyBytes } from '../../../base/bytes.js';
import type { KeyErrorMessage, MessageInput } from '../../../tikv/proto-types.js';
import { type Lock, type WriteRecord, lockInfo } from './records.js';

/** A key error that is to be sent. */
export type KeyError = MessageInput<KeyErrorMessage>;

/** Somebody else's lock is in the way. */
export function lockedError(key: KeyString, lock: Lock): KeyError {
  return { locked: lockInfo(keyBytes(key), lock) };
}

/** Another transaction's record forbids the write, or the writer's own rollback does. */
export function conflictError(
  key: KeyString,
  txn: { readonly startTs: bigint; readonly primary: Uint8Array },
  record: WriteRecord,
  reason: number,
): KeyError {
  const { startTs: conflictTs, commitTs: conflictCommitTs } = record;
  const { startTs, primary } = txn;
  return { conflict: { startTs, conflictTs, conflictCommitTs, key: keyBytes(key), primary, reason } };
}

/** The transaction's lock is gone. */
export function lockNotFoundError(key: KeyString, startTs: bigint, commitTs: bigint): KeyError {
  const fields = `start_ts: ${tsText(startTs)}, commit_ts: ${tsText(commitTs)}, key: ${keyText(key)}`;
  return { retryable: mvccText(`TxnLockNotFound { ${fields} }`) };
}

/** It was committed long ago. */
export function committedError(key: KeyString, startTs: bigint, commitTs: bigint): KeyError {
  const fields = `start_ts: ${tsText(startTs)}, commit_ts: ${tsText(commitTs)}, key: ${keyText(key)}`;
  return { abort: mvccText(`Committed { ${fields} }`) };
}

/** A commit ts that is none. */
export function invalidTsError(startTs: bigint, commitTs: bigint): KeyError {
  const fields = `start_ts: ${tsText(startTs)}, commit_ts: ${tsText(commitTs)}`;
  return { abort: `Error(Txn(Error(InvalidTxnTso { ${fields} })))` };
}

/** A key longer than TiKV takes. */
export function keyTooLargeError(size: number, limit: number): KeyError {
  return { abort: `Error(KeyTooLarge { size: ${size}, limit: ${limit} })` };
}

function mvccText(inner: string): string {
  return `Error(Txn(Error(Mvcc(Error(${inner})))))`;
}

function tsText(ts: bigint): string {
  return `TimeStamp(${String(ts)})`;
}

/** As Rust prints a vector of bytes. */
function keyText(key: KeyString): string {
  return `[${keyBytes(key).join(', ')}]`;
}
