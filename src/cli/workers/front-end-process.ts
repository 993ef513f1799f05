/**
 * What a front-end process does: relays its clients, and knows views through the main process only. Duties may be
 * asked for while it still starts; they wait.
 */
import { assert } from '../../base/assert.js';
import type { Runtime } from '../../base/runtime.js';
import type { SettableLog } from '../../observe/pino-log.js';
import type { PrometheusMetrics } from '../../observe/prometheus-metrics.js';
import { ViewGates } from '../../proxy/intercept/view-gates.js';
import type { Proxy } from '../../proxy/proxy.js';
import { type FrontEnd, reloadable, startFrontEnd } from '../front-end.js';
import { serverState } from '../front-ends.js';
import type { WorkerDuties, WorkerStart, WorkerState } from './contract.js';
import { type MainProcess, RemoteViews, remoteStatements } from './remote-views.js';

/** What it is made of. */
export interface FrontEndProcessParts {
  readonly main: () => MainProcess;
  readonly runtime: Runtime;
  readonly metrics: PrometheusMetrics;
  /** Told its number and level when they are known. */
  readonly openLog: (start: WorkerStart) => SettableLog;
  readonly memoryBytes: () => number;
}

interface Served {
  readonly log: SettableLog;
  readonly views: RemoteViews;
  readonly frontEnd: Promise<FrontEnd>;
}

/** One of several front ends. */
export class FrontEndProcess {
  readonly #parts: FrontEndProcessParts;
  #served: Served | undefined;
  readonly duties: WorkerDuties = {
    start: async (start) => {
      const { proxy } = await this.#start(start);
      return proxy.address;
    },
    names: (names) => {
      this.#running.views.learn(names);
      return Promise.resolve();
    },
    servers: async (servers) => (await this.#proxy()).setBackends(servers),
    reload: async (settings) => {
      (await this.#proxy()).reload(reloadable(settings));
      this.#running.log.setLevel(settings.options['log-level']);
    },
    reopenLogs: async () => (await this.#running.frontEnd).files.reopen(),
    retire: async (lingerMs, signal) => (await this.#proxy()).retire(lingerMs, signal),
    drain: async (timeoutMs, signal) => {
      const { proxy, files } = await this.#running.frontEnd;
      await proxy.drain(timeoutMs, signal);
      await files[Symbol.asyncDispose]();
      return { state: this.#stateOf(proxy), metrics: await this.#parts.metrics.snapshot() };
    },
    state: async () => this.#stateOf(await this.#proxy()),
    metrics: () => this.#parts.metrics.snapshot(),
    answeredUser: async (connectionId) => (await this.#proxy()).answeredUser(connectionId),
    interrupt: async (connectionId) => {
      (await this.#proxy()).interrupt(connectionId);
    },
    presentId: async (connectionId) => {
      const proxy = await this.#proxy();
      return proxy.hasSession(connectionId) ? proxy.presentId(connectionId) : undefined;
    },
  };

  constructor(parts: FrontEndProcessParts) {
    this.#parts = parts;
  }

  get #running(): Served {
    assert(this.#served !== undefined, 'a front end is asked for something before it was told to start');
    return this.#served;
  }

  async #proxy(): Promise<Proxy> {
    const { proxy } = await this.#running.frontEnd;
    return proxy;
  }

  #stateOf({ counts, backends }: Proxy): WorkerState {
    const { openConnections: connections, moves } = counts;
    const memoryBytes = this.#parts.memoryBytes();
    return { connections, moves, servers: backends.map(serverState), memoryBytes };
  }

  #start(start: WorkerStart): Promise<FrontEnd> {
    assert(this.#served === undefined, 'a front end is started once');
    const { runtime, metrics } = this.#parts;
    const log = this.#parts.openLog(start);
    const main = this.#parts.main();
    const views = new RemoteViews(main, start.names);
    let proxy: Proxy | undefined;
    const gates = new ViewGates(
      views,
      remoteStatements(main, () => proxy),
    );
    const starting = startFrontEnd(start.settings, { runtime, telemetry: { log, metrics }, gates }).then(
      (made) => {
        ({ proxy } = made);
        proxy.setBackends(start.servers);
        return made;
      },
    );
    this.#served = { log, views, frontEnd: starting };
    return starting;
  }
}
