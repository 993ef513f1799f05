/**
 * One attempt at a fenced transaction: at a start ts, read the fence and the TableInfos of the tables to be written;
 * if the fence is as its owner believes, encode, prewrite with the fence's record as primary, commit. Every way in
 * which it can end is a value; what to do about it is the caller's decision. Locks of a failed attempt are removed
 * before it returns, a lost answer is settled first: nothing is under way any more. Of an attempt that is aborted the
 * same is done in the background.
 */
import { unreachable } from '../base/assert.js';
import { equalBytes } from '../base/bytes.js';
import { TiviewError, asError, messageOf } from '../base/errors.js';
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import type { Ts } from '../codec/tso.js';
import type { TikvCluster } from '../tikv/client.js';
import type { LockInfo } from '../tikv/proto-types.js';
import type { Snapshot } from '../tikv/snapshot.js';
import type { Transaction } from '../tikv/transaction.js';
import type { Mutation } from '../tikv/two-phase-commit/mutation.js';
import type { PrewriteOutcome } from '../tikv/two-phase-commit/outcomes.js';
import type { EpochClock } from './epoch-clock.js';
import { type Opening, type OpeningReads, open } from './opening.js';

/** What transactions are made with. */
export interface CommitParts {
  readonly cluster: Pick<TikvCluster, 'tso' | 'snapshots' | 'transactions' | 'locks'>;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
}

/** What to write, or why not to. */
export type Preparation<R> =
  | { readonly kind: 'write'; readonly mutations: readonly Mutation[] }
  | { readonly kind: 'refuse'; readonly refusal: R };

/** What an attempt writes. */
export interface FencedWrite<R> {
  /** Told where the time goes. */
  readonly clock?: EpochClock;
  /** Of the fence's record, which is the primary and among the mutations; and what else `prepare` reads, if known. */
  readonly reads: OpeningReads;
  /**
   * Looks at the fence, and encodes.
   *
   * @param fence - the record at the start ts; undefined: there is none.
   * @throws SqlError — what is to be written cannot be.
   */
  prepare(fence: Uint8Array | undefined, snapshot: Snapshot, signal: AbortSignal): Promise<Preparation<R>>;
}

/** How an attempt ended. */
export type AttemptOutcome<R> =
  | {
      readonly kind: 'committed';
      readonly startTs: Ts;
      readonly commitTs: Ts;
      /** Settles when the other keys are committed too. Never rejects. */
      readonly finished: Promise<void>;
    }
  | { readonly kind: 'refused'; readonly refusal: R }
  /** Somebody committed a key of ours meanwhile, or rolled us back: read again. */
  | { readonly kind: 'conflict'; readonly key: Uint8Array }
  | { readonly kind: 'rolledBack' }
  /** A living transaction of somebody else holds a key. */
  | { readonly kind: 'locked'; readonly lock: LockInfo }
  /** A row is there that should not be, or the reverse. */
  | { readonly kind: 'violated'; readonly key: Uint8Array; readonly isThere: boolean }
  | { readonly kind: 'rejected'; readonly error: TiviewError };

/**
 * Marks our rows in change feeds (`txn_source`), so that a foreign commit on a backing table can be told from ours.
 * 1–15 are TiCDC's, 0 is everybody's (TIKV-FACTS §4.6).
 */
export const OUR_TXN_SOURCE = 0x76;

/** How long to wait for a living transaction that holds one of our keys. */
const PATIENCE_MS = 1_000;
/** Between two questions for an outcome that cannot be found out. */
const SETTLE_PATIENCE_MS = 5_000;
const SETTLE_PAUSE_MS = 200;

/**
 * Runs one attempt.
 *
 * @param ahead - how it begins, if that was made ahead.
 * @throws BudgetError — before anything was written; the signal's reason: what was under way may then still commit.
 */
export async function attemptFenced<R>(
  parts: CommitParts,
  write: FencedWrite<R>,
  signal: AbortSignal,
  ahead?: Opening,
): Promise<AttemptOutcome<R>> {
  const { cluster } = parts;
  const { fence, snapshot } = ahead ?? (await open(parts, write.reads, signal));
  write.clock?.ended('open');
  const preparation = await write.prepare(fence, snapshot, signal);
  write.clock?.ended('encode');
  if (preparation.kind === 'refuse') {
    // What was read ahead is of an earlier time, and without a prewrite nobody would notice a change.
    if (ahead !== undefined) return attemptFenced(parts, write, signal);
    return { kind: 'refused', refusal: preparation.refusal };
  }
  const startTs = snapshot.ts;
  await using transaction = cluster.transactions.begin({
    startTs,
    primary: write.reads.fenceKey,
    mutations: preparation.mutations,
    txnSource: OUR_TXN_SOURCE,
  });
  try {
    const outcome = await transaction.prewrite(PATIENCE_MS, signal);
    write.clock?.ended('prewrite');
    if (outcome.kind === 'ok') {
      const decided = await decide<R>(parts, transaction, startTs, signal);
      write.clock?.ended('commit');
      return decided;
    }
    await removeLocks(parts, transaction, signal);
    return failureOf(outcome, preparation.mutations);
  } catch (error) {
    endInBackground(parts, transaction, asError(error));
    throw error;
  }
}

/** What was aborted is decided all the same: who comes next would wait for its locks until their life is over. */
function endInBackground(parts: CommitParts, transaction: Transaction, cause: Error): void {
  parts.runtime.spawn('end of an aborted transaction', async (signal) => {
    if (!transaction.isUndetermined) {
      await removeLocks(parts, transaction, signal);
      return;
    }
    const { kind } = await settle(parts, transaction, cause, signal);
    if (kind === 'committed') await finish(parts, transaction);
  });
}

async function decide<R>(
  parts: CommitParts,
  transaction: Transaction,
  startTs: Ts,
  signal: AbortSignal,
): Promise<AttemptOutcome<R>> {
  let outcome;
  try {
    outcome = await transaction.commitPrimary(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TiviewError)) throw error;
    if (!transaction.isUndetermined) {
      await removeLocks(parts, transaction, signal);
      return { kind: 'rejected', error };
    }
    outcome = { kind: 'undetermined' as const, cause: error };
  }
  if (outcome.kind === 'undetermined') outcome = await settle(parts, transaction, outcome.cause, signal);
  if (outcome.kind === 'rolledBack') return { kind: 'rolledBack' };
  return { kind: 'committed', startTs, commitTs: outcome.commitTs, finished: finish(parts, transaction) };
}

/** A lost answer: nothing else may be committed before it is known what it would have been. */
async function settle(parts: CommitParts, transaction: Transaction, cause: Error, signal: AbortSignal) {
  const { log, metrics } = parts.telemetry;
  metrics.count('tiview_commit_outcomes_total', 1, { outcome: 'undetermined' });
  log.warn('the outcome of a commit is unknown; asking', {
    startTs: transaction.ref.startTs,
    cause: cause.message,
  });
  for (;;) {
    try {
      // It is our own: by force it is decided at once, instead of after its time to live.
      const policy = { force: true, patienceMs: SETTLE_PATIENCE_MS };
      const outcome = await transaction.settle(policy, signal);
      if (outcome.kind !== 'alive') return outcome;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TiviewError)) throw error;
      log.warn('the outcome of a commit is still unknown', { cause: error.message });
    }
    await parts.runtime.sleep(SETTLE_PAUSE_MS, signal);
  }
}

/** Commits the other keys in the background: readers who meet their locks meanwhile finish them by themselves. */
async function finish(parts: CommitParts, transaction: Transaction): Promise<void> {
  const { runtime, telemetry } = parts;
  const task = runtime.spawn('commit secondaries', async (signal) => {
    try {
      const left = await transaction.commitSecondaries(signal);
      if (left > 0) telemetry.log.warn('keys of a committed transaction were left to others', { left });
    } catch (error) {
      if (!(error instanceof TiviewError)) throw error;
      telemetry.log.warn('keys of a committed transaction were left to others', { cause: error.message });
    }
  });
  await task.done.catch(() => undefined);
}

async function removeLocks(parts: CommitParts, transaction: Transaction, signal: AbortSignal): Promise<void> {
  try {
    await transaction.rollback(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TiviewError)) throw error;
    // They end with their time to live, and whoever meets them then removes them.
    parts.telemetry.log.warn('locks of a failed transaction were left behind', { cause: messageOf(error) });
  }
}

function failureOf<R>(
  outcome: Exclude<PrewriteOutcome, { kind: 'ok' }>,
  mutations: readonly Mutation[],
): AttemptOutcome<R> {
  switch (outcome.kind) {
    case 'conflict':
      return { kind: 'conflict', key: outcome.key };
    case 'locked':
      return { kind: 'locked', lock: outcome.lock };
    case 'alreadyExists':
      return { kind: 'violated', key: outcome.key, isThere: true };
    case 'assertionFailed':
      return { kind: 'violated', key: outcome.key, isThere: !isExpected(outcome.key, mutations) };
    case 'tooLarge':
      return { kind: 'rejected', error: tooLarge(outcome.key) };
    case 'rejected':
      return { kind: 'rejected', error: outcome.error };
    default:
      return unreachable(outcome);
  }
}

/** What TiKV says it found does not tell: where it found a deletion it gives that one's timestamps. */
function isExpected(key: Uint8Array, mutations: readonly Mutation[]): boolean {
  const mutation = mutations.find((one) => equalBytes(one.key, key));
  return mutation !== undefined && mutation.kind !== 'lock' && mutation.assert === 'exist';
}

function tooLarge(key: Uint8Array): TiviewError {
  return new TiviewError(`a row is too large for TiKV (key of ${key.length} bytes)`, {
    kind: 'rowTooLarge',
    side: 'tikv',
    isRetryable: false,
  });
}
