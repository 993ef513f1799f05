/**
 * The tidb-servers that clients can be connected to, and what is known of each. TiDB's own list says which there are;
 * the seeds, which the user gave, are a last resort: whoever cannot reach the listed addresses (they may be names that
 * mean nothing here) can reach those.
 *
 * The best comes first, by balance/ranking.ts: healthy before not yet checked before unhealthy, and so on; among equals
 * by turns. So an unhealthy server gets a client only when all others have failed it. A server that fails a client is
 * unhealthy at once, and until a check that began afterwards finds it well. One of weight 0 gets no client at all.
 *
 * A server warms up when it comes to others that are well, or comes back; those that are there from the beginning are
 * not known to be cold.
 */
import { Alarm } from '../base/alarm.js';
import { assert } from '../base/assert.js';
import { LimitError, TiviewError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Log } from '../base/telemetry.js';
import { type BalanceSettings, type ServerLabels, ZONE_LABEL, weightOf } from './balance/balance-settings.js';
import { type Contender, type Standing, compareStandings, rank } from './balance/ranking.js';
import type { LoadFigures } from './balance/server-load.js';
import { warmthAfter } from './balance/slow-start.js';
import { ServerCounts } from './server-counts.js';

/** A server as it is listed; addresses are `host:port`. */
export interface ListedServer {
  readonly address: string;
  /** Of its HTTP status port; undefined: not known. */
  readonly statusAddress?: string | undefined;
  /** Undefined: none. */
  readonly labels?: ServerLabels | undefined;
}

/** Where something listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** One tidb-server. */
export interface Backend extends Endpoint, Contender {
  /** `host:port`. */
  readonly address: string;
  /** Its status port; undefined: not known. */
  readonly status: Endpoint | undefined;
  /** Whether TiDB lists it. One that is neither listed nor a seed only keeps the connections that it has. */
  readonly isListed: boolean;
  /** `unknown`: not checked yet. */
  readonly health: 'unknown' | 'healthy' | 'unhealthy';
  /** Why it is unhealthy; empty otherwise. */
  readonly reason: string;
  /** 0: it gets no more clients. */
  readonly weight: number;
  /** Connections of ours, open or being opened. */
  readonly connections: number;
  readonly counts: ServerCounts;
}

/** An address that is not `host:port`. */
export class AddressError extends TiviewError {
  override readonly name = 'AddressError';

  constructor(address: string) {
    super(`'${address}' is no host:port`, { kind: 'address', side: 'proxy', isRetryable: false });
  }
}

type Entry = { -readonly [K in keyof Backend]: Backend[K] } & {
  isSeed: boolean;
  /** Clients that it has failed: a check that was under way meanwhile proves nothing. */
  failures: number;
  /** Whether it warms up when it is found well. */
  isCold: boolean;
  /** When it began to; undefined: it does not. */
  warmsSinceMs: number | undefined;
};

/** How servers are chosen. */
export interface BackendsOptions {
  readonly settings: BalanceSettings;
  /** Runtime.monotonicMs. */
  readonly nowMs: () => number;
}

/** Knows the tidb-servers, and chooses among them. */
export class Backends {
  readonly #log: Log;
  #settings: BalanceSettings;
  readonly #nowMs: () => number;
  /** Those that may get clients. */
  #entries: readonly Entry[] = [];
  /** Those that have left the list and still have connections. */
  #leaving: readonly Entry[] = [];
  #turn = 0;
  /** Rings when servers have come that have not been checked. */
  readonly arrivals = new Alarm();

  /** @param seeds - `host:port` each. @throws AddressError. */
  constructor(seeds: readonly string[], log: Log, { settings, nowMs }: BackendsOptions) {
    assert(seeds.length > 0, 'a proxy needs at least one tidb-server');
    this.#log = log;
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#entries = [...new Set(seeds)].map((address) => this.#newEntry({ address }, true));
  }

  /**
   * Takes another list; seeds stay, and so do connections to servers that are no longer on it.
   *
   * @throws AddressError; LimitError. The list is then as it was.
   */
  list(servers: readonly ListedServer[]): void {
    if (servers.length > limits.backends) {
      throw new LimitError(`TiDB lists ${servers.length} servers; ${limits.backends} can be known`);
    }
    const wanted = new Map(servers.map((server) => [server.address, this.#newEntry(server, false)]));
    const known = new Map([...this.#leaving, ...this.#entries].map((entry) => [entry.address, entry]));
    const listed = [...wanted.values()].map((entry) => known.get(entry.address) ?? entry);
    for (const entry of new Set([...known.values(), ...listed])) {
      const server = wanted.get(entry.address);
      const isListed = server !== undefined;
      if (isListed !== entry.isListed) {
        this.#log.info(isListed ? 'tidb-server joins' : 'tidb-server leaves', { server: entry.address });
      }
      if (isListed && this.#leaving.includes(entry)) {
        // Nobody has looked after it in between.
        entry.health = 'unknown';
        entry.isCold = true;
      }
      entry.isListed = isListed;
      entry.status = server?.status;
      if (server !== undefined) {
        entry.zone = server.zone;
        entry.weight = server.weight;
      }
    }
    const seeds = this.#entries.filter(({ isSeed, isListed }) => isSeed && !isListed);
    this.#entries = [...listed, ...seeds];
    this.#leaving = [...known.values()].filter(({ isSeed, isListed }) => !isSeed && !isListed);
    if (this.hasUnchecked) this.arrivals.ring();
  }

  /**
   * Takes other seeds and settings; connections to servers that are no seeds any more are kept. The weights and zones of
   * listed servers follow with the next list.
   *
   * @throws AddressError. All is then as it was.
   */
  reseed(seeds: readonly string[], settings: BalanceSettings): void {
    assert(seeds.length > 0, 'a proxy needs at least one tidb-server');
    const wanted = new Map(seeds.map((address) => [address, this.#newEntry({ address }, true)]));
    this.#settings = settings;
    const known = [...this.#entries, ...this.#leaving];
    for (const entry of known) entry.isSeed = wanted.delete(entry.address);
    const all = [...known, ...wanted.values()];
    this.#entries = all.filter(({ isSeed, isListed }) => isSeed || isListed);
    this.#leaving = all.filter(({ isSeed, isListed }) => !isSeed && !isListed);
    if (this.hasUnchecked) this.arrivals.ring();
  }

  /** Whether there are servers that have never been checked. */
  get hasUnchecked(): boolean {
    return this.#entries.some(({ health }) => health === 'unknown');
  }

  /** Every server that may get clients, the best first, and last those of weight 0. */
  all(): readonly Backend[] {
    const drained = this.#entries.filter(({ weight }) => weight === 0);
    const ranked = this.#rank(this.#entries.filter(({ weight }) => weight > 0));
    return [...ranked.sort(compareStandings).map(({ contender }) => contender), ...drained];
  }

  /** Servers that only keep their connections. */
  leaving(): readonly Backend[] {
    this.#leaving = this.#leaving.filter(({ connections }) => connections > 0);
    return this.#leaving;
  }

  /** The best server that has not been tried; undefined: all have been that may get clients. */
  next(tried: ReadonlySet<Backend>): Backend | undefined {
    const ranked = this.#rank(this.#entries.filter((entry) => entry.weight > 0 && !tried.has(entry)));
    const turn = this.#turn++ % Math.max(1, ranked.length);
    let best: Standing<Entry> | undefined;
    for (let i = 0; i < ranked.length; i++) {
      const one = ranked[(turn + i) % ranked.length];
      if (one === undefined) continue;
      if (best === undefined || compareStandings(one, best) < 0) best = one;
    }
    return best?.contender;
  }

  /** A connection is being opened. @returns to be called, once, when it is closed. */
  opening(backend: Backend): () => void {
    const entry = backend as Entry;
    entry.connections++;
    let isOpen = true;
    return () => {
      if (isOpen) entry.connections--;
      isOpen = false;
    };
  }

  /** The server did not take a client's connection or login. */
  failed(backend: Backend, reason: string): void {
    const entry = backend as Entry;
    entry.failures++;
    this.#find(entry, reason);
  }

  /** A check begins. @returns to be told what it has found: why the server is unhealthy; undefined: it is healthy. */
  checking(backend: Backend): (reason: string | undefined) => void {
    const entry = backend as Entry;
    const { failures } = entry;
    return (reason) => {
      if (reason !== undefined || entry.failures === failures) this.#find(entry, reason);
    };
  }

  /** How busy the server is, as it says; undefined: it says nothing. */
  measured(backend: Backend, load: LoadFigures | undefined): void {
    (backend as Entry).load = load;
  }

  #find(entry: Entry, reason: string | undefined): void {
    const health = reason === undefined ? 'healthy' : 'unhealthy';
    const { address: server } = entry;
    if (health !== entry.health) {
      if (reason === undefined) this.#log.info('tidb-server is healthy', { server });
      else this.#log.warn('tidb-server is unhealthy', { server, reason });
    }
    if (health === 'healthy' && entry.health !== 'healthy' && entry.isCold)
      entry.warmsSinceMs = this.#nowMs();
    // From whatever it is unwell, it may come back as a new process.
    if (health === 'unhealthy') entry.isCold = true;
    entry.health = health;
    entry.reason = reason ?? '';
  }

  #rank(entries: readonly Entry[]): Standing<Entry>[] {
    const nowMs = this.#nowMs();
    for (const entry of entries) {
      if (entry.warmsSinceMs === undefined) continue;
      entry.warmth = warmthAfter(nowMs - entry.warmsSinceMs);
      if (entry.warmth === 1) entry.warmsSinceMs = undefined;
    }
    return rank(entries, this.#settings);
  }

  #newEntry({ address, statusAddress, labels = new Map() }: ListedServer, isSeed: boolean): Entry {
    const status = statusAddress === undefined ? undefined : parseAddress(statusAddress);
    return {
      address,
      ...parseAddress(address),
      status,
      isSeed,
      isListed: false,
      health: 'unknown',
      reason: '',
      connections: 0,
      counts: new ServerCounts(),
      failures: 0,
      zone: labels.get(ZONE_LABEL),
      weight: weightOf(this.#settings.weights, address, labels),
      warmth: 1,
      load: undefined,
      isCold: this.#entries.some(({ health }) => health === 'healthy'),
      warmsSinceMs: undefined,
    };
  }
}

/** @param address - `[::1]:4000` for IPv6. */
function parseAddress(address: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port > 0 && port < 65536)) throw new AddressError(address);
  return { host, port };
}
