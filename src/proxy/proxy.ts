/**
 * The proxy: makes a session for each client who comes through its doors, watches deadlines, counts, drains.
 */
import { Roster } from '../base/roster.js';
import type { Runtime, Task } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import { Admission } from './admission.js';
import { whyUnavailable } from './availability.js';
import type { BackendCompression } from './backend-compression.js';
import type { Backend, Backends, ListedServer } from './backends.js';
import type { BalanceSettings } from './balance/balance-settings.js';
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from './client-limits.js';
import { ClientSession } from './client-session.js';
import { Deadlines } from './deadlines.js';
import { type DoorAddresses, Doors } from './doors.js';
import type { JournalOptions } from './journal/journal.js';
import { Evacuation } from './move/evacuation.js';
import { SocketTarget } from './move/socket-target.js';
import type { Network } from './networks.js';
import { PassThrough } from './pass-through.js';
import { type TidbProxyProtocol, ownPreamble } from './preamble.js';
import { ReadBuffers } from './read-buffers.js';
import { RelayCounts } from './relay-counts.js';
import { ServerMetrics } from './server-metrics.js';
import { ServerWatch } from './server-watch.js';
import type { SessionHost } from './session-host.js';
import { SessionIds } from './session-ids.js';
import { OPEN_GATES, type StatementGates } from './statement-gate.js';
import { type BackendTls, type ClientTls, type StatusTls, clientTlsContext } from './tls-options.js';

/** How a proxy is set up. */
export interface ProxyOptions extends DoorAddresses {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** tidb-servers, `host:port` each: all that are known until {@link Proxy.setBackends}, then a last resort. */
  readonly backends: readonly string[];
  /** Offered to clients if given. */
  readonly clientTls?: ClientTls;
  /** How clients are shared out; default: by connections, and all servers alike. */
  readonly balance?: BalanceSettings;
  /** Demanded of tidb-servers if given. */
  readonly backendTls?: BackendTls;
  /** Load balancers that say where their clients are (PROXY protocol); default: none. */
  readonly proxyProtocol?: readonly Network[];
  /** How tidb-servers are told where clients are; default: not at all. */
  readonly tidbProxyProtocol?: TidbProxyProtocol;
  /** Default: never. */
  readonly backendCompression?: BackendCompression;
  /** Of tidb-servers' status ports, if they have it. */
  readonly statusTls?: StatusTls;
  /** Looks at statements; default: lets everything pass. */
  readonly gates?: StatementGates;
  /** Instead of {@link DEFAULT_CLIENT_LIMITS}. */
  readonly limits?: Partial<ClientLimits>;
  /** What is written down of sessions; default: nothing. */
  readonly journal?: JournalOptions | undefined;
}

/** What may change while a proxy runs. */
export type ReloadableOptions = Pick<
  ProxyOptions,
  'backends' | 'balance' | 'clientTls' | 'backendTls' | 'statusTls'
>;

type Security = Pick<SessionHost<ClientSession>, 'clientTls' | 'backendTls' | 'handshake'>;

/** Between two looks at deadlines. */
const TICK_MS = 250;

/** Between two rounds of what is done now and then: publishing counts, keeping connections alive that have lasted. */
const ROUND_MS = 1_000;

/** Between two looks for quiet sessions while draining. */
const DRAIN_TICK_MS = 20;

/** A running proxy. */
export class Proxy {
  readonly #options: ProxyOptions;
  readonly #doors: Doors;
  readonly #watch: ServerWatch;
  readonly #backends: Backends;
  readonly #limits: ClientLimits;
  readonly #admission: Admission;
  #host: SessionHost<ClientSession>;
  readonly #sessions = new Roster<ClientSession>();
  readonly #passThrough: PassThrough;
  readonly #ids = new SessionIds(this.#sessions);
  readonly #deadlines: Deadlines;
  readonly #tasks: Task[] = [];
  readonly #serverMetrics = new ServerMetrics();
  /** What has been counted so far. */
  readonly counts = new RelayCounts();

  private constructor(options: ProxyOptions) {
    this.#options = options;
    const { runtime, telemetry, tidbProxyProtocol = 'off' } = options;
    this.#watch = new ServerWatch(options, { runtime, telemetry, preamble: ownPreamble(tidbProxyProtocol) });
    this.#backends = this.#watch.backends;
    this.#limits = { ...DEFAULT_CLIENT_LIMITS, ...options.limits };
    this.#admission = new Admission(this.#limits, options.runtime.monotonicMs());
    this.#deadlines = new Deadlines(runtime);
    this.#host = {
      limits: this.#limits,
      admission: this.#admission,
      journal: options.journal,
      runtime: options.runtime,
      log: options.telemetry.log,
      backends: this.#backends,
      buffers: new ReadBuffers(),
      gates: options.gates ?? OPEN_GATES,
      counts: this.counts,
      ...this.#security(options),
      deadlines: this.#deadlines,
      closed: (session) => this.#closed(session),
    };
    this.#doors = new Doors(options, {
      runtime: options.runtime,
      log: options.telemetry.log,
      counts: this.counts,
      admission: this.#admission,
      connectionsMax: this.#limits.connections,
      balancers: options.proxyProtocol ?? [],
      tidbProxyProtocol,
      admitted: (socket, peer) => this.#sessions.add(new ClientSession(this.#host, socket, peer)),
      passed: (socket, peer) => this.#passThrough.accept(socket, peer),
    });
    this.#passThrough = new PassThrough({
      runtime: options.runtime,
      backends: this.#backends,
      counts: this.counts,
      closed: (peer) => this.#doors.left(peer),
    });
  }

  /**
   * Starts listening.
   *
   * @throws ListenError — when the address is taken or not ours; AddressError — when a backend's is no `host:port`.
   */
  static async start(options: ProxyOptions): Promise<Proxy> {
    const proxy = new Proxy(options);
    await proxy.#doors.open();
    const { runtime } = options;
    proxy.#tasks.push(
      runtime.spawn('session deadlines', (signal) => proxy.#watchDeadlines(signal)),
      runtime.spawn('proxy rounds', (signal) => proxy.#goRound(signal)),
      runtime.spawn('health of tidb-servers', (signal) => proxy.#watch.run(signal)),
      runtime.spawn('evacuation of tidb-servers', (signal) => proxy.#evacuate(signal)),
    );
    if (options.balance?.policy === 'load') {
      proxy.#tasks.push(runtime.spawn('load of tidb-servers', (signal) => proxy.#watch.runLoad(signal)));
    }
    proxy.#watchSilence();
    return proxy;
  }

  /** Where it listens on TCP. */
  get address(): { readonly host: string; readonly port: number } {
    return this.#doors.address;
  }

  /** Where it listens for clients who are passed through, if it does. */
  get passThroughAddress(): { readonly host: string; readonly port: number } | undefined {
    return this.#doors.passThroughAddress;
  }

  /** Takes another list of tidb-servers, for clients to come. @throws AddressError, LimitError: it is kept as it was. */
  setBackends(servers: readonly ListedServer[]): void {
    this.#backends.list(servers);
  }

  /**
   * Takes other settings; what is left out is as if it had never been given. Sessions that have begun keep theirs.
   *
   * @throws AddressError, or what the certificate's reader throws: nothing is changed then.
   */
  reload(options: ReloadableOptions): void {
    const security = this.#security(options);
    this.#watch.reload(options);
    this.#host = { ...this.#host, ...security };
  }

  /** Every tidb-server that is known, the best first, those that only keep their connections last. */
  get backends(): readonly Backend[] {
    return [...this.#backends.all(), ...this.#backends.leaving()];
  }

  /** Why no tidb-server can take clients; undefined: one can, as far as is known. */
  get unavailability(): string | undefined {
    return whyUnavailable(this.#backends.all());
  }

  /** Whether a connection is a session of this proxy. @param id - TiDB's, or the greeting's. */
  hasSession(id: number): boolean {
    return this.#ids.get(id) !== undefined;
  }

  /** Whose statement is answered here on a session now; undefined: none is. @param id - TiDB's, or the greeting's. */
  answeredUser(id: number): string | undefined {
    return this.#ids.get(id)?.answeredUser;
  }

  /** The id by which TiDB knows a session now, if it has moved since its client was greeted; else the id itself. */
  presentId(id: number): number {
    return this.#ids.present(id);
  }

  /**
   * Aborts the statement that is answered here on a session, as KILL QUERY would.
   *
   * @param id - TiDB's, or the greeting's.
   * @returns whether there was one.
   */
  interrupt(id: number): boolean {
    return this.#ids.get(id)?.interrupt() ?? false;
  }

  /**
   * Stops accepting. Resolves when all clients have gone by themselves, at the latest after `lingerMs`.
   *
   * @throws the signal's reason.
   */
  async retire(lingerMs: number, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    void this.#doors.close();
    const untilMs = runtime.monotonicMs() + lingerMs;
    while (this.#clients + this.#doors.waiting > 0 && runtime.monotonicMs() < untilMs)
      await runtime.sleep(DRAIN_TICK_MS, signal);
  }

  /**
   * Stops accepting, ends each session as soon as no statement, transaction or cursor is open on it, and those that
   * are left after `timeoutMs` at once; so too clients who are passed through, of whom nobody knows when they are quiet.
   * Resolves when all are closed.
   */
  async drain(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    const closed = this.#doors.close();
    this.#doors.dismissWaiting();
    const untilMs = runtime.monotonicMs() + timeoutMs;
    while (this.#clients > 0 && runtime.monotonicMs() < untilMs && !signal.aborted) {
      for (const session of this.#sessions) session.endIfQuiet();
      await runtime.sleep(DRAIN_TICK_MS, signal).catch(() => undefined);
    }
    for (const session of this.#sessions) session.destroy();
    this.#passThrough.destroy();
    await closed;
    for (const task of this.#tasks) await task.stop();
    this.#publish();
  }

  /** Who are connected. */
  get #clients(): number {
    return this.#sessions.size + this.#passThrough.size;
  }

  /** What sessions to come know of TLS. @throws what the certificate's reader throws. */
  #security({ clientTls, backendTls }: ReloadableOptions): Security {
    return {
      clientTls: clientTls === undefined ? undefined : clientTlsContext(clientTls),
      backendTls,
      handshake: {
        isTlsOffered: clientTls !== undefined,
        isTlsDemanded: backendTls !== undefined,
        backendCompression: this.#options.backendCompression ?? 'never',
      },
    };
  }

  #closed(session: ClientSession): void {
    if (this.#sessions.delete(session)) this.#doors.left(session.peer);
  }

  async #watchDeadlines(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    for (;;) {
      await runtime.sleep(TICK_MS, signal);
      this.#deadlines.look();
      this.#doors.tick(runtime.monotonicMs());
      this.#passThrough.tick();
    }
  }

  /** Ends sessions that are silent for too long, if there is such a limit. */
  #watchSilence(): void {
    const { runtime } = this.#options;
    const { idleMs, idleTransactionMs } = this.#limits;
    const shortest = Math.min(...[idleMs, idleTransactionMs].filter((ms) => ms > 0));
    if (shortest === Number.POSITIVE_INFINITY) return;
    const pauseMs = Math.max(TICK_MS, Math.min(ROUND_MS, shortest / 4));
    const task = runtime.spawn('silent sessions', async (signal) => {
      for (;;) {
        await runtime.sleep(pauseMs, signal);
        const nowMs = runtime.monotonicMs();
        for (const session of this.#sessions) session.endIfSilent(nowMs);
      }
    });
    this.#tasks.push(task);
  }

  #evacuate(signal: AbortSignal): Promise<never> {
    const { runtime, telemetry } = this.#options;
    const backends = this.#backends;
    const evacuation = new Evacuation<ClientSession, SocketTarget>({
      ...{ runtime, telemetry, backends, counts: this.counts, sessions: this.#sessions },
      // By the settings of now: those that its session began with may have been replaced.
      connect: (backend, wanted, { peer: { preamble } }) =>
        new SocketTarget(backend, wanted, { ...this.#host, preamble }),
    });
    return evacuation.run(signal);
  }

  #publish(): void {
    const { metrics } = this.#options.telemetry;
    this.counts.publish(metrics);
    this.#serverMetrics.publish(this.backends, this.#sessions, metrics);
  }

  async #goRound(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    for (;;) {
      await runtime.sleep(ROUND_MS, signal);
      this.#passThrough.round();
      this.#publish();
      for (const session of this.#sessions) session.round();
    }
  }
}
