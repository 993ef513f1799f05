/**
 * One Percolator transaction, phase by phase. It offers primitives and keeps them in order; what to do about each
 * outcome is its owner's decision:
 *
 *     prewrite ──ok──▶ commitPrimary ──committed──▶ commitSecondaries
 *        │                  │ undetermined ──▶ settle ──committed──▶ commitSecondaries
 *        └─anything else, or a change of mind before commitPrimary──▶ rollback
 *
 * From the moment the primary is locked until its fate is known, heartbeats keep it alive. No async commit: its locks
 * cannot be pushed by readers; no one-phase commit: what we write spans regions.
 *
 * @see Peng & Dabek, OSDI 2010, §2.2; tikv/client-go txnkv/transaction/2pc.go
 */
import { assert } from '../base/assert.js';
import { compareBytes, equalBytes, toHex } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import type { Ts } from '../codec/tso.js';
import { CommitPrimary } from './two-phase-commit/commit-primary.js';
import { Heartbeat } from './two-phase-commit/heartbeat.js';
import { commitSecondaryKeys, rollBackKeys } from './two-phase-commit/key-phase.js';
import type { Mutation } from './two-phase-commit/mutation.js';
import type { CommitPrimaryOutcome, PrewriteOutcome, SettleOutcome } from './two-phase-commit/outcomes.js';
import { Prewrite } from './two-phase-commit/prewrite.js';
import { type SettlePolicy, checkStatus, settle } from './two-phase-commit/settle.js';
import type { TxnHeader, TxnParts, TxnRef } from './two-phase-commit/txn-parts.js';

/** A transaction to be. */
export interface TransactionSpec extends TxnRef {
  /** One key each, in any order; `primary` is among them. */
  readonly mutations: readonly Mutation[];
  /** 1…255, or 0 for none: marks the rows in change feeds. */
  readonly txnSource: number;
  /** Default: `limits.lockTtlMs`. */
  readonly lockTtlMs?: number;
}

type State = 'new' | 'prewriting' | 'prewritten' | 'committing' | 'undetermined' | 'committed' | 'rolledBack';

/** Begins and settles transactions. */
export class Transactions {
  readonly #parts: TxnParts;

  constructor(parts: TxnParts) {
    this.#parts = parts;
  }

  /** A transaction of which nothing has been written yet. */
  begin(spec: TransactionSpec): Transaction {
    return new Transaction(this.#parts, spec);
  }

  /** Asks what became of a transaction of ours; if nothing is there, nothing ever will be. */
  checkStatus(txn: TxnRef, policy: SettlePolicy, signal: AbortSignal): Promise<SettleOutcome> {
    return checkStatus(this.#parts, txn, policy, signal);
  }

  /** Asks until it is committed or rolled back, for at most `patienceMs`. */
  settle(
    txn: TxnRef,
    policy: SettlePolicy & { readonly patienceMs: number },
    signal: AbortSignal,
  ): Promise<SettleOutcome> {
    return settle(this.#parts, txn, policy, signal);
  }
}

/** A transaction under way. Its methods are called one at a time; dispose of it whatever happens. */
export class Transaction implements AsyncDisposable {
  readonly #parts: TxnParts;
  readonly #header: TxnHeader;
  readonly #mutations: readonly Mutation[];
  readonly #heartbeat: Heartbeat;
  #state: State = 'new';
  #prewrite: Prewrite | undefined;
  #commitTs: Ts | undefined;

  constructor(parts: TxnParts, spec: TransactionSpec) {
    const { startTs, primary, txnSource, lockTtlMs = limits.lockTtlMs } = spec;
    assert(txnSource >= 0 && txnSource < 256, `txn source ${txnSource} would hide the rows from feeds`);
    this.#parts = parts;
    this.#header = { startTs, primary, txnSource, lockTtlMs };
    this.#mutations = inKeyOrder(spec.mutations);
    assert(
      this.#mutations.some((mutation) => equalBytes(mutation.key, primary)),
      `primary ${toHex(primary)} is not among the mutations`,
    );
    this.#heartbeat = new Heartbeat(parts, this.#header);
  }

  get ref(): TxnRef {
    return this.#header;
  }

  /** Aborted when the primary's lock is found gone: commitPrimary can only answer `rolledBack` then. */
  get lockGone(): AbortSignal {
    return this.#heartbeat.gone;
  }

  /**
   * Locks all keys.
   *
   * @param patienceMs - how long to wait for living transactions in the way; those that are dead or decided are
   *   resolved in any case.
   * @throws the signal's reason. Then, as after any outcome but `ok`, {@link rollback} is due.
   */
  async prewrite(patienceMs: number, signal: AbortSignal): Promise<PrewriteOutcome> {
    this.#advance('new', 'prewriting');
    const phase = new Prewrite(this.#parts, this.#header, patienceMs, () => this.#heartbeat.start());
    this.#prewrite = phase;
    try {
      const outcome = await phase.run(this.#mutations, signal);
      if (outcome.kind === 'ok') this.#advance('prewriting', 'prewritten');
      return outcome;
    } finally {
      // What did not succeed must not be kept alive: should its owner forget to roll it back, it ends by itself.
      if (this.#state === 'prewriting') await this.#heartbeat.stop();
    }
  }

  /**
   * Decides the transaction.
   *
   * @throws the signal's reason, or KeyRefusedError: {@link isUndetermined} then says whether it must be settled.
   */
  async commitPrimary(signal: AbortSignal): Promise<CommitPrimaryOutcome> {
    this.#advance('prewritten', 'committing');
    const phase = new CommitPrimary(this.#parts, this.#header);
    try {
      const outcome = await phase.run(signal);
      this.#conclude(outcome);
      return outcome;
    } finally {
      if (this.#state === 'committing') this.#state = phase.wasSent ? 'undetermined' : 'prewritten';
      // While it is open again, its owner may want to roll it back, or to ask: nobody else should before him.
      if (this.#state !== 'prewritten') await this.#heartbeat.stop();
    }
  }

  /** Whether a commit was sent and its answer did not come: {@link settle} before anything else. */
  get isUndetermined(): boolean {
    return this.#state === 'undetermined';
  }

  /**
   * Finds out how an undetermined transaction ended, waiting for at most `patienceMs`.
   *
   * @returns `alive` when it outlived our patience; it can be asked again.
   */
  async settle(
    policy: SettlePolicy & { readonly patienceMs: number },
    signal: AbortSignal,
  ): Promise<SettleOutcome> {
    assert(this.#state === 'undetermined', `settle in state ${this.#state}`);
    const outcome = await settle(this.#parts, this.#header, policy, signal);
    if (outcome.kind !== 'alive') this.#conclude(outcome);
    return outcome;
  }

  /**
   * Commits all other keys, when the primary is committed. Off the critical path: what is left is harmless, but holds
   * resolved timestamps back until somebody meets it.
   *
   * @returns how many keys were not confirmed.
   */
  async commitSecondaries(signal: AbortSignal): Promise<number> {
    assert(
      this.#state === 'committed' && this.#commitTs !== undefined,
      `secondaries in state ${this.#state}`,
    );
    const keys = this.#keys().filter((key) => !equalBytes(key, this.#header.primary));
    if (keys.length === 0) return 0;
    return commitSecondaryKeys(this.#parts, this.#header, { keys, commitTs: this.#commitTs }, signal);
  }

  /**
   * Removes whatever prewrite has placed. Not for an undetermined transaction.
   *
   * @throws BudgetError; KeyRefusedError; the signal's reason. It may be repeated.
   */
  async rollback(signal: AbortSignal): Promise<void> {
    const isAllowed = this.#state === 'new' || this.#state === 'prewriting' || this.#state === 'prewritten';
    assert(isAllowed, `rollback in state ${this.#state}`);
    await this.#heartbeat.stop();
    const keys = this.#keys();
    if (keys.length > 0) await rollBackKeys(this.#parts, this.#header, keys, signal);
    this.#state = 'rolledBack';
  }

  /** Abandons it: nothing is sent, but nothing keeps it alive any more either. Harmless after any end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#heartbeat.stop();
  }

  #conclude(outcome: CommitPrimaryOutcome | SettleOutcome): void {
    this.#state =
      outcome.kind === 'committed' || outcome.kind === 'rolledBack' ? outcome.kind : 'undetermined';
    if (outcome.kind === 'committed') this.#commitTs = outcome.commitTs;
  }

  #keys(): readonly Uint8Array[] {
    return this.#prewrite?.attemptedKeys() ?? [];
  }

  #advance(from: State, to: State): void {
    assert(
      this.#state === from,
      `transaction ${String(this.#header.startTs)} is ${this.#state}, not ${from}`,
    );
    this.#state = to;
  }
}

/** Sorted; each key once. */
function inKeyOrder(mutations: readonly Mutation[]): readonly Mutation[] {
  assert(mutations.length > 0, 'a transaction of nothing');
  const sorted = [...mutations].sort((a, b) => compareBytes(a.key, b.key));
  let last: Mutation | undefined;
  for (const mutation of sorted) {
    assert(
      last === undefined || !equalBytes(last.key, mutation.key),
      `two mutations of ${toHex(mutation.key)}`,
    );
    const isEmpty = mutation.kind === 'put' && mutation.value.length === 0;
    assert(!isEmpty, `an empty value for ${toHex(mutation.key)}`);
    last = mutation;
  }
  return sorted;
}
