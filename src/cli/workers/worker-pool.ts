/**
 * The front-end processes: starts them, starts again those that die, tells all of them what changes, adds up what they
 * say, replaces and drains them. Each balances its clients over the tidb-servers by itself; the main process has
 * clients of its own on none, and watches servers for its control sessions.
 */
import { Alarm } from '../../base/alarm.js';
import { present } from '../../base/assert.js';
import { Backoff } from '../../base/backoff.js';
import { limits } from '../../base/limits.js';
import type { Runtime, Task } from '../../base/runtime.js';
import { loggedCause } from '../../base/sensitive.js';
import type { Telemetry } from '../../base/telemetry.js';
import type { MergedMetrics } from '../../observe/merged-metrics.js';
import { whyUnavailable } from '../../proxy/availability.js';
import type { Backend, ListedServer } from '../../proxy/backends.js';
import type { ServerWatch } from '../../proxy/server-watch.js';
import type { StatementService } from '../../view/index.js';
import { type FrontEndSettings, reloadable } from '../front-end.js';
import { type FrontEndState, type FrontEnds, type MoveCounts, NO_MOVES } from '../front-ends.js';
import type { HostPort } from '../options.js';
import { mainDuties } from './main-duties.js';
import { NamePublisher } from './name-publisher.js';
import { ChannelError } from './peer.js';
import { bothMoves, sumOf } from './worker-states.js';
import { type WorkerEnd, WorkerHandle } from './worker-handle.js';
import type { WorkerEvents, WorkerProcess } from './worker-process.js';

/** What a pool needs. */
export interface WorkerPoolParts {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  readonly service: StatementService;
  readonly metrics: MergedMetrics;
  /** The tidb-servers, for this process's own sessions. */
  readonly watch: Pick<ServerWatch, 'backends' | 'reload' | 'run'>;
  readonly spawn: (events: WorkerEvents) => WorkerProcess;
  /** Told of what is a bug. */
  readonly onBug: (error: unknown) => void;
}

/** Pauses before a front end that died is started again. */
const RESTART = { name: 'front end', baseMs: 100, capMs: 10_000 } as const;

/** One of the front ends; the process behind it may come and go. */
interface Slot {
  current: WorkerHandle;
  /** Rings when `current` has exited, or is another. */
  readonly changes: Alarm;
}

/** Several front-end processes. */
export class WorkerPool implements FrontEnds {
  readonly #parts: WorkerPoolParts;
  readonly #names: NamePublisher;
  /** All that live, also those that leave. */
  readonly #workers = new Set<WorkerHandle>();
  readonly #slots: Slot[] = [];
  readonly #tasks: Task[] = [];
  #keepers: readonly Task[] = [];
  #settings: FrontEndSettings;
  #servers: readonly ListedServer[] = [];
  #address: HostPort | undefined;
  #isReplacing = false;
  /** Of front ends that have ended, as far as they have said. */
  #movesOfGone: MoveCounts = NO_MOVES;

  private constructor(settings: FrontEndSettings, parts: WorkerPoolParts) {
    this.#parts = parts;
    this.#settings = settings;
    this.#names = new NamePublisher(parts.service);
    parts.metrics.mergeWith(() => this.#gatherMetrics());
  }

  /** Starts as many as the options say. Resolves when all listen. @throws why one cannot; then none is left. */
  static async start(settings: FrontEndSettings, parts: WorkerPoolParts): Promise<WorkerPool> {
    const pool = new WorkerPool(settings, parts);
    const { runtime } = parts;
    const { workers } = settings.options;
    try {
      for (let number = 1; number <= workers; number++) {
        pool.#slots.push({ current: pool.#launch(number), changes: new Alarm() });
      }
      [pool.#address] = await Promise.all(pool.#slots.map(({ current }) => current.listening));
    } catch (error) {
      await pool.#killAll();
      throw error;
    }
    pool.#tasks.push(
      runtime.spawn('names of views', (signal) => pool.#names.watch(runtime, signal)),
      runtime.spawn('health of tidb-servers', (signal) => pool.#parts.watch.run(signal)),
    );
    pool.#keepers = pool.#slots.map((slot) =>
      runtime.spawn('front end', (signal) => pool.#keep(slot, signal)),
    );
    return pool;
  }

  get address(): HostPort {
    return present(this.#address, 'the address of front ends that listen');
  }

  get backends(): readonly Backend[] {
    return this.#parts.watch.backends.all();
  }

  get unavailability(): string | undefined {
    return whyUnavailable(this.backends);
  }

  setBackends(servers: readonly ListedServer[]): void {
    this.#parts.watch.backends.list(servers);
    this.#servers = servers;
    this.#tellAll((worker) => worker.setServers(servers));
  }

  reload(settings: FrontEndSettings): void {
    this.#parts.watch.reload(reloadable(settings));
    this.#settings = settings;
    this.#tellAll((worker) => worker.reload(settings));
  }

  reopenLogs(): void {
    this.#tellAll((worker) => worker.reopenLogs());
  }

  async replace(drainMs: number, signal: AbortSignal): Promise<number> {
    if (this.#isReplacing) return 0;
    this.#isReplacing = true;
    try {
      for (const slot of this.#slots) await this.#replaceOne(slot, drainMs, signal);
    } finally {
      this.#isReplacing = false;
    }
    return this.#slots.length;
  }

  async state(): Promise<FrontEndState> {
    // One look, so that a process that goes meanwhile is counted once.
    const workers = [...this.#workers];
    const movesBefore = this.#movesOfGone;
    const silent = new Set<WorkerHandle>();
    await Promise.all(
      workers.map(async (worker) => {
        if (worker.state === 'starting') return;
        try {
          worker.last = await worker.ask('state', undefined, AbortSignal.timeout(limits.workerStatusMs));
        } catch (error) {
          const fields = { worker: worker.number, error: loggedCause(error) };
          this.#parts.telemetry.log.warn('a front end does not say how it is', fields);
          silent.add(worker);
        }
      }),
    );
    return sumOf({ watched: this.backends, workers, silent, movesBefore });
  }

  async drain(timeoutMs: number, signal: AbortSignal): Promise<void> {
    // In this order: nobody starts a process again that has drained.
    for (const keeper of this.#keepers) await keeper.stop();
    await Promise.all([...this.#workers].map((worker) => this.#drain(worker, timeoutMs, signal)));
    for (const task of this.#tasks) await task.stop();
  }

  #launch(number: number): WorkerHandle {
    const { runtime, telemetry, service, spawn, onBug } = this.#parts;
    const worker = new WorkerHandle({
      runtime,
      log: telemetry.log,
      spawn,
      start: { number, settings: this.#settings, servers: this.#servers },
      names: (started) => this.#names.join(started),
      duties: (asker) => {
        const others = (): WorkerHandle[] =>
          [...this.#workers].filter((other) => other !== asker && other.state !== 'starting');
        return mainDuties({ service, names: this.#names, log: telemetry.log, others });
      },
      onBug,
      exited: (gone, end) => this.#exited(gone, end),
    });
    this.#workers.add(worker);
    return worker;
  }

  #exited(worker: WorkerHandle, { how, isExpected }: WorkerEnd): void {
    const { runtime, telemetry, metrics } = this.#parts;
    if (!isExpected) {
      telemetry.log.error('a front end has ended; its clients are lost', { worker: worker.number, how });
    }
    this.#workers.delete(worker);
    this.#movesOfGone = bothMoves(this.#movesOfGone, worker.last.moves);
    this.#names.leave(worker);
    runtime.spawn('metrics of a front end', () => metrics.retire(worker.id));
    for (const { changes } of this.#slots) changes.ring();
  }

  /** @throws why the new one cannot start, or the signal's reason: the old one goes on then, or is left to `drain`. */
  async #replaceOne(slot: Slot, drainMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const old = slot.current;
    const fresh = this.#launch(old.number);
    await fresh.listening;
    slot.current = fresh;
    slot.changes.ring();
    try {
      await old.retire(drainMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ChannelError)) throw error;
    }
    // Not aborted with the rest: that would cut short what is open on it.
    await this.#drain(old, drainMs, new AbortController().signal);
  }

  /** Starts the front end of a slot again when it has died. */
  async #keep(slot: Slot, signal: AbortSignal): Promise<never> {
    const { runtime, telemetry } = this.#parts;
    const backoff = new Backoff(runtime, 'front end', 'proxy', Number.POSITIVE_INFINITY);
    for (;;) {
      const worker = slot.current;
      if (worker.state !== 'gone') {
        await slot.changes.wait(signal);
        continue;
      }
      if (worker.livedMs >= limits.workerSettledMs) backoff.reset();
      await backoff.pause(RESTART, 'it has ended', signal);
      slot.current = this.#launch(worker.number);
      await slot.current.listening.catch((error: unknown) => {
        telemetry.log.error('a front end cannot start', { worker: worker.number, error: loggedCause(error) });
      });
    }
  }

  /** Drains one and ends it. What goes wrong with that ends it too. */
  async #drain(worker: WorkerHandle, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { telemetry, metrics } = this.#parts;
    try {
      await worker.listening;
      metrics.report(worker.id, await worker.drain(timeoutMs, signal));
      await worker.end();
    } catch (error) {
      if (worker.state === 'gone') return;
      telemetry.log.warn('a front end did not drain', { worker: worker.number, error: loggedCause(error) });
      await worker.kill();
    }
  }

  #tellAll(tell: (worker: WorkerHandle) => Promise<void>): void {
    for (const worker of this.#workers) this.#parts.runtime.spawn('front end is told', () => tell(worker));
  }

  async #gatherMetrics(): Promise<void> {
    const { metrics, telemetry } = this.#parts;
    await Promise.all(
      [...this.#workers].map(async (worker) => {
        if (worker.state === 'starting') return;
        try {
          const late = AbortSignal.timeout(limits.workerStatusMs);
          metrics.report(worker.id, await worker.ask('metrics', undefined, late));
        } catch (error) {
          const fields = { worker: worker.number, error: loggedCause(error) };
          telemetry.log.warn('a front end does not say what it has counted', fields);
        }
      }),
    );
  }

  async #killAll(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.kill()));
  }
}
