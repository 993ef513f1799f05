/**
 * The tidb-servers that clients can be connected to, and what is known of each. TiDB's own list says which there are;
 * the seeds, which the user gave, are a last resort: whoever cannot reach the listed addresses (they may be names that
 * mean nothing here) can reach those.
 *
 * The best comes first: healthy before not yet checked before unhealthy, among these listed before seed, among these
 * the one with the fewest connections, among equals by turns. So an unhealthy server gets a client only when all
 * others have failed it. A server that fails a client is unhealthy at once, and until a check that began afterwards
 * finds it well.
 */
import { Alarm } from '../base/alarm.js';
import { assert } from '../base/assert.js';
import { LimitError, TiviewError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Log, Metrics } from '../base/telemetry.js';

/** A server as it is listed; addresses are `host:port`. */
export interface ListedServer {
  readonly address: string;
  /** Of its HTTP status port; undefined: not known. */
  readonly statusAddress?: string | undefined;
}

/** Where something listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** One tidb-server. */
export interface Backend extends Endpoint {
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
  /** Connections of ours, open or being opened. */
  readonly connections: number;
}

/** An address that is not `host:port`. */
export class AddressError extends TiviewError {
  override readonly name = 'AddressError';

  constructor(address: string) {
    super(`'${address}' is no host:port`, { kind: 'address', side: 'proxy', isRetryable: false });
  }
}

type Entry = { -readonly [K in keyof Backend]: Backend[K] } & {
  readonly isSeed: boolean;
  /** Clients that it has failed: a check that was under way meanwhile proves nothing. */
  failures: number;
};

const HEALTH_RANK = { healthy: 0, unknown: 1, unhealthy: 2 } as const;

/** Knows the tidb-servers, and chooses among them. */
export class Backends {
  readonly #log: Log;
  /** Those that may get clients. */
  #entries: readonly Entry[];
  /** Those that have left the list and still have connections. */
  #leaving: readonly Entry[] = [];
  #turn = 0;
  #published = new Set<string>();
  /** Rings when servers have come that have not been checked. */
  readonly arrivals = new Alarm();

  /** @param seeds - `host:port` each. @throws AddressError. */
  constructor(seeds: readonly string[], log: Log) {
    assert(seeds.length > 0, 'a proxy needs at least one tidb-server');
    this.#log = log;
    this.#entries = [...new Set(seeds)].map((address) => newEntry({ address }, true));
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
    const wanted = new Map(servers.map((server) => [server.address, newEntry(server, false)]));
    const known = new Map([...this.#leaving, ...this.#entries].map((entry) => [entry.address, entry]));
    const listed = [...wanted.values()].map((entry) => known.get(entry.address) ?? entry);
    for (const entry of new Set([...known.values(), ...listed])) {
      const server = wanted.get(entry.address);
      const isListed = server !== undefined;
      if (isListed !== entry.isListed) {
        this.#log.info(isListed ? 'tidb-server joins' : 'tidb-server leaves', { server: entry.address });
      }
      entry.isListed = isListed;
      entry.status = server?.status;
    }
    const seeds = this.#entries.filter(({ isSeed, isListed }) => isSeed && !isListed);
    this.#entries = [...listed, ...seeds];
    this.#leaving = [...known.values()].filter(({ isSeed, isListed }) => !isSeed && !isListed);
    if (this.hasUnchecked) this.arrivals.ring();
  }

  /** Whether there are servers that have never been checked. */
  get hasUnchecked(): boolean {
    return this.#entries.some(({ health }) => health === 'unknown');
  }

  /** Every server that may get clients, the best first. */
  all(): readonly Backend[] {
    return [...this.#entries].sort(compare);
  }

  /** Servers that only keep their connections. */
  leaving(): readonly Backend[] {
    this.#leaving = this.#leaving.filter(({ connections }) => connections > 0);
    return this.#leaving;
  }

  /** The best server that has not been tried; undefined: all have been. */
  next(tried: ReadonlySet<Backend>): Backend | undefined {
    const entries = this.#entries;
    const turn = this.#turn++ % entries.length;
    let best: Entry | undefined;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(turn + i) % entries.length];
      if (entry === undefined || tried.has(entry)) continue;
      if (best === undefined || compare(entry, best) < 0) best = entry;
    }
    return best;
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

  /** Tells each server's metrics, and ends those of servers that have gone. */
  publish(metrics: Metrics): void {
    const present = [...this.#entries, ...this.leaving()];
    for (const { address, connections, health } of present) {
      metrics.gauge('tiview_backend_connections', connections, { server: address });
      metrics.gauge('tiview_backend_is_healthy', Number(health === 'healthy'), { server: address });
    }
    const addresses = new Set(present.map(({ address }) => address));
    for (const server of this.#published) {
      if (addresses.has(server)) continue;
      metrics.forget('tiview_backend_connections', { server });
      metrics.forget('tiview_backend_is_healthy', { server });
    }
    this.#published = addresses;
  }

  #find(entry: Entry, reason: string | undefined): void {
    const health = reason === undefined ? 'healthy' : 'unhealthy';
    const { address: server } = entry;
    if (health !== entry.health) {
      if (reason === undefined) this.#log.info('tidb-server is healthy', { server });
      else this.#log.warn('tidb-server is unhealthy', { server, reason });
    }
    entry.health = health;
    entry.reason = reason ?? '';
  }
}

function compare(a: Entry, b: Entry): number {
  const byHealth = HEALTH_RANK[a.health] - HEALTH_RANK[b.health];
  return byHealth || Number(b.isListed) - Number(a.isListed) || a.connections - b.connections;
}

function newEntry({ address, statusAddress }: ListedServer, isSeed: boolean): Entry {
  const status = statusAddress === undefined ? undefined : parseAddress(statusAddress);
  const health: Entry['health'] = 'unknown';
  const state = { isListed: false, health, reason: '', connections: 0, failures: 0 };
  return { address, ...parseAddress(address), status, isSeed, ...state };
}

/** @param address - `[::1]:4000` for IPv6. */
function parseAddress(address: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port > 0 && port < 65536)) throw new AddressError(address);
  return { host, port };
}
