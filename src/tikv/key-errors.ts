/** What a key error says, for those that nobody expects, and what only its text says. */
import { toHex } from '../base/bytes.js';
import { TiviewError } from '../base/errors.js';
import type { KeyErrorMessage } from './proto-types.js';

/** TiKV refused a request because of the state of a key, in a way that its sender has no answer to. */
export class KeyRefusedError extends TiviewError {
  override readonly name = 'KeyRefusedError';

  constructor(what: string, error: KeyErrorMessage) {
    super(`${what}: ${describeKeyError(error)}`, { kind: 'keyRefused', side: 'tikv', isRetryable: false });
  }
}

/** The error in one line. Keys are shown, values never are. */
export function describeKeyError(error: KeyErrorMessage): string {
  if (error.locked !== null) {
    return `key ${toHex(error.locked.key)} is locked by transaction ${String(error.locked.lockVersion)}`;
  }
  if (error.conflict !== null) {
    const { key, startTs, conflictCommitTs } = error.conflict;
    return `write conflict on ${toHex(key)}: ${String(startTs)} with commit at ${String(conflictCommitTs)}`;
  }
  if (error.alreadyExist !== null) return `key ${toHex(error.alreadyExist.key)} exists`;
  if (error.deadlock !== null) return `deadlock on ${toHex(error.deadlock.lockKey)}`;
  if (error.commitTsExpired !== null)
    return `commit ts is below ${String(error.commitTsExpired.minCommitTs)}`;
  if (error.txnNotFound !== null) return `no transaction at ${toHex(error.txnNotFound.primaryKey)}`;
  if (error.commitTsTooLarge !== null)
    return `commit ts ${String(error.commitTsTooLarge.commitTs)} is too large`;
  if (error.assertionFailed !== null) return `assertion failed on ${toHex(error.assertionFailed.key)}`;
  if (error.primaryMismatch !== null) return 'the key is not the primary of its transaction';
  if (error.txnLockNotFound !== null) return `no lock on ${toHex(error.txnLockNotFound.key)}`;
  return error.abort !== '' ? error.abort : error.retryable !== '' ? error.retryable : 'no reason given';
}

/**
 * Whether the error says that a transaction's lock is gone: rolled back, or committed by somebody. Newer TiKV has a
 * field for it; up to 2026 it is only in the text, and the rig's differs (TRUTH §4, §12).
 */
export function isLockMissing(error: KeyErrorMessage): boolean {
  if (error.txnLockNotFound !== null) return true;
  return /TxnLockNotFound|lock not found|lock doesn't exist/i.test(`${error.retryable} ${error.abort}`);
}
