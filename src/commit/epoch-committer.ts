/**
 * Commits epochs. An epoch is one transaction: the frontier record from n to n + 1, the rows and index entries of every
 * view that changed, what changed in the registry, and the history of epochs. It is applied once or not at all, and
 * only while this owner reigns (laws 1 and 2).
 *
 * The delta stays logical until the outcome is known, so an attempt that met a schema change or a foreign lock is
 * simply encoded again, at another start ts.
 */
import { withAbort } from '../base/abort.js';
import { present, unreachable } from '../base/assert.js';
import { Backoff } from '../base/backoff.js';
import { equalBytes, toHex } from '../base/bytes.js';
import { SqlError, TiviewError } from '../base/errors.js';
import { SchemaError, TableChangingError } from '../catalog/schema-error.js';
import type { Ts } from '../codec/tso.js';
import type { Delta } from '../dataflow/delta.js';
import type { LockInfo } from '../tikv/proto-types.js';
import type { Snapshot } from '../tikv/snapshot.js';
import type { Mutation } from '../tikv/two-phase-commit/mutation.js';
import { type BackingState, type BackingTable, knownKeys } from './backing-table.js';
import type { EpochClock } from './epoch-clock.js';
import {
  type AttemptOutcome,
  type CommitParts,
  type FencedWrite,
  type Preparation,
  attemptFenced,
} from './fenced-transaction.js';
import { beforeNextAttempt, breakForeignLock } from './foreign-lock.js';
import { type Frontier, FrontierRecord } from './frontier.js';
import { mutationsOf } from './mutations.js';
import { DEFAULT_GROUP, type RegistryTableName } from './registry-schema.js';
import { type Opening, OpeningAhead } from './opening.js';
import type { RegistryTables } from './registry-tables.js';
import type { RowOperation } from './row-ids.js';
import type { SystemRecord } from './system-table.js';

/** What an epoch changes in one view. */
export interface ViewWrite {
  readonly viewId: bigint;
  readonly table: BackingTable;
  /** Consolidated. */
  readonly delta: Delta;
  /** For a table without a key: what happens to which row id. */
  readonly operations?: readonly RowOperation[];
}

/** A row of the registry, put or deleted. */
export interface RegistryChange {
  readonly table: RegistryTableName;
  readonly kind: 'put' | 'delete';
  readonly record: SystemRecord;
}

/** What to commit. */
export interface Epoch {
  /** The frontier as this owner believes it to be. */
  readonly expect: Frontier;
  /** E of the epoch: ≥ that of `expect`. */
  readonly upper: Ts;
  readonly views: readonly ViewWrite[];
  readonly registry: readonly RegistryChange[];
  /** Told where the time goes. */
  readonly clock?: EpochClock;
}

/** How committing ended. */
export type CommitOutcome =
  | {
      readonly kind: 'committed';
      readonly frontier: Frontier;
      readonly commitTs: Ts;
      /** Settles when every key is committed. Never rejects. */
      readonly finished: Promise<void>;
    }
  /** Somebody else reigns: everything this owner holds in memory is worth nothing any more. */
  | { readonly kind: 'deposed'; readonly frontier: Frontier | undefined }
  /** Views whose own tables cannot be written any more. Nothing was committed: leave them out and try again. */
  | {
      readonly kind: 'broken';
      readonly views: readonly { readonly viewId: bigint; readonly reason: string }[];
    }
  /** A view's data cannot be in its table (1062: two rows of one key). Nothing was committed. */
  | { readonly kind: 'rejected'; readonly viewId: bigint | undefined; readonly error: TiviewError };

type Refusal = Extract<CommitOutcome, { kind: 'deposed' | 'broken' | 'rejected' }>;

const RETRY = { name: 'epochConflict', baseMs: 2, capMs: 200 };
/** Epochs for which a table that was written is expected to be written again. */
const LATELY_EPOCHS = 8n;
/** An epoch that cannot be committed for so long is given up, and with it the reign. */
const EPOCH_BUDGET_MS = 60_000;

/** Commits for one owner in one reign, one epoch at a time. */
export class EpochCommitter {
  readonly #parts: CommitParts;
  readonly #tables: RegistryTables;
  readonly #record: FrontierRecord;
  /** The last epoch committed here, whose place in history the next one writes down. */
  #previous: { readonly frontier: Frontier; readonly commitTs: Ts } | undefined;
  /** Old epochs to be forgotten by the next one. */
  #forgotten: readonly bigint[] = [];
  #finishing: Promise<void> = Promise.resolve();
  readonly #ahead: OpeningAhead;
  /** Tables written lately, and in which epoch last. */
  readonly #lately = new Map<BackingTable, bigint>();

  constructor(parts: CommitParts, tables: RegistryTables) {
    this.#parts = parts;
    this.#ahead = new OpeningAhead(parts);
    this.#tables = tables;
    this.#record = new FrontierRecord(tables.frontier);
  }

  /** Reads the frontier at a fresh timestamp. @returns undefined — the registry was never set up. */
  async read(signal: AbortSignal): Promise<Frontier | undefined> {
    const ts = await this.#parts.cluster.tso.next(signal);
    const value = await this.#parts.cluster.snapshots.at(ts).get(this.#record.key, signal);
    return value === undefined ? undefined : this.#record.decode(value);
  }

  /** Epochs whose history is to be deleted along with the next commit. */
  forget(epochs: readonly bigint[]): void {
    this.#forgotten = epochs;
  }

  /**
   * Commits an epoch.
   *
   * @throws BudgetError — it could not be committed in a minute; the signal's reason. The outcome may then be either:
   *   the reign is over, and its successor reads the frontier.
   */
  async commit(epoch: Epoch, signal: AbortSignal): Promise<CommitOutcome> {
    // Keys of the epoch before may still carry its locks; they are as good as ours.
    await withAbort(this.#finishing, signal);
    epoch.clock?.ended('previous');
    const { runtime, telemetry } = this.#parts;
    const backoff = new Backoff(runtime, `commit epoch ${epoch.expect.epoch + 1n}`, 'tikv', EPOCH_BUDGET_MS);
    let ahead = await this.#ahead.take(signal);
    for (;;) {
      const outcome = await this.#attempt(epoch, signal, ahead);
      ahead = undefined;
      telemetry.metrics.count('tiview_commit_outcomes_total', 1, { outcome: outcome.kind });
      switch (outcome.kind) {
        case 'committed':
          return this.#committed(epoch, outcome, signal);
        case 'refused':
          return outcome.refusal;
        case 'violated':
          return violation(epoch, outcome.key, outcome.isThere);
        case 'rejected':
          if (!outcome.error.isRetryable)
            return { kind: 'rejected', viewId: undefined, error: outcome.error };
          await backoff.pause(RETRY, outcome.error, signal);
          break;
        case 'locked':
        case 'conflict':
        case 'rolledBack':
          await beforeNextAttempt(
            this.#parts,
            outcome,
            (cause) => backoff.pause(RETRY, cause, signal),
            signal,
          );
          break;
        default:
          unreachable(outcome);
      }
    }
  }

  /**
   * Takes over: raises the term, whoever reigned, in the frontier record and in the row of every build, so that
   * neither an epoch nor a batch of his can commit any more. What he has under way is rolled back or has come to pass.
   *
   * @throws TiviewError kind `registryMissing` — there is no frontier record; BudgetError; the signal's reason.
   */
  async takeOver(owner: string, signal: AbortSignal): Promise<Frontier> {
    const backoff = new Backoff(this.#parts.runtime, 'take over', 'tikv', EPOCH_BUDGET_MS);
    for (;;) {
      let before: Frontier | undefined;
      const write = this.#takeOverWrite(owner, (found) => (before = found));
      const outcome = await attemptFenced(this.#parts, write, signal);
      if (outcome.kind === 'refused') throw outcome.refusal;
      if (outcome.kind === 'committed' && before !== undefined) {
        await outcome.finished;
        this.#previous = undefined;
        return { ...before, term: before.term + 1n, owner, startTs: outcome.startTs };
      }
      if (outcome.kind === 'rejected' && !outcome.error.isRetryable) throw outcome.error;
      if (outcome.kind === 'locked') await this.#rollBackReigning(outcome.lock, signal);
      await backoff.pause(RETRY, new Error(outcome.kind), signal);
    }
  }

  #takeOverWrite(owner: string, found: (before: Frontier) => void): FencedWrite<TiviewError> {
    return {
      reads: { fenceKey: this.#record.key, metaKeys: [] },
      prepare: async (fence, snapshot, inner) => {
        if (fence === undefined) return { kind: 'refuse', refusal: noFrontier() };
        const before = this.#record.decode(fence);
        found(before);
        const after = { ...before, term: before.term + 1n, owner, startTs: snapshot.ts };
        const put: Mutation = { kind: 'put', key: this.#record.key, value: this.#record.encode(after) };
        const history = await this.#lastEpoch(before, snapshot, inner);
        const builds = await this.#fenceBuilds(after.term, snapshot, inner);
        return { kind: 'write', mutations: [put, ...history, ...builds] };
      },
    };
  }

  /**
   * The last epoch of the reign before has no row in the history yet, and this is the last moment at which its commit
   * ts can be asked for: the record forgets by which transaction it was written.
   */
  async #lastEpoch(before: Frontier, snapshot: Snapshot, signal: AbortSignal): Promise<Mutation[]> {
    const { epochs } = this.#tables;
    if (before.epoch === 0n) return [];
    const written = await snapshot.get(
      epochs.keyOf({ group_id: DEFAULT_GROUP, epoch: before.epoch }),
      signal,
    );
    // A reign that ended before its first epoch has done this already, and the record is its, not the epoch's.
    if (written !== undefined) return [];
    const ref = { primary: this.#record.key, startTs: before.startTs };
    const status = await this.#parts.cluster.transactions.checkStatus(ref, { force: false }, signal);
    return status.kind === 'committed' ? [this.#historyRow(before, status.commitTs)] : [];
  }

  /** Every build becomes the new reign's: the writers of the old one find another term in their fence. */
  async #fenceBuilds(term: bigint, snapshot: Snapshot, signal: AbortSignal): Promise<Mutation[]> {
    const { builds } = this.#tables;
    const mutations: Mutation[] = [];
    for await (const page of snapshot.scan(builds.range.start, builds.range.end, {}, signal)) {
      for (const { key, value } of page) {
        mutations.push({ kind: 'put', ...builds.encode({ ...builds.decode(key, value), term }) });
      }
    }
    return mutations;
  }

  /** The one who reigned, or another who takes over, is in the middle of a transaction: it ends here. */
  async #rollBackReigning(lock: LockInfo, signal: AbortSignal): Promise<void> {
    // An epoch's primary is the frontier record, that of a batch the build's row; whatever else is a stranger's.
    const isOurs = [this.#record.key, lock.key].some((key) => equalBytes(lock.primaryLock, key));
    if (!isOurs) {
      await breakForeignLock(this.#parts, lock, signal);
      return;
    }
    const ref = { primary: lock.primaryLock, startTs: lock.lockVersion as Ts };
    await this.#parts.cluster.transactions.checkStatus(ref, { force: true }, signal);
  }

  #attempt(epoch: Epoch, signal: AbortSignal, ahead: Opening | undefined): Promise<AttemptOutcome<Refusal>> {
    return attemptFenced(
      this.#parts,
      {
        reads: { fenceKey: this.#record.key, metaKeys: knownKeys(epoch.views.map(({ table }) => table)) },
        prepare: (fence, snapshot, inner) => this.#prepare(epoch, fence, snapshot, inner),
        ...(epoch.clock !== undefined && { clock: epoch.clock }),
      },
      signal,
      ahead,
    );
  }

  async #prepare(
    epoch: Epoch,
    fence: Uint8Array | undefined,
    snapshot: Snapshot,
    signal: AbortSignal,
  ): Promise<Preparation<Refusal>> {
    const { expect } = epoch;
    const found = fence === undefined ? undefined : this.#record.decode(fence);
    if (found?.term !== expect.term || found.epoch !== expect.epoch || found.owner !== expect.owner) {
      return { kind: 'refuse', refusal: { kind: 'deposed', frontier: found } };
    }
    const next = this.#next(epoch, snapshot.ts);
    const mutations: Mutation[] = [
      { kind: 'put', key: this.#record.key, value: this.#record.encode(next) },
      ...this.#history(),
      ...epoch.registry.map((change) => this.#registryMutation(change)),
    ];
    const broken: { viewId: bigint; reason: string }[] = [];
    const states = await Promise.all(epoch.views.map((view) => stateOf(view, snapshot, signal)));
    for (const [index, view] of epoch.views.entries()) {
      const state = present(states[index], 'a state for each view');
      if (state.kind === 'rejected') return { kind: 'refuse', refusal: state };
      if (state.kind === 'broken') {
        broken.push({ viewId: view.viewId, reason: state.reason });
        continue;
      }
      mutations.push({ kind: 'lock', key: state.metaKey });
      try {
        const batch =
          view.operations === undefined
            ? state.writer.encodeKeyed(view.delta)
            : state.writer.encodeWithIds(view.delta.columns, view.operations);
        mutations.push(...mutationsOf(batch));
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        return { kind: 'refuse', refusal: { kind: 'rejected', viewId: view.viewId, error } };
      }
    }
    if (broken.length > 0) return { kind: 'refuse', refusal: { kind: 'broken', views: broken } };
    return { kind: 'write', mutations };
  }

  #next({ expect, upper }: Epoch, startTs: Ts): Frontier {
    return { ...expect, epoch: expect.epoch + 1n, appliedTs: upper, startTs };
  }

  /** The commit ts of an epoch is known only after it: the next one writes it down. */
  #history(): Mutation[] {
    const { epochs } = this.#tables;
    const mutations: Mutation[] = this.#forgotten.map((epoch) => ({
      kind: 'delete',
      key: epochs.keyOf({ group_id: DEFAULT_GROUP, epoch }),
    }));
    if (this.#previous !== undefined) {
      mutations.push(this.#historyRow(this.#previous.frontier, this.#previous.commitTs));
    }
    return mutations;
  }

  #historyRow({ epoch, appliedTs }: Frontier, commitTs: Ts): Mutation {
    const row = { group_id: DEFAULT_GROUP, epoch, applied_ts: appliedTs, commit_ts: commitTs };
    return { kind: 'put', ...this.#tables.epochs.encode(row) };
  }

  #registryMutation({ table, kind, record }: RegistryChange): Mutation {
    const system = this.#tables[table];
    if (kind === 'delete') return { kind: 'delete', key: system.keyOf(record) };
    return { kind: 'put', ...system.encode(record) };
  }

  #committed(
    epoch: Epoch,
    outcome: { readonly startTs: Ts; readonly commitTs: Ts; readonly finished: Promise<void> },
    signal: AbortSignal,
  ): CommitOutcome {
    const frontier = this.#next(epoch, outcome.startTs);
    this.#previous = { frontier, commitTs: outcome.commitTs };
    this.#forgotten = [];
    this.#finishing = outcome.finished;
    this.#openNext(epoch, signal);
    return { kind: 'committed', frontier, commitTs: outcome.commitTs, finished: outcome.finished };
  }

  /** Epochs wait for the feed most of the time: time enough to open the next one's transaction. */
  #openNext({ expect, views }: Epoch, signal: AbortSignal): void {
    for (const { table } of views) this.#lately.set(table, expect.epoch);
    for (const [table, epoch] of this.#lately) {
      if (expect.epoch - epoch >= LATELY_EPOCHS) this.#lately.delete(table);
    }
    const metaKeys = knownKeys(this.#lately.keys());
    this.#ahead.make({ fenceKey: this.#record.key, metaKeys }, signal);
  }
}

/** The view's table; what TiDB does to it that we cannot follow is the view's own misfortune, not that of the others. */
async function stateOf(
  { viewId, table }: ViewWrite,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<BackingState | Extract<Refusal, { kind: 'rejected' }>> {
  try {
    return await table.at(snapshot, signal);
  } catch (error) {
    const isOfTable =
      error instanceof SqlError || error instanceof SchemaError || error instanceof TableChangingError;
    if (!isOfTable) throw error;
    return { kind: 'rejected', viewId, error };
  }
}

/** Somebody else's row is where ours should go, or ours is not where we left it. */
function violation(epoch: Epoch, key: Uint8Array, isThere: boolean): CommitOutcome {
  const view = epoch.views.find(({ table }) => table.holds(key));
  const message = isThere
    ? `Duplicate entry for a key of the view (row ${toHex(key)})`
    : `A row of the view has gone (row ${toHex(key)}): somebody else wrote to its table`;
  const error = new SqlError(isThere ? 1062 : 1356, isThere ? '23000' : 'HY000', message);
  return { kind: 'rejected', viewId: view?.viewId, error };
}

function noFrontier(): TiviewError {
  return new TiviewError('the frontier record is missing: the registry was never set up, or was damaged', {
    kind: 'registryMissing',
    side: 'tidb',
    isRetryable: false,
  });
}
