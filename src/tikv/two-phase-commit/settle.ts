/**
 * Finding out what became of a transaction, and putting an end to it: after a lost reply, and when taking over from
 * an owner who may be dead. The question is a fence: if the transaction is not there, it never will be.
 */
import { AssertionError, unreachable } from '../../base/assert.js';
import { Backoff } from '../../base/backoff.js';
import { MAX_TS, physicalMs } from '../../codec/tso.js';
import { backoffKinds } from '../backoff-kinds.js';
import { askTxnStatus } from '../locks/txn-status.js';
import type { SettleOutcome } from './outcomes.js';
import type { TxnParts, TxnRef } from './txn-parts.js';

/** How to deal with a transaction that lives. */
export interface SettlePolicy {
  /** Rolls it back although it lives: a takeover (TRUTH §4). */
  readonly force: boolean;
}

/**
 * Asks once.
 *
 * @throws BudgetError — the primary's region could not be reached; KeyRefusedError — it is not a primary.
 */
export async function checkStatus(
  parts: TxnParts,
  txn: TxnRef,
  policy: SettlePolicy,
  signal: AbortSignal,
): Promise<SettleOutcome> {
  const now = await parts.tso.next(signal);
  const status = await askTxnStatus(
    parts.requester,
    {
      primary: txn.primary,
      startTs: txn.startTs,
      callerTs: 0n,
      currentTs: policy.force ? MAX_TS : now,
      rollbackIfNotExist: true,
    },
    signal,
  );
  switch (status.kind) {
    case 'committed':
      return status;
    case 'rolledBack':
      return { kind: 'rolledBack' };
    case 'alive': {
      const endsMs = Number(physicalMs(txn.startTs)) + status.ttlMs;
      return { kind: 'alive', ttlMs: Math.max(0, endsMs - Number(physicalMs(now))) };
    }
    case 'notFound':
    case 'primaryMismatch':
      throw new AssertionError(
        `transaction ${String(txn.startTs)}: ${status.kind}, but it was to be rolled back`,
      );
    default:
      return unreachable(status);
  }
}

/**
 * Asks until the transaction is settled, waiting for the end of its life.
 *
 * @param patienceMs - how long to wait at most.
 * @returns `alive` when it outlived our patience.
 */
export async function settle(
  parts: TxnParts,
  txn: TxnRef,
  policy: SettlePolicy & { readonly patienceMs: number },
  signal: AbortSignal,
): Promise<SettleOutcome> {
  const { runtime } = parts.requester;
  const startedMs = runtime.monotonicMs();
  const backoff = new Backoff(runtime, 'settle a transaction', 'tikv', Infinity);
  for (;;) {
    const outcome = await checkStatus(parts, txn, policy, signal);
    if (outcome.kind !== 'alive') return outcome;
    const leftMs = policy.patienceMs - (runtime.monotonicMs() - startedMs);
    if (leftMs <= 0) return outcome;
    const capMs = Math.max(1, Math.min(leftMs, outcome.ttlMs, backoffKinds.lockForWrite.capMs));
    await backoff.pause({ ...backoffKinds.lockForWrite, capMs }, new Error('it lives'), signal);
  }
}
