/**
 * The first phase: places a lock with the new value on every key, the primary's batch first, then everything else
 * side by side. It succeeds as a whole or not at all; what was placed until it failed is for rollback to remove.
 *
 * `min_commit_ts` is start + 1, which makes the locks pushable: readers pass them instead of waiting (TRUTH §4).
 *
 * @see Peng & Dabek, "Large-scale Incremental Processing Using Distributed Transactions", OSDI 2010, §2.2
 */
import { Backoff } from '../../base/backoff.js';
import { equalBytes } from '../../base/bytes.js';
import { Semaphore, allOrAbort } from '../concurrency.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { backoffKinds } from '../backoff-kinds.js';
import { KeyRefusedError } from '../key-errors.js';
import { groupByRegion, pieces } from '../key-groups.js';
import { kvMethods } from '../kv-methods.js';
import { locksOf } from '../locks/lock.js';
import { AssertionLevel, ConflictReason, type KeyErrorMessage, type LockInfo } from '../proto-types.js';
import type { Region } from '../region.js';
import { type Mutation, mutationMessage, mutationSize } from './mutation.js';
import type { ConflictCause, PrewriteOutcome } from './outcomes.js';
import type { TxnHeader, TxnParts } from './txn-parts.js';

interface Batch {
  readonly region: Region;
  /** Never empty; in key order. */
  readonly mutations: readonly Mutation[];
  /** Keys of the transaction in the region: tells others whether to resolve its locks one by one. */
  readonly txnSize: number;
}

/** Ends the phase: thrown so that batches under way are aborted. */
class Stopped extends Error {
  readonly outcome: Exclude<PrewriteOutcome, { kind: 'ok' }>;

  constructor(outcome: Exclude<PrewriteOutcome, { kind: 'ok' }>) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

/** The first phase of one transaction; run once. */
export class Prewrite {
  readonly #parts: TxnParts;
  readonly #header: TxnHeader;
  readonly #semaphore = new Semaphore(limits.transactionRpcsInFlight);
  readonly #backoff: Backoff;
  readonly #patienceEndsMs: number;
  readonly #onPrimaryLocked: () => void;
  readonly #attempted = new Set<Mutation>();

  /**
   * @param patienceMs - how long to wait for living transactions' locks, over the whole phase; 0: not at all.
   * @param onPrimaryLocked - called when the primary's lock has been placed: from then on it must be kept alive.
   */
  constructor(parts: TxnParts, header: TxnHeader, patienceMs: number, onPrimaryLocked: () => void) {
    const { runtime } = parts.requester;
    this.#parts = parts;
    this.#header = header;
    this.#backoff = new Backoff(runtime, 'prewrite', 'tikv', limits.writeBudgetMs);
    this.#patienceEndsMs = runtime.monotonicMs() + patienceMs;
    this.#onPrimaryLocked = onPrimaryLocked;
  }

  /** Keys that may carry locks by now. */
  attemptedKeys(): readonly Uint8Array[] {
    return Array.from(this.#attempted, (mutation) => mutation.key);
  }

  /** @throws the signal's reason; locks may have been placed. */
  async run(mutations: readonly Mutation[], signal: AbortSignal): Promise<PrewriteOutcome> {
    try {
      const batches = await this.#batches(mutations, signal);
      const isFirst = (batch: Batch): boolean =>
        batch.mutations.some((mutation) => equalBytes(mutation.key, this.#header.primary));
      for (const batch of batches.filter(isFirst)) await this.#send(batch, signal);
      this.#onPrimaryLocked();
      await this.#sendAll(
        batches.filter((batch) => !isFirst(batch)),
        signal,
      );
      return { kind: 'ok' };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Stopped) return error.outcome;
      if (error instanceof TiviewError) return { kind: 'rejected', error };
      throw error;
    }
  }

  async #batches(mutations: readonly Mutation[], signal: AbortSignal): Promise<Batch[]> {
    const { regions } = this.#parts.requester;
    const groups = await groupByRegion(regions, mutations, (mutation) => mutation.key, signal);
    return groups.flatMap(({ region, items }) =>
      pieces(items, limits.prewriteBytesPerRpc, mutationSize).map((piece) => ({
        region,
        mutations: piece,
        txnSize: items.length,
      })),
    );
  }

  async #sendAll(batches: readonly Batch[], signal: AbortSignal): Promise<void> {
    const works = batches.map((batch) => (shared: AbortSignal) => this.#send(batch, shared));
    await allOrAbort(works, signal);
  }

  async #send(batch: Batch, signal: AbortSignal): Promise<void> {
    const { requester } = this.#parts;
    const { mutations, region, txnSize } = batch;
    const messages = mutations.map(mutationMessage);
    for (;;) {
      const body = { ...this.#request(txnSize), mutations: messages };
      const options = { backoff: this.#backoff, context: { txnSource: BigInt(this.#header.txnSource) } };
      const reply = await this.#semaphore.run(() => {
        for (const mutation of mutations) this.#attempted.add(mutation);
        return requester.send(kvMethods.prewrite, region, body, options, signal);
      }, signal);
      if (reply.kind === 'resplit') {
        await this.#sendAll(await this.#batches(mutations, signal), signal);
        return;
      }
      if (reply.kind === 'reply') {
        const { errors } = reply.response;
        if (errors.length === 0) return;
        await this.#onErrors(errors, signal);
        continue;
      }
      await this.#sendHalves(batch, signal);
      return;
    }
  }

  #request(txnSize: number) {
    const { startTs, primary, lockTtlMs } = this.#header;
    const elapsedMs = this.#parts.tso.elapsedSinceMs(startTs);
    return {
      primaryLock: primary,
      startVersion: startTs,
      // A lock's life counts from its transaction's start.
      lockTtl: BigInt(Math.ceil(elapsedMs) + lockTtlMs),
      txnSize: BigInt(txnSize),
      minCommitTs: startTs + 1n,
      assertionLevel: AssertionLevel.strict,
    };
  }

  /** The store says that the batch is too much for a raft entry. */
  async #sendHalves(batch: Batch, signal: AbortSignal): Promise<void> {
    const { mutations } = batch;
    const [first] = mutations;
    if (mutations.length === 1 && first !== undefined)
      throw new Stopped({ kind: 'tooLarge', key: first.key });
    const middle = Math.ceil(mutations.length / 2);
    for (const half of [mutations.slice(0, middle), mutations.slice(middle)]) {
      await this.#send({ ...batch, mutations: half }, signal);
    }
  }

  async #onErrors(errors: readonly KeyErrorMessage[], signal: AbortSignal): Promise<void> {
    for (const error of errors) {
      const outcome = outcomeOf(error);
      if (outcome !== undefined) throw new Stopped(outcome);
    }
    await this.#onLocks(errors.flatMap(locksOf), signal);
  }

  async #onLocks(locks: readonly LockInfo[], signal: AbortSignal): Promise<void> {
    const waitMs = await this.#parts.resolver.resolveForWrite(locks, signal);
    if (waitMs === undefined) return;
    const patienceMs = this.#patienceEndsMs - this.#parts.requester.runtime.monotonicMs();
    const [lock] = locks;
    if (patienceMs <= 0 && lock !== undefined) throw new Stopped({ kind: 'locked', lock });
    const capMs = Math.max(1, Math.min(waitMs, patienceMs, backoffKinds.lockForWrite.capMs));
    await this.#backoff.pause({ ...backoffKinds.lockForWrite, capMs }, new Error('locked'), signal);
  }
}

/** undefined: it is a lock. */
function outcomeOf(error: KeyErrorMessage): Exclude<PrewriteOutcome, { kind: 'ok' }> | undefined {
  if (error.locked !== null) return undefined;
  if (error.conflict !== null) {
    const { key, conflictTs, conflictCommitTs, reason } = error.conflict;
    return { kind: 'conflict', key, conflictTs, commitTs: conflictCommitTs, reason: conflictCause(reason) };
  }
  if (error.alreadyExist !== null) return { kind: 'alreadyExists', key: error.alreadyExist.key };
  if (error.assertionFailed !== null) {
    const { key, existingStartTs, existingCommitTs } = error.assertionFailed;
    return { kind: 'assertionFailed', key, existingStartTs, existingCommitTs };
  }
  return { kind: 'rejected', error: new KeyRefusedError('prewrite', error) };
}

function conflictCause(reason: number): ConflictCause {
  if (reason === ConflictReason.optimistic) return 'optimistic';
  return reason === ConflictReason.selfRolledBack ? 'selfRolledBack' : 'other';
}
