/**
 * What became of a transaction that used async commit and whose owner is dead: it is committed if all of its locks
 * were placed, at the greatest of their `min_commit_ts`; looking for a missing one makes sure it never comes.
 *
 * @see https://github.com/tikv/sig-transaction/tree/master/design/async-commit
 */
import { assert } from '../../base/assert.js';
import { Backoff } from '../../base/backoff.js';
import { limits } from '../../base/limits.js';
import { type Ts, ts } from '../../codec/tso.js';
import { groupByRegion, pieces } from '../key-groups.js';
import { KeyRefusedError } from '../key-errors.js';
import { kvMethods } from '../kv-methods.js';
import type { CheckSecondaryLocksResponse, LockInfo } from '../proto-types.js';
import type { RegionRequester } from '../region-request.js';

/** The answer. `notAsync`: it had fallen back to two phases; its primary decides as usual. */
export type AsyncCommitOutcome =
  | { readonly kind: 'committed'; readonly commitTs: Ts }
  | { readonly kind: 'rolledBack' }
  | { readonly kind: 'notAsync' };

/**
 * Decides by all secondaries.
 *
 * @param primary - the primary's lock: it lists the secondaries.
 */
export async function decideAsyncCommit(
  requester: RegionRequester,
  primary: LockInfo,
  signal: AbortSignal,
): Promise<AsyncCommitOutcome> {
  let commitTs = primary.minCommitTs;
  const backoff = new Backoff(requester.runtime, 'check secondary locks', 'tikv', limits.rpcBudgetMs);
  const todo = pieces(primary.secondaries, limits.commitKeysPerRpc);
  for (let piece = todo.shift(); piece !== undefined; piece = todo.shift()) {
    for (const { region, items } of await groupByRegion(requester.regions, piece, (key) => key, signal)) {
      const body = { keys: items, startVersion: primary.lockVersion };
      const reply = await requester.send(kvMethods.checkSecondaryLocks, region, body, { backoff }, signal);
      if (reply.kind !== 'reply') {
        todo.push([...items]);
        continue;
      }
      const found = read(reply.response, items.length);
      if (found.kind !== 'locked') return found;
      if (found.minCommitTs > commitTs) commitTs = found.minCommitTs;
    }
  }
  assert(
    commitTs > primary.lockVersion,
    `async commit at ${String(commitTs)} of ${String(primary.lockVersion)}`,
  );
  return { kind: 'committed', commitTs: ts(commitTs) };
}

function read(
  response: CheckSecondaryLocksResponse,
  keys: number,
): AsyncCommitOutcome | { readonly kind: 'locked'; readonly minCommitTs: bigint } {
  if (response.error !== null) throw new KeyRefusedError('check secondary locks', response.error);
  if (response.commitTs > 0n) return { kind: 'committed', commitTs: ts(response.commitTs) };
  if (response.locks.length < keys) return { kind: 'rolledBack' };
  let minCommitTs = 0n;
  for (const lock of response.locks) {
    if (!lock.useAsyncCommit) return { kind: 'notAsync' };
    if (lock.minCommitTs > minCommitTs) minCommitTs = lock.minCommitTs;
  }
  return { kind: 'locked', minCommitTs };
}
