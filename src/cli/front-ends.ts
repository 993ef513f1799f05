/** Where clients are served: a proxy in this process, or several processes (workers/worker-pool.ts). */
import type { Backend, ListedServer } from '../proxy/backends.js';
import type { AnsweredStatements } from '../proxy/intercept/kill.js';
import type { Proxy } from '../proxy/proxy.js';
import type { RelayCounts } from '../proxy/relay-counts.js';
import { type FrontEnd, type FrontEndSettings, reloadable } from './front-end.js';
import type { HostPort } from './options.js';

/** A tidb-server, as `/status` shows it, with what its share of clients goes by. */
export interface ServerState extends Pick<
  Backend,
  'address' | 'isListed' | 'health' | 'reason' | 'connections' | 'weight' | 'warmth'
> {
  /** Empty: none. */
  readonly zone: string;
  /** Parts of 1; null: not known. */
  readonly load: { readonly cpu: number; readonly memory: number } | null;
}

/** Attempts to move sessions to other servers, by what they came to. */
export type MoveCounts = Readonly<RelayCounts['moves']>;

/** None. */
export const NO_MOVES: MoveCounts = { moved: 0, refused: 0, failed: 0 };

/** How the front ends are. */
export interface FrontEndState {
  /** Clients connected now. */
  readonly connections: number;
  /** Since the start. */
  readonly moves: MoveCounts;
  readonly servers: readonly ServerState[];
  /** Front-end processes, if there are several. */
  readonly workers?: readonly {
    readonly pid: number;
    /** `leaving`: accepts no more clients. `silent`: has not said how it is; what it said last is shown. */
    readonly state: 'starting' | 'serving' | 'leaving' | 'gone' | 'silent';
    readonly connections: number;
    readonly memoryBytes: number;
  }[];
}

/** Where clients are served. */
export interface FrontEnds {
  /** Where clients connect. */
  readonly address: HostPort;
  /** Every tidb-server that is known, the best first. */
  readonly backends: readonly Backend[];
  /** Why no tidb-server can take clients; undefined: one can, as far as is known. */
  readonly unavailability: string | undefined;
  setBackends(servers: readonly ListedServer[]): void;
  /** Takes other settings; sessions that have begun keep theirs. @throws what cannot be taken: nothing is changed then. */
  reload(settings: FrontEndSettings): void;
  /** The log files that are written on demand have been renamed: what comes next goes to new ones of the old names. */
  reopenLogs(): void;
  /**
   * Replaces all front-end processes, one after the other: a new one accepts, the old one does no more. Its clients have
   * `drainMs` to go by themselves, then it drains.
   *
   * @returns how many; 0: there are none.
   */
  replace(drainMs: number, signal: AbortSignal): Promise<number>;
  state(): Promise<FrontEndState>;
  /** @see Proxy.drain */
  drain(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/** The one in this process. */
export function localFrontEnd({ proxy, files }: FrontEnd): FrontEnds {
  return {
    get address() {
      return proxy.address;
    },
    get backends() {
      return proxy.backends;
    },
    get unavailability() {
      return proxy.unavailability;
    },
    setBackends: (servers) => proxy.setBackends(servers),
    reload: (settings) => proxy.reload(reloadable(settings)),
    reopenLogs: () => files.reopen(),
    replace: () => Promise.resolve(0),
    state: () =>
      Promise.resolve({
        connections: proxy.counts.openConnections,
        moves: { ...proxy.counts.moves },
        servers: proxy.backends.map(serverState),
      }),
    drain: (timeoutMs, signal) => proxy.drain(timeoutMs, signal),
  };
}

/** What is shown of a server. */
export function serverState(server: Backend): ServerState {
  const { address, isListed, health, reason, connections, zone, weight, warmth, load } = server;
  const figures = load === undefined ? null : { cpu: rounded(load.cpu), memory: rounded(load.memory) };
  return {
    ...{ address, isListed, health, reason, connections },
    ...{ zone: zone ?? '', weight, warmth: rounded(warmth), load: figures },
  };
}

function rounded(part: number): number {
  return Math.round(part * 1000) / 1000;
}

/** The statements that are answered on sessions of a proxy, and nowhere else. */
export function localStatements(proxy: () => KnownSessions): AnsweredStatements {
  return {
    mayBeOurs: (connectionId) => isConcerned(proxy(), connectionId),
    answeredUser: (connectionId) => Promise.resolve(proxy().answeredUser(connectionId)),
    interrupt: (connectionId) => {
      proxy().interrupt(connectionId);
      return Promise.resolve();
    },
    presentId: (connectionId) => Promise.resolve(proxy().presentId(connectionId)),
  };
}

/** What a KILL asks of a proxy. */
export type KnownSessions = Pick<Proxy, 'answeredUser' | 'interrupt' | 'presentId'>;

/** Whether TiDB would not find what is to be killed, a session of this proxy or none that is known. */
export function isConcerned(proxy: KnownSessions, connectionId: number): boolean {
  return proxy.answeredUser(connectionId) !== undefined || proxy.presentId(connectionId) !== connectionId;
}
