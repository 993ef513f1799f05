/**
 * Removes locks whose transaction is decided: each becomes a committed version or nothing. Harmless to repeat, and
 * to race with others who do the same.
 */
import { Backoff } from '../../base/backoff.js';
import { limits } from '../../base/limits.js';
import { MAX_TS, type Ts } from '../../codec/tso.js';
import { groupByRegion, pieces } from '../key-groups.js';
import { KeyRefusedError } from '../key-errors.js';
import { kvMethods } from '../kv-methods.js';
import type { KeyErrorMessage, LockInfo } from '../proto-types.js';
import type { RegionRequester } from '../region-request.js';

/** A decided transaction. */
export interface DecidedTxn {
  readonly startTs: Ts;
  /** 0n: rolled back. */
  readonly commitTs: bigint;
}

/**
 * Removes the transaction's locks on the given keys.
 *
 * @throws BudgetError | KeyRefusedError
 */
export async function cleanUpKeys(
  requester: RegionRequester,
  txn: DecidedTxn,
  keys: readonly Uint8Array[],
  signal: AbortSignal,
  budgetMs: number = limits.rpcBudgetMs,
): Promise<void> {
  const backoff = newBackoff(requester, budgetMs);
  const todo = pieces(keys, limits.commitKeysPerRpc);
  for (let piece = todo.shift(); piece !== undefined; piece = todo.shift()) {
    for (const { region, items } of await groupByRegion(requester.regions, piece, (key) => key, signal)) {
      const body = { startVersion: txn.startTs, commitVersion: txn.commitTs, keys: items };
      const reply = await requester.send(kvMethods.resolveLock, region, body, { backoff }, signal);
      if (reply.kind === 'reply') check('resolve locks', reply.response.error);
      else todo.push([...items]);
    }
  }
}

/** Removes all locks of the transaction in the region that holds `key`. */
export async function cleanUpRegion(
  requester: RegionRequester,
  txn: DecidedTxn,
  key: Uint8Array,
  signal: AbortSignal,
  budgetMs: number = limits.rpcBudgetMs,
): Promise<void> {
  const backoff = newBackoff(requester, budgetMs);
  const body = { startVersion: txn.startTs, commitVersion: txn.commitTs, keys: [] };
  for (;;) {
    const region = await requester.regions.locate(key, signal);
    const reply = await requester.send(kvMethods.resolveLock, region, body, { backoff }, signal);
    if (reply.kind !== 'reply') continue;
    check('resolve locks of a region', reply.response.error);
    return;
  }
}

/** Takes pessimistic locks away, whether their owners live or not; they find out when they commit. */
export async function rollbackPessimisticLocks(
  requester: RegionRequester,
  locks: readonly LockInfo[],
  signal: AbortSignal,
): Promise<void> {
  const backoff = newBackoff(requester, limits.rpcBudgetMs);
  const todo = [...locks];
  for (let lock = todo.shift(); lock !== undefined; lock = todo.shift()) {
    const region = await requester.regions.locate(lock.key, signal);
    const forUpdateTs = lock.lockForUpdateTs === 0n ? MAX_TS : lock.lockForUpdateTs;
    const body = { startVersion: lock.lockVersion, forUpdateTs, keys: [lock.key] };
    const reply = await requester.send(kvMethods.pessimisticRollback, region, body, { backoff }, signal);
    if (reply.kind === 'reply') check('roll a pessimistic lock back', reply.response.errors[0] ?? null);
    else todo.push(lock);
  }
}

function check(what: string, error: KeyErrorMessage | null): void {
  if (error !== null) throw new KeyRefusedError(what, error);
}

function newBackoff(requester: RegionRequester, budgetMs: number): Backoff {
  return new Backoff(requester.runtime, 'clean up locks', 'tikv', budgetMs);
}
