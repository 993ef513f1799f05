/** What the status port says, from before the first layer stands to after the last has gone. */
import type { Work } from '../observe/progress-line.js';
import type { StatusSource } from '../observe/status-server.js';
import type { Backend } from '../proxy/backends.js';
import type { Proxy } from '../proxy/proxy.js';
import type { RelayCounts } from '../proxy/relay-counts.js';
import type { ViewService } from '../view/index.js';

type ServingProxy = Pick<Proxy, 'backends' | 'counts' | 'unavailability'>;

const NO_MOVES: RelayCounts['moves'] = { moved: 0, refused: 0, failed: 0 };

/** Gathers the state of the process. */
export class StatusBoard implements StatusSource {
  readonly #version: string;
  readonly #stopping: AbortSignal;
  #service: ViewService | undefined;
  #proxy: ServingProxy | undefined;

  /** @param stopping - aborted when the process has been told to stop. */
  constructor(version: string, stopping: AbortSignal) {
    this.#version = version;
    this.#stopping = stopping;
  }

  /** Clients are served from now on. */
  serves(service: ViewService, proxy: ServingProxy): void {
    this.#service = service;
    this.#proxy = proxy;
  }

  status(): unknown {
    return {
      version: this.#version,
      connections: this.#proxy?.counts.openConnections ?? 0,
      moves: { ...(this.#proxy?.counts.moves ?? NO_MOVES) },
      servers: (this.#proxy?.backends ?? []).map(statusOf),
      ...this.#service?.status(),
    };
  }

  /** Builds under way, as far as this instance knows. */
  builds(): readonly Work[] {
    const views = this.#service?.status().views ?? [];
    return views
      .filter((view) => view['State'] === 'BUILDING')
      .map((view) => ({
        name: `${view['Database'] ?? ''}.${view['Name'] ?? ''}`,
        percent: Number(view['Progress']),
        etaSeconds: view['Eta_s'] === null ? undefined : Number(view['Eta_s']),
      }));
  }

  health(): { readonly isHealthy: boolean; readonly reason: string } {
    if (this.#stopping.aborted) return { isHealthy: false, reason: 'draining' };
    if (this.#service === undefined) return { isHealthy: false, reason: 'starting' };
    const reason = this.#proxy?.unavailability;
    return reason === undefined ? { isHealthy: true, reason: 'ok' } : { isHealthy: false, reason };
  }
}

/** One server, with what its share of clients goes by. */
function statusOf(server: Backend): unknown {
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
