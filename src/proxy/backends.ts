/**
 * The tidb-servers that clients can be connected to. The one with the fewest connections comes first; one that has
 * lately not taken a connection comes last, but is still tried when all others fail.
 */
import { assert } from '../base/assert.js';
import { limits } from '../base/limits.js';
import type { Runtime } from '../base/runtime.js';
import { TiviewError } from '../base/errors.js';

/** One tidb-server. */
export interface Backend {
  readonly host: string;
  readonly port: number;
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

interface Entry {
  readonly address: string;
  readonly host: string;
  readonly port: number;
  connections: number;
  /** Runtime.monotonicMs of the last failure; −Infinity: none. */
  failedMs: number;
}

/** Chooses among tidb-servers. */
export class Backends {
  readonly #runtime: Runtime;
  #entries: readonly Entry[] = [];
  #turn = 0;

  /** @param addresses - `host:port` each. @throws AddressError. */
  constructor(runtime: Runtime, addresses: readonly string[]) {
    this.#runtime = runtime;
    this.replace(addresses);
  }

  /** Takes another list; connections to servers that are no longer on it live on. @throws AddressError. */
  replace(addresses: readonly string[]): void {
    assert(addresses.length > 0, 'a proxy needs at least one tidb-server');
    const known = new Map(this.#entries.map((entry) => [entry.address, entry]));
    this.#entries = [...new Set(addresses)].map((address) => known.get(address) ?? newEntry(address));
  }

  /** All servers, the best first. Among equals the choice goes round. */
  candidates(): readonly Backend[] {
    const nowMs = this.#runtime.monotonicMs();
    const turn = this.#turn++ % this.#entries.length;
    const rotated = [...this.#entries.slice(turn), ...this.#entries.slice(0, turn)];
    const hasFailed = (entry: Entry): number => Number(nowMs - entry.failedMs < limits.backendRetryMs);
    return rotated.sort((a, b) => hasFailed(a) - hasFailed(b) || a.connections - b.connections);
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

  /** The server did not take a connection, or closed it before its greeting. */
  failed(backend: Backend): void {
    (backend as Entry).failedMs = this.#runtime.monotonicMs();
  }

  /** The server has greeted. */
  succeeded(backend: Backend): void {
    (backend as Entry).failedMs = Number.NEGATIVE_INFINITY;
  }
}

function newEntry(address: string): Entry {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port > 0 && port < 65536)) throw new AddressError(address);
  return { address, host, port, connections: 0, failedMs: Number.NEGATIVE_INFINITY };
}
