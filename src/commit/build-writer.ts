/**
 * Batches of a build. Each is one transaction whose primary is the build's row, which must say the same attempt and
 * term as this writer: whoever resumes the build changes it first, and late batches of the dead cannot commit.
 */
import { assert, unreachable } from '../base/assert.js';
import { Backoff } from '../base/backoff.js';
import { SqlError, TiviewError } from '../base/errors.js';
import type { Delta } from '../dataflow/delta.js';
import type { Snapshot } from '../tikv/snapshot.js';
import type { Mutation } from '../tikv/two-phase-commit/mutation.js';
import { type BackingTable, knownKeys } from './backing-table.js';
import { type BuildRecord, buildOfRecord, buildToRecord } from './build-record.js';
import { type CommitParts, type Preparation, attemptFenced } from './fenced-transaction.js';
import { beforeNextAttempt } from './foreign-lock.js';
import { mutationsOf } from './mutations.js';
import type { RowOperation } from './row-ids.js';
import type { SystemTable } from './system-table.js';

/** Somebody else runs this build now, or it was dropped. */
export class BuildSupersededError extends TiviewError {
  override readonly name = 'BuildSupersededError';

  constructor(build: BuildRecord) {
    super(`attempt ${build.attempt} at building view ${build.viewId} was superseded`, {
      kind: 'buildSuperseded',
      side: 'proxy',
      isRetryable: false,
    });
  }
}

/** Rows of one batch. */
export interface BuildBatch {
  readonly delta: Delta;
  /** For a table without a key. */
  readonly operations?: readonly RowOperation[];
}

const RETRY = { name: 'buildConflict', baseMs: 5, capMs: 500 };
const BATCH_BUDGET_MS = 120_000;

/** Writes the batches of one attempt, one at a time. */
export class BuildWriter {
  readonly #parts: CommitParts;
  readonly #builds: SystemTable;
  readonly #table: BackingTable;
  #build: BuildRecord;
  #finishing: Promise<void> = Promise.resolve();

  constructor(parts: CommitParts, builds: SystemTable, table: BackingTable, build: BuildRecord) {
    this.#parts = parts;
    this.#builds = builds;
    this.#table = table;
    this.#build = build;
  }

  /** The build's row as last committed. */
  get build(): BuildRecord {
    return this.#build;
  }

  /**
   * Commits a batch, and the build's progress with it.
   *
   * @throws BuildSupersededError; SqlError 1062 — two rows of one key; TiviewError — the table is gone, or TiKV cannot
   *   be reached for two minutes; the signal's reason: the batch may then still commit.
   */
  async write(
    batch: BuildBatch | undefined,
    progress: Partial<BuildRecord>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#finishing;
    const next = { ...this.#build, ...progress };
    const fenceKey = this.#builds.keyOf({ id: this.#build.viewId });
    const backoff = new Backoff(this.#parts.runtime, `build of view ${next.viewId}`, 'tikv', BATCH_BUDGET_MS);
    for (;;) {
      const outcome = await attemptFenced<TiviewError>(
        this.#parts,
        {
          reads: { fenceKey, metaKeys: knownKeys([this.#table]) },
          prepare: (fence, snapshot, inner) =>
            this.#prepare(fenceKey, fence, { batch, next, snapshot }, inner),
        },
        signal,
      );
      switch (outcome.kind) {
        case 'committed':
          this.#build = next;
          this.#finishing = outcome.finished;
          return;
        case 'refused':
          throw outcome.refusal;
        case 'violated':
          throw new SqlError(1062, '23000', 'Duplicate entry for a key of the view');
        case 'rejected':
          if (!outcome.error.isRetryable) throw outcome.error;
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

  /** Waits until every key of the last batch is committed. */
  async finished(): Promise<void> {
    await this.#finishing;
  }

  async #prepare(
    key: Uint8Array,
    fence: Uint8Array | undefined,
    write: { batch: BuildBatch | undefined; next: BuildRecord; snapshot: Snapshot },
    signal: AbortSignal,
  ): Promise<Preparation<TiviewError>> {
    const { batch, next, snapshot } = write;
    const found = fence === undefined ? undefined : buildOfRecord(this.#builds.decode(key, fence));
    if (found?.attempt !== this.#build.attempt || found.term !== this.#build.term) {
      return { kind: 'refuse', refusal: new BuildSupersededError(this.#build) };
    }
    const { value } = this.#builds.encode(buildToRecord(next));
    const mutations: Mutation[] = [{ kind: 'put', key, value }];
    if (batch === undefined) return { kind: 'write', mutations };
    const state = await this.#table.at(snapshot, signal);
    if (state.kind === 'broken') return { kind: 'refuse', refusal: tableGone(state.reason) };
    mutations.push({ kind: 'lock', key: state.metaKey });
    try {
      mutations.push(...this.#rows(state.writer, batch));
    } catch (error) {
      if (error instanceof SqlError) return { kind: 'refuse', refusal: error };
      throw error;
    }
    return { kind: 'write', mutations };
  }

  #rows(
    writer: Extract<Awaited<ReturnType<BackingTable['at']>>, { kind: 'ready' }>['writer'],
    batch: BuildBatch,
  ) {
    const { delta, operations } = batch;
    assert(
      writer.hasRowIds === (operations !== undefined),
      'row ids are given exactly where they are needed',
    );
    return mutationsOf(
      operations === undefined ? writer.encodeKeyed(delta) : writer.encodeWithIds(delta.columns, operations),
    );
  }
}

function tableGone(reason: string): TiviewError {
  return new TiviewError(`the view cannot be built: ${reason}`, {
    kind: 'buildTableGone',
    side: 'tidb',
    isRetryable: false,
  });
}
