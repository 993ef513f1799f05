/** The tidb-servers, and the checks that keep what is known of their health fresh. */
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import { Backends } from './backends.js';
import { type BalanceSettings, EVENLY } from './balance/balance-settings.js';
import { checkHealth } from './health-check.js';
import { type HealthCheck, watchHealth } from './health-watch.js';
import { type LoadReader, readLoad, watchLoad } from './load-watch.js';
import type { Preamble } from './preamble.js';
import type { BackendTls, StatusTls } from './tls-options.js';

/** Which servers, and how they are spoken to. */
export interface ServerWatchOptions {
  /** `host:port` each. */
  readonly backends: readonly string[];
  /** How clients are shared out; default: evenly. */
  readonly balance?: BalanceSettings;
  readonly backendTls?: BackendTls;
  readonly statusTls?: StatusTls;
}

/** What it needs besides. */
export interface ServerWatchParts {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** Of the checks' connections. */
  readonly preamble: Preamble;
}

/** Watches servers. */
export class ServerWatch {
  readonly #runtime: Runtime;
  readonly #preamble: Preamble;
  #options: ServerWatchOptions;
  readonly backends: Backends;

  /** @throws AddressError. */
  constructor(options: ServerWatchOptions, { runtime, telemetry, preamble }: ServerWatchParts) {
    this.#runtime = runtime;
    this.#preamble = preamble;
    this.#options = options;
    this.backends = new Backends(options.backends, telemetry.log, {
      settings: options.balance ?? EVENLY,
      nowMs: () => runtime.monotonicMs(),
    });
  }

  /** Takes other options, for checks to come. @throws AddressError: they are as they were then. */
  reload(options: ServerWatchOptions): void {
    this.backends.reseed(options.backends, options.balance ?? EVENLY);
    this.#options = options;
  }

  /** Checks again and again. @throws the signal's reason. */
  run(signal: AbortSignal): Promise<never> {
    const runtime = this.#runtime;
    const check: HealthCheck = (backend, stop) => {
      const { backendTls, statusTls } = this.#options;
      const isTlsDemanded = backendTls !== undefined;
      return checkHealth(backend, { runtime, isTlsDemanded, statusTls, preamble: this.#preamble }, stop);
    };
    return watchHealth(this.backends, check, runtime, signal);
  }

  /** Asks again and again how busy they are, which the policy `load` needs. @throws the signal's reason. */
  runLoad(signal: AbortSignal): Promise<never> {
    const runtime = this.#runtime;
    const read: LoadReader = (backend, stop) =>
      readLoad(backend, { runtime, statusTls: this.#options.statusTls }, stop);
    return watchLoad(this.backends, read, runtime, signal);
  }
}
