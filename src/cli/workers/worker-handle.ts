/** One front-end process, from its start to its end, as the main process sees it. */
import { limits } from '../../base/limits.js';
import type { Runtime } from '../../base/runtime.js';
import { loggedCause } from '../../base/sensitive.js';
import type { Log } from '../../base/telemetry.js';
import type { MetricsSnapshot } from '../../observe/merged-metrics.js';
import type { HostPort } from '../options.js';
import type { ListedServer } from '../../proxy/backends.js';
import type { NameSnapshot } from '../../view/index.js';
import type { FrontEndSettings } from '../front-end.js';
import { NO_MOVES } from '../front-ends.js';
import type { MainDuties, WorkerDuties, WorkerStart, WorkerState } from './contract.js';
import { Peer } from './peer.js';
import type { WorkerEvents, WorkerProcess } from './worker-process.js';

/** How a front end has ended. */
export interface WorkerEnd {
  /** Its exit code or the signal. */
  readonly how: string;
  /** Whether it was to end: all its clients had gone, or their time was up. */
  readonly isExpected: boolean;
}

/** What a handle is made of. */
export interface WorkerHandleParts {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly spawn: (events: WorkerEvents) => WorkerProcess;
  readonly start: Omit<WorkerStart, 'names'>;
  /** Names that it starts with; it is told of all later ones. */
  readonly names: (worker: WorkerHandle) => WorkerStart['names'];
  readonly duties: (worker: WorkerHandle) => MainDuties;
  readonly onBug: (error: unknown) => void;
  /** Told once, last. */
  readonly exited: (worker: WorkerHandle, end: WorkerEnd) => void;
}

/** A front-end process. */
export class WorkerHandle {
  readonly #parts: WorkerHandleParts;
  readonly #process: WorkerProcess;
  readonly #peer: Peer<MainDuties, WorkerDuties>;
  readonly #startedMs: number;
  readonly #hasExited: Promise<void>;
  /** Counts from 1; its replacement has the same. */
  readonly number: number;
  /** Where it listens, once it does. Rejected: it could not, and is ended. */
  readonly listening: Promise<HostPort>;
  /** `leaving`: accepts no more clients. */
  state: 'starting' | 'serving' | 'leaving' | 'gone' = 'starting';
  /** What it said of itself last. */
  last: WorkerState = { connections: 0, moves: NO_MOVES, servers: [], memoryBytes: 0 };

  constructor(parts: WorkerHandleParts) {
    this.#parts = parts;
    this.number = parts.start.number;
    this.#startedMs = parts.runtime.monotonicMs();
    let exited = (): void => undefined;
    this.#hasExited = new Promise((resolve) => (exited = resolve));
    this.#process = parts.spawn({
      received: (message) => this.#peer.receive(message),
      exited: (how) => {
        const isExpected = this.state === 'leaving';
        this.state = 'gone';
        this.#peer.close();
        exited();
        parts.exited(this, { how, isExpected });
      },
    });
    this.#peer = new Peer({
      send: (message) => this.#process.send(message),
      duties: parts.duties(this),
      onBug: parts.onBug,
    });
    this.listening = this.#start();
    // Whoever waits for it hears of a failure; nobody need wait.
    this.listening.catch(() => undefined);
  }

  /** Unique among all that there ever were. */
  get id(): number {
    return this.#process.id;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get livedMs(): number {
    return this.#parts.runtime.monotonicMs() - this.#startedMs;
  }

  /** @see Peer.ask */
  readonly ask: Peer<MainDuties, WorkerDuties>['ask'] = (duty, argument, signal) =>
    this.#peer.ask(duty, argument, signal);

  /** Tells it names of views; as with all that every front end must know, one that does not take it is ended. */
  learn(names: NameSnapshot): Promise<void> {
    return this.#tell('names', (late) => this.#peer.ask('names', names, late));
  }

  /** Tells it which tidb-servers there are. */
  setServers(servers: readonly ListedServer[]): Promise<void> {
    return this.#tell('servers', (late) => this.#peer.ask('servers', servers, late));
  }

  /** Tells it other settings. */
  reload(settings: FrontEndSettings): Promise<void> {
    return this.#tell('settings', (late) => this.#peer.ask('reload', settings, late));
  }

  /** Tells it that its log files have been renamed. */
  reopenLogs(): Promise<void> {
    return this.#tell('log files', (late) => this.#peer.ask('reopenLogs', undefined, late));
  }

  /** It accepts no more clients from now on. Resolves when those that it has are gone, at the latest after `lingerMs`. */
  retire(lingerMs: number, signal: AbortSignal): Promise<void> {
    this.state = 'leaving';
    return this.#peer.ask('retire', lingerMs, signal);
  }

  /** It accepts no more clients from now on, and says in the end what it has counted in its life. */
  async drain(timeoutMs: number, signal: AbortSignal): Promise<MetricsSnapshot> {
    this.state = 'leaving';
    const { state, metrics } = await this.#peer.ask('drain', timeoutMs, signal);
    this.last = state;
    return metrics;
  }

  /** Ends it at once; resolves when it has ended. */
  async kill(): Promise<void> {
    if (this.state === 'gone') return;
    this.#process.kill();
    await this.#hasExited;
  }

  /** Lets it end, at once if it does not soon; resolves when it has ended. */
  async end(): Promise<void> {
    if (this.state === 'gone') return;
    this.#process.disconnect();
    const late = new AbortController();
    const killed = this.#parts.runtime.sleep(limits.workerExitMs, late.signal).then(
      () => this.#process.kill(),
      () => undefined,
    );
    await this.#hasExited;
    late.abort();
    await killed;
  }

  /** Resolves when it has taken what it is told, or has ended. */
  async #tell(what: string, ask: (late: AbortSignal) => Promise<void>): Promise<void> {
    try {
      if (this.state === 'starting') await this.listening;
      await ask(AbortSignal.timeout(limits.workerAckMs));
    } catch (error) {
      if (this.state === 'gone') return;
      const fields = { worker: this.number, what, error: loggedCause(error) };
      this.#parts.log.error('a front end does not take what it is told; it is ended', fields);
      await this.kill();
    }
  }

  async #start(): Promise<HostPort> {
    try {
      const start = { ...this.#parts.start, names: this.#parts.names(this) };
      const address = await this.#peer.ask('start', start, AbortSignal.timeout(limits.workerStartMs));
      this.state = 'serving';
      return address;
    } catch (error) {
      await this.kill();
      throw error;
    }
  }
}
