/**
 * One reign of one owner: from the takeover of the frontier record to the moment when somebody else takes it, or this
 * process stops. State is loaded only after the takeover is committed; nothing of it survives the reign.
 */
import { Alarm } from '../base/alarm.js';
import { asError } from '../base/errors.js';
import { loggedCause } from '../base/sensitive.js';
import { LinkedAbort } from '../base/linked-abort.js';
import { StoppedError, type Task } from '../base/runtime.js';
import { type Ts, maxTs } from '../codec/tso.js';
import { EpochCommitter } from '../commit/epoch-committer.js';
import type { Frontier } from '../commit/frontier.js';
import { EpochSource } from '../source/epoch-source.js';
import { FeedRouter } from '../source/feed-router.js';
import { ChangeFeed } from '../tikv/feed/change-feed.js';
import { LagResolver } from '../tikv/feed/lag-resolver.js';
import { HistoryGoneError } from '../tikv/pd/gc-barrier.js';
import { EpochHistory } from './epoch-history.js';
import { ForeignWrites } from './foreign-writes.js';
import { GcKeeper } from './gc-keeper.js';
import { Group } from './group.js';
import { InvalidViews } from './hide-invalid.js';
import { editOf } from './casualty.js';
import { fillCircuit } from './filled-circuit.js';
import type { InstanceParts } from './instance-parts.js';
import { Janitor } from './janitor.js';
import { isMaintained, takeUpViews } from './maintained.js';
import { PendingEdits } from './pending-edits.js';
import type { ReignParts } from './reign-parts.js';
import { Registry, type RegistryEdit } from './registry.js';
import { RequestDesk } from './request-desk.js';
import type { OwnerRequest } from './requests.js';
import { ViewJobs } from './view-jobs.js';
import { viewWork } from './view-work.js';

/** Who holds history for the maintained views. */
const GROUP = 'group';

/** A reign under way. */
export class Reign {
  readonly parts: ReignParts;
  readonly jobs: ViewJobs;
  readonly #instance: InstanceParts;
  readonly #feed: ChangeFeed;
  readonly #lagResolver: LagResolver;
  readonly #gc: GcKeeper;
  readonly #ended = new AbortController();

  private constructor(
    instance: InstanceParts,
    reign: { readonly parts: ReignParts; readonly feed: ChangeFeed; readonly gc: GcKeeper },
  ) {
    this.#instance = instance;
    this.parts = reign.parts;
    this.jobs = new ViewJobs(reign.parts);
    this.#feed = reign.feed;
    this.#gc = reign.gc;
    this.#lagResolver = new LagResolver({
      runtime: instance.runtime,
      feed: reign.feed,
      resolver: instance.cluster.locks.spans,
      latestTs: (signal) => instance.cluster.tso.next(signal),
      telemetry: instance.telemetry,
    });
  }

  /** Takes over and takes up. @throws what keeps it from reigning now: it may be tried again. */
  static async begin(
    instance: InstanceParts,
    onCommitted: (frontier: Frontier) => void,
    signal: AbortSignal,
  ): Promise<Reign> {
    const { cluster, runtime, telemetry, tables } = instance;
    const committer = new EpochCommitter(instance, tables);
    const taken = await committer.takeOver(instance.member.id, signal);
    const now = await cluster.tso.next(signal);
    const snapshot = cluster.snapshots.at(now);
    const registry = await Registry.load(tables, snapshot, signal);
    const history = new EpochHistory(instance.historyKeptMs);
    await history.load(tables.epochs, snapshot, signal);

    // Without a view to go on with there is no history to go on from.
    const hasViews = registry.views.some((view) => isMaintained(view, registry));
    const from = hasViews ? taken.appliedTs : maxTs(taken.appliedTs, now);
    const gc = new GcKeeper(cluster.gcBarrier(`${instance.schema}/maintenance`), runtime, telemetry);
    const { start, lost } = await holdHistory(gc, from, now, signal);
    const takenUp =
      lost === undefined ? await takeUpViews({ ...instance, registry }, start, now, signal) : undefined;
    const filled = await fillCircuit(takenUp?.views ?? [], start, instance, signal);
    const edits = [
      ...(takenUp?.edits ?? frozenAll(registry, taken.appliedTs, lost ?? '')),
      ...filled.failed.flatMap((one) => editOf(one, registry, start)),
    ];

    const feed = new ChangeFeed({
      runtime,
      transport: instance.feedTransport,
      regions: cluster.regions,
      clusterId: cluster.clusterId,
      telemetry,
    });
    const alarm = new Alarm();
    const router = new FeedRouter(feed, telemetry.metrics);
    const source = new EpochSource(router, 'group', start, alarm);
    gc.move(GROUP, () => source.lower);
    const group = new Group({
      committer,
      source,
      circuit: filled.circuit,
      registry,
      history,
      edits: new PendingEdits(),
      foreign: new ForeignWrites(router, alarm, telemetry),
      alarm,
      frontier: taken,
      views: filled.views,
      runtime,
      telemetry,
      epochIntervalMs: instance.epochIntervalMs,
      onCommitted,
    });
    const parts: ReignParts = { ...instance, registry, router, gc, group, term: taken.term };
    if (edits.length > 0) void group.edit(edits, signal).catch(() => undefined);
    return new Reign(instance, { parts, feed, gc });
  }

  /** Whether it is over, or about to be: whatever was asked of it is for the next owner. */
  get hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /**
   * Does what only the owner can; answers, if it is a question.
   *
   * @throws why it cannot be done; the signal's reason: what was begun goes on; a StoppedError or what `isForSuccessor`
   *   knows when the reign ends under it.
   */
  async carryOut(request: OwnerRequest, signal: AbortSignal): Promise<string | undefined> {
    const life = new LinkedAbort(signal, this.#ended.signal);
    try {
      switch (request.kind) {
        case 'create':
          await this.jobs.create(request.view, life.signal);
          return undefined;
        case 'drop':
          await this.jobs.remove(request.viewId);
          return undefined;
        case 'waitFor':
          await this.parts.group.waitFor(request.ts, life.signal);
          return undefined;
        case 'work':
          return JSON.stringify(viewWork(this.parts.group, request.viewId));
      }
    } finally {
      life.unlink();
    }
  }

  /** Reigns until deposed or aborted. @throws DeposedError; the signal's reason; what cannot be lived with. */
  async run(signal: AbortSignal): Promise<never> {
    const { runtime } = this.#instance;
    const life = new LinkedAbort(signal);
    const tasks: Task[] = [];
    const failed = new Promise<never>((_, reject) => {
      const start = (name: string, work: (own: AbortSignal) => Promise<unknown>): void => {
        const task = runtime.spawn(name, async (own) => {
          const both = new LinkedAbort(life.signal, own);
          await work(both.signal)
            .catch((error: unknown) => {
              if (!own.aborted) reject(asError(error));
            })
            .finally(() => both.unlink());
        });
        tasks.push(task);
      };
      start('feed router', (own) => this.parts.router.run(own));
      tasks.push(this.#lagResolver.start());
      start('gc barrier', (own) => this.#gc.run(own));
      start('maintenance', (own) => this.parts.group.run(own));
      start('view jobs', (own) => this.jobs.run(own));
      start('invalid views', (own) => new InvalidViews(this.parts).run(own));
      start('janitor', (own) => new Janitor(this.parts).run(own));
      const desk = new RequestDesk(this.parts, (request, until) => this.carryOut(request, until));
      start('requests', (own) => desk.run(own));
    });
    try {
      return await failed;
    } catch (error) {
      this.#instance.telemetry.log.warn('the reign has ended', { cause: loggedCause(error) });
      throw error;
    } finally {
      life.abort(new StoppedError('the reign has ended'));
      life.unlink();
      this.#ended.abort(new StoppedError('the reign has ended'));
      for (const task of tasks.reverse()) await task.stop();
      await this.#feed.close();
    }
  }
}

/** Keeps history from `from` on, or, if it is gone, from `now` on. */
async function holdHistory(
  gc: GcKeeper,
  from: Ts,
  now: Ts,
  signal: AbortSignal,
): Promise<{ readonly start: Ts; readonly lost: string | undefined }> {
  try {
    await gc.hold(GROUP, () => from, signal);
    return { start: from, lost: undefined };
  } catch (error) {
    if (!(error instanceof HistoryGoneError)) throw error;
    await gc.hold(GROUP, () => now, signal);
    return { start: now, lost: error.message };
  }
}

/** Nothing can be gone on with: everything stays as it is, right as of the last epoch. */
function frozenAll(registry: Registry, appliedTs: Ts, reason: string): readonly RegistryEdit[] {
  return registry.views
    .filter((view) => isMaintained(view, registry))
    .map((view) => ({ kind: 'putView', view: { ...view, state: 'FROZEN', appliedTs, lastError: reason } }));
}
