/**
 * The owner's work on views beside maintaining them: builds, removals, counts of rows. What the registry says is to be
 * done is resumed at the start of a reign; what is asked for is begun at once. Jobs go on whoever waits for them.
 */
import { assert } from '../base/assert.js';
import { withAbort } from '../base/abort.js';
import { Backoff } from '../base/backoff.js';
import { Semaphore } from '../base/concurrency.js';
import { SqlError, TiviewError, asError } from '../base/errors.js';
import { loggedCause, sensitive } from '../base/sensitive.js';
import { StoppedError, type Task } from '../base/runtime.js';
import { BuildError, BuildJob } from './build-job.js';
import type { BuildProgress } from './build-progress.js';
import { DeposedError } from './deposed-error.js';
import { BuildSupersededError } from '../commit/build-writer.js';
import { publish } from './publication.js';
import type { ReignParts } from './reign-parts.js';
import { Retries } from './retries.js';
import { countRows } from './row-count.js';
import { removeView } from './removal.js';
import type { ViewRecord } from './view-record.js';

/** Builds that run at once; others wait. */
const BUILDS_AT_ONCE = 2;
const RETRY = { name: 'buildRetry', baseMs: 500, capMs: 10_000 };
/** Between two looks for views whose rows nobody has counted. */
const LOOK_MS = 100;
/** How long an attempt that failed for reasons outside the view is repeated. */
const BUILD_BUDGET_MS = 30 * 60_000;

interface Job {
  readonly isRemoval: boolean;
  readonly task: Task;
  readonly done: Promise<void>;
}

/** Runs one reign's jobs. */
export class ViewJobs {
  readonly #parts: ReignParts;
  readonly #builds = new Semaphore(BUILDS_AT_ONCE);
  readonly #jobs = new Map<bigint, Job>();
  /** Views on their way into the registry. */
  readonly #registering = new Map<bigint, Promise<void>>();
  readonly #ended = new AbortController();
  readonly #counted = new Set<bigint>();
  readonly #recounts: Retries;
  readonly #progress = new Map<bigint, BuildProgress>();

  constructor(parts: ReignParts) {
    this.#parts = parts;
    this.#recounts = new Retries(parts.runtime, RETRY);
  }

  /** Resumes what the reign before has left, and goes on until aborted. @throws the signal's reason. */
  async run(signal: AbortSignal): Promise<never> {
    const { registry, runtime } = this.#parts;
    signal.addEventListener('abort', () => this.#stopAll(), { once: true });
    for (const view of registry.views) {
      if (view.state === 'BUILDING') this.#startBuild(view);
      if (view.state === 'DROPPING') this.#startRemoval(view);
    }
    for (;;) {
      await this.#countRows(signal);
      await runtime.sleep(LOOK_MS, signal);
    }
  }

  /** Counts the rows of one view that nobody has counted yet. */
  async #countRows(signal: AbortSignal): Promise<void> {
    for (const live of this.#parts.group.views.values()) {
      const record = this.#parts.registry.view(live.id);
      if (live.rows !== undefined || record?.state !== 'READY' || this.#counted.has(live.id)) continue;
      if (!this.#recounts.isDue(live.id)) continue;
      if (await countRows(this.#parts, record, live, signal)) this.#counted.add(live.id);
      else this.#recounts.failed(live.id);
      return;
    }
  }

  /** How far a build has come; undefined: none is under way. */
  progressOf(viewId: bigint): BuildProgress | undefined {
    return this.#progress.get(viewId);
  }

  /**
   * Registers a view and builds it.
   *
   * @returns when it is published.
   * @throws SqlError | TiviewError — why it cannot be; nothing of it is left then. DeposedError and the like: its
   *   successor builds it.
   */
  async create(view: ViewRecord, signal: AbortSignal): Promise<void> {
    // Asked a second time, after the owner who was asked first died: the build goes on already, or is done.
    const { registry } = this.#parts;
    if (registry.view(view.id) === undefined) {
      let registering = this.#registering.get(view.id);
      if (registering === undefined) {
        registering = this.#register(view).finally(() => this.#registering.delete(view.id));
        this.#registering.set(view.id, registering);
      }
      await registering;
    }
    const job = this.#jobs.get(view.id);
    if (job !== undefined) await withAbort(job.done, signal);
    // A build that has ended without having published the view, or removed it, is the successor's.
    const state = registry.view(view.id)?.state;
    if (state === 'BUILDING' || state === undefined) throw new DeposedError(undefined);
  }

  /** Puts a view into the registry and begins its build: both, whoever may have gone meanwhile. */
  async #register(view: ViewRecord): Promise<void> {
    const taken = this.#parts.registry.named(view.schema, view.name);
    if (taken !== undefined && taken.id !== view.replaces) {
      throw new SqlError(1050, '42S01', `Table '${view.schema}.${view.name}' already exists`);
    }
    await this.#parts.group.edit([{ kind: 'putView', view }], this.#ended.signal);
    this.#startBuild(view);
  }

  /** Removes a view if it is there; a build of it ends first. @throws as {@link removeView}. */
  async remove(viewId: bigint): Promise<void> {
    await this.#registering.get(viewId)?.catch(() => undefined);
    const view = this.#parts.registry.view(viewId);
    if (view === undefined) return;
    const running = this.#jobs.get(viewId);
    if (running?.isRemoval === true) {
      await running.done;
      return;
    }
    await running?.task.stop(new SqlError(1105, 'HY000', 'the view was dropped while it was being built'));
    await this.#startRemoval(this.#parts.registry.view(view.id) ?? view).done;
  }

  #stopAll(): void {
    this.#ended.abort(new StoppedError('the reign has ended'));
    for (const { task } of this.#jobs.values()) void task.stop();
  }

  #startBuild(view: ViewRecord): Job {
    return this.#start(view, false, (signal) => this.#build(view, signal));
  }

  #startRemoval(view: ViewRecord): Job {
    return this.#start(view, true, (signal) => this.#remove(view, signal));
  }

  #start(view: ViewRecord, isRemoval: boolean, work: (signal: AbortSignal) => Promise<void>): Job {
    const name = `${isRemoval ? 'removal' : 'build'} of view ${view.id}`;
    assert(!this.#jobs.has(view.id), `view ${view.id} has a job already`);
    let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
    const done = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    // Who waits for a job is told by `done`; nobody waits for one that was resumed.
    done.catch(() => undefined);
    const task = this.#parts.runtime.spawn(name, async (signal) => {
      try {
        await work(signal);
        this.#jobs.delete(view.id);
        settle?.resolve();
      } catch (error) {
        this.#jobs.delete(view.id);
        this.#parts.telemetry.log.warn('a job on a view has ended', { job: name, cause: loggedCause(error) });
        settle?.reject(error as Error);
      }
    });
    const job: Job = { isRemoval, task, done };
    this.#jobs.set(view.id, job);
    return job;
  }

  async #build(view: ViewRecord, signal: AbortSignal): Promise<void> {
    const { registry, runtime } = this.#parts;
    const backoff = new Backoff(runtime, `build of ${view.schema}.${view.name}`, 'tikv', BUILD_BUDGET_MS);
    for (;;) {
      try {
        if (registry.build(view.id)?.phase !== 'merged') await this.#attempt(view, signal);
        const current = registry.view(view.id);
        if (current?.state !== 'BUILDING')
          throw new BuildError(`the view is ${current?.state ?? 'gone'}: it is not published`);
        await publish(this.#parts, current, signal);
        await this.#removeReplaced(view, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BuildSupersededError) {
          // Another owner builds it now, so this one is deposed: its next epoch will tell it.
          void this.#parts.group.edit([], signal).catch(() => undefined);
          throw error;
        }
        if (error instanceof TiviewError && error.isRetryable) {
          this.#parts.telemetry.log.warn('a build is tried again', {
            viewId: view.id,
            cause: loggedCause(error),
          });
          await backoff.pause(RETRY, error, signal);
          continue;
        }
        await this.#remove(registry.view(view.id) ?? view, signal);
        throw this.#ownFault(error, view);
      } finally {
        this.#progress.delete(view.id);
      }
    }
  }

  /**
   * A bug that a build comes upon is the build's end and not the program's: it has touched nothing but its own circuit
   * and its own hidden table, and a process that dies of it would die of it again at its next start.
   */
  #ownFault(error: unknown, view: ViewRecord): Error {
    if (error instanceof TiviewError) return error;
    const { stack, message } = asError(error);
    this.#parts.telemetry.log.error('a build has come upon a bug of TiView', {
      viewId: view.id,
      stack: stack?.replace(message, sensitive(message)),
    });
    return new BuildError(`a bug in TiView, please report it: ${message}`);
  }

  #attempt(view: ViewRecord, signal: AbortSignal): Promise<void> {
    return this.#builds.run(async () => {
      const job = new BuildJob(this.#parts, view);
      this.#progress.set(view.id, job.progress);
      await job.run(signal);
    }, signal);
  }

  async #removeReplaced(view: ViewRecord, signal: AbortSignal): Promise<void> {
    const replaced = view.replaces === undefined ? undefined : this.#parts.registry.view(view.replaces);
    if (replaced !== undefined) await this.#remove(replaced, signal);
  }

  /** Removes a view, again and again if TiDB or TiKV cannot be reached. @throws as {@link removeView}. */
  async #remove(view: ViewRecord, signal: AbortSignal): Promise<void> {
    const what = `removal of ${view.schema}.${view.name}`;
    const backoff = new Backoff(this.#parts.runtime, what, 'tidb', BUILD_BUDGET_MS);
    for (;;) {
      try {
        await removeView(this.#parts, view, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TiviewError) || !error.isRetryable) throw error;
        await backoff.pause(RETRY, error, signal);
      }
    }
  }
}
