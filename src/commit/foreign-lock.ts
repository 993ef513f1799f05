/**
 * Locks of others on a view's table: somebody's `SELECT … FOR UPDATE` or foreign key check past the proxy. We have
 * waited for a while; now pessimistic locks are taken away (their owner's transaction will fail), and transactions that
 * write are left to their fate: if they live they are waited for, and their commit is a foreign write.
 */
import { toHex } from '../base/bytes.js';
import { isPessimistic } from '../tikv/locks/lock.js';
import type { LockInfo } from '../tikv/proto-types.js';
import type { CommitParts } from './fenced-transaction.js';

/** An attempt that came to nothing, through nobody's fault. */
type InTheWay =
  | { readonly kind: 'locked'; readonly lock: LockInfo }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'rolledBack' };

/** Clears the way, as far as that can be done, and waits for the next attempt. @throws BudgetError; the signal's reason. */
export async function beforeNextAttempt(
  parts: CommitParts,
  outcome: InTheWay,
  pause: (cause: Error) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (outcome.kind === 'locked') await breakForeignLock(parts, outcome.lock, signal);
  await pause(new Error(outcome.kind === 'locked' ? 'a key is locked by somebody else' : outcome.kind));
}

/** Does what can be done about a lock in the way. */
export async function breakForeignLock(
  parts: CommitParts,
  lock: LockInfo,
  signal: AbortSignal,
): Promise<void> {
  const { log } = parts.telemetry;
  const fields = { startTs: lock.lockVersion, key: toHex(lock.key) };
  if (!isPessimistic(lock)) {
    log.warn('a transaction of somebody else is writing where a view is kept; waiting for it', fields);
    return;
  }
  log.warn('a lock of somebody else on a view was rolled back', fields);
  await parts.cluster.locks.resolver.rollbackPessimistic([lock], signal);
}
