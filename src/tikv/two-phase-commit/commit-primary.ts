/**
 * The decisive request: once the primary is committed the transaction is, whatever happens to the rest.
 *
 * A reply that does not come is an outcome of its own. It is never asked again with another commit ts: TiKV answers
 * "ok" to the repetition of a commit whatever ts it names, so "ok" would say nothing about which one it was
 * (TRUTH §4). Region errors are answers: the request was not executed, or (stale command) is repeated with the same
 * ts. `commit_ts_expired` is an answer too: a reader has pushed the lock, a newer ts is taken.
 */
import { Backoff } from '../../base/backoff.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Ts } from '../../codec/tso.js';
import { backoffKinds } from '../backoff-kinds.js';
import { KeyRefusedError, describeKeyError, isLockMissing } from '../key-errors.js';
import { kvMethods } from '../kv-methods.js';
import { CommitRole, type KeyErrorMessage } from '../proto-types.js';
import type { CommitPrimaryOutcome } from './outcomes.js';
import { checkStatus } from './settle.js';
import type { TxnHeader, TxnParts } from './txn-parts.js';

/** Commits the primary of one transaction; run once. */
export class CommitPrimary {
  readonly #parts: TxnParts;
  readonly #header: TxnHeader;
  #wasSent = false;

  constructor(parts: TxnParts, header: TxnHeader) {
    this.#parts = parts;
    this.#header = header;
  }

  /** Whether a commit request has left: only then can the outcome be unknown. */
  get wasSent(): boolean {
    return this.#wasSent;
  }

  /**
   * Commits.
   *
   * @throws KeyRefusedError — TiKV refuses for a reason that should not be; what was thrown before anything was
   *   sent; the signal's reason: if {@link wasSent}, the outcome is then unknown.
   */
  async run(signal: AbortSignal): Promise<CommitPrimaryOutcome> {
    const { runtime } = this.#parts.requester;
    const backoff = new Backoff(runtime, 'commit', 'tikv', limits.writeBudgetMs);
    try {
      let commitTs = await this.#parts.tso.next(signal);
      let pushes = 0;
      for (;;) {
        const reply = await this.#send(commitTs, backoff, signal);
        if (reply.kind === 'lost') return { kind: 'undetermined', cause: reply.cause };
        if (reply.kind !== 'reply') continue;
        const { error } = reply.response;
        if (error === null) return { kind: 'committed', commitTs };
        if (error.commitTsExpired !== null) {
          // Once is a reader passing by; again and again is a crowd.
          if (pushes++ > 0)
            await backoff.pause(backoffKinds.pushed, new Error(describeKeyError(error)), signal);
          commitTs = await this.#parts.tso.next(signal);
          continue;
        }
        return await this.#onError(error, signal);
      }
    } catch (error) {
      // No answer that counts: the budget ran out between attempts of which one may have got through.
      const isUnclear = this.#wasSent && error instanceof TiviewError && !(error instanceof KeyRefusedError);
      if (!isUnclear || signal.aborted) throw error;
      return { kind: 'undetermined', cause: error };
    }
  }

  async #send(commitTs: Ts, backoff: Backoff, signal: AbortSignal) {
    const { requester } = this.#parts;
    const { primary, startTs, txnSource } = this.#header;
    const region = await requester.regions.locate(primary, signal);
    const body = {
      startVersion: startTs,
      keys: [primary],
      commitVersion: commitTs,
      commitRole: CommitRole.primary,
      primaryKey: primary,
    };
    this.#wasSent = true;
    const options = { backoff, repeatLost: false, context: { txnSource: BigInt(txnSource) } };
    return requester.send(kvMethods.commit, region, body, options, signal);
  }

  /** The lock is gone: somebody has decided. Which way, the record says. */
  async #onError(error: KeyErrorMessage, signal: AbortSignal): Promise<CommitPrimaryOutcome> {
    if (!isLockMissing(error) && error.txnNotFound === null) throw new KeyRefusedError('commit', error);
    const status = await checkStatus(this.#parts, this.#header, { force: false }, signal);
    if (status.kind !== 'alive') return status;
    return { kind: 'undetermined', cause: new KeyRefusedError('commit', error) };
  }
}
