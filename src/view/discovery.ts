/**
 * The cluster's servers, as TiDB's own system tables list them: whoever gives one tidb-server gives all, and those that
 * come later too.
 *
 * A server is listed under the address that it advertises. One that says nothing to anybody else (`0.0.0.0`) is left
 * out, and so is a loopback address unless TiDB was itself found at one: here it would be another machine's server, or
 * none. Names that only mean something elsewhere (in a network of containers) are listed like all others: that they
 * cannot be reached is for a health check to find out. So are servers that have died: TiDB lists them for 45 s.
 */
import { TiviewError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { isLoopback } from '../base/hosts.js';
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import { withinTime } from '../base/time-limit.js';
import { type ControlOptions, ControlPool, type ControlRow } from './control-pool.js';
import { repeat } from './repeat.js';

/** A tidb-server as it is listed; addresses are `host:port`. */
export interface ListedTidb {
  readonly address: string;
  /** Of its HTTP status port; undefined: it lists none that can be reached from elsewhere. */
  readonly statusAddress: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
}

/** The cluster's servers; PD's are `host:port` each. */
export interface ClusterServers {
  readonly pd: readonly string[];
  readonly tidb: readonly ListedTidb[];
}

/** What discovery needs. */
export interface DiscoveryOptions {
  readonly control: Omit<ControlOptions, 'telemetry'>;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
}

const LIST =
  "SELECT type, instance, status_address FROM information_schema.cluster_info WHERE type IN ('pd', 'tidb')";

/** What `cluster_info` does not say. */
const LABELS = 'SELECT ip, port, labels FROM information_schema.tidb_servers_info';

/** Looks for the cluster's servers. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #control: ControlPool;
  #ignored = '';

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#control = new ControlPool({ ...options.control, telemetry: options.telemetry });
  }

  /**
   * Looks once.
   *
   * @throws ControlUnavailableError — no tidb-server answers; SqlError — the account is refused; TiviewError — TiDB
   *   takes more than `limits.discoveryMs`.
   */
  async look(signal: AbortSignal): Promise<ClusterServers> {
    const { rows, labelRows } = await this.#rows(signal);
    const pd = rows.flatMap(({ type, instance }) => (type === 'pd' && instance ? [instance] : []));
    const isLocal = this.#options.control.servers().some(({ host }) => isLoopback(host));
    const { tidb, ignored } = reachableServers(rows, isLocal, labelsByAddress(labelRows));
    if (ignored.join() !== this.#ignored) {
      this.#ignored = ignored.join();
      const { log } = this.#options.telemetry;
      log.warn('tidb-servers are left out whose address means nothing here', { servers: this.#ignored });
    }
    return { pd, tidb };
  }

  /**
   * Looks again and again, and tells of every list that is not empty. A look that fails tells nothing.
   *
   * @throws the signal's reason; what `found` throws and is no operating error.
   */
  watch(found: (tidb: readonly ListedTidb[]) => void, signal: AbortSignal): Promise<never> {
    const work = async (): Promise<void> => {
      const { tidb } = await this.look(signal);
      if (tidb.length > 0) found(tidb);
    };
    const complaint = 'the list of tidb-servers stays as it was';
    return repeat(this.#options, { pauseMs: limits.discoveryPauseMs, complaint, work }, signal);
  }

  /** Ends its connection. */
  close(): void {
    this.#control.close();
  }

  async #rows(signal: AbortSignal): Promise<Record<'rows' | 'labelRows', readonly ControlRow[]>> {
    const late = (): Error =>
      new TiviewError(`TiDB has not listed its servers within ${limits.discoveryMs} ms`, {
        kind: 'discoverySlow',
        side: 'tidb',
        isRetryable: true,
      });
    return withinTime(
      { runtime: this.#options.runtime, ms: limits.discoveryMs, late },
      async (bound) => {
        const rows = await this.#control.query(LIST, bound);
        return { rows, labelRows: await this.#control.query(LABELS, bound) };
      },
      signal,
    );
  }
}

/**
 * The tidb-servers among the rows of `cluster_info` that may be reached from here.
 *
 * @param isLocal - whether TiDB runs on this machine: loopback addresses are then its own.
 * @param labels - by address; see {@link labelsByAddress}.
 */
export function reachableServers(
  rows: readonly ControlRow[],
  isLocal: boolean,
  labels: ReadonlyMap<string, ReadonlyMap<string, string>>,
): { readonly tidb: readonly ListedTidb[]; readonly ignored: readonly string[] } {
  const isReachable = (address: string): boolean => {
    const [, host] = /^\[?([^\]]+?)\]?:[1-9]\d{0,4}$/.exec(address) ?? [];
    return host !== undefined && !isUnspecified(host) && (isLocal || !isLoopback(host));
  };
  const servers = rows.filter(({ type }) => type === 'tidb');
  const tidb = servers.flatMap(({ instance, status_address: status }): ListedTidb[] => {
    const address = instance ?? '';
    if (!isReachable(address)) return [];
    const statusAddress = isReachable(status ?? '') ? (status ?? '') : undefined;
    return [{ address, statusAddress, labels: labels.get(address) ?? new Map() }];
  });
  const ignored = servers.map(({ instance }) => instance ?? '').filter((address) => !isReachable(address));
  return { tidb, ignored };
}

/** The labels of each tidb-server, by the address under which `cluster_info` has it: `zone=a,rack=b` in a row. */
export function labelsByAddress(
  rows: readonly ControlRow[],
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(
    rows.map(({ ip, port, labels }) => {
      const host = ip?.includes(':') === true ? `[${ip}]` : (ip ?? '');
      const pairs = (labels ?? '').split(',').flatMap((pair): [string, string][] => {
        const at = pair.indexOf('=');
        return at < 0 ? [] : [[pair.slice(0, at), pair.slice(at + 1)]];
      });
      return [`${host}:${port ?? ''}`, new Map(pairs)];
    }),
  );
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
