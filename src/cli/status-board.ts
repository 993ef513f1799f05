/** What the status port says, from before the first layer stands to after the last has gone. */
import type { Work } from '../observe/progress-line.js';
import type { StatusSource } from '../observe/status-server.js';
import type { ViewService } from '../view/index.js';
import { type FrontEndState, type FrontEnds, NO_MOVES } from './front-ends.js';

const NO_FRONT_ENDS: FrontEndState = { connections: 0, moves: NO_MOVES, servers: [] };

/** Gathers the state of the process. */
export class StatusBoard implements StatusSource {
  readonly #version: string;
  readonly #stopping: AbortSignal;
  #service: ViewService | undefined;
  #frontEnds: Pick<FrontEnds, 'state' | 'unavailability'> | undefined;

  /** @param stopping - aborted when the process has been told to stop. */
  constructor(version: string, stopping: AbortSignal) {
    this.#version = version;
    this.#stopping = stopping;
  }

  /** Clients are served from now on. */
  serves(service: ViewService, frontEnds: Pick<FrontEnds, 'state' | 'unavailability'>): void {
    this.#service = service;
    this.#frontEnds = frontEnds;
  }

  async status(): Promise<unknown> {
    const frontEnds = (await this.#frontEnds?.state()) ?? NO_FRONT_ENDS;
    return { version: this.#version, ...frontEnds, ...this.#service?.status() };
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
    const reason = this.#frontEnds?.unavailability;
    return reason === undefined ? { isHealthy: true, reason: 'ok' } : { isHealthy: false, reason };
  }
}
