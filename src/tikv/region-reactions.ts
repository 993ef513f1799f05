/**
 * What is done when a region did not serve a request: the cache is corrected, a pause is made if it takes one, and
 * the sender is told whether the same request can go out again.
 */
import { unreachable } from '../base/assert.js';
import type { Backoff } from '../base/backoff.js';
import { TiviewError } from '../base/errors.js';
import type { Telemetry } from '../base/telemetry.js';
import type { Transport } from '../base/transport.js';
import { backoffKinds } from './backoff-kinds.js';
import type { RegionErrorMessage, RegionMessage } from './proto-types.js';
import type { Peer, Region } from './region.js';
import type { RegionCache } from './region-cache.js';
import { type RegionTrouble, troubleOf } from './region-errors.js';
import type { RpcError } from './rpc-error.js';

/** A region will not serve a request, whatever we try. */
export class RegionRefusedError extends TiviewError {
  override readonly name = 'RegionRefusedError';

  constructor(region: Region, reason: string) {
    super(`region ${String(region.id)} refuses: ${reason}`, {
      kind: 'regionRefused',
      side: 'tikv',
      isRetryable: false,
    });
  }
}

/** What the sender may do next. `again`: the cache knows where, if the region is still what it was. */
export type Verdict = 'again' | 'resplit' | 'tooLarge' | 'undetermined';

/** One request's history with its region. */
export interface Attempts {
  readonly backoff: Backoff;
  /** Replies that named a leader. */
  redirects: number;
  /** Calls without a reply. */
  failures: number;
}

/** Reacts to failures of requests. */
export class RegionReactions {
  readonly #regions: RegionCache;
  readonly #transport: Transport;
  readonly #telemetry: Telemetry;

  constructor(parts: {
    readonly regions: RegionCache;
    readonly transport: Transport;
    readonly telemetry: Telemetry;
  }) {
    this.#regions = parts.regions;
    this.#transport = parts.transport;
    this.#telemetry = parts.telemetry;
  }

  /**
   * The store did not answer: another peer may lead by now. When all have been tried, PD is asked.
   *
   * @throws BudgetError — there have been too many.
   */
  async onLostCall(
    error: RpcError,
    region: Region,
    attempts: Attempts,
    signal: AbortSignal,
  ): Promise<Verdict> {
    this.#count('lostCall');
    attempts.failures++;
    // Its address may have changed: stores move with their id.
    this.#regions.forgetStore(region.leader.storeId);
    await attempts.backoff.pause(backoffKinds.rpc, error, signal);
    if (attempts.failures >= region.peers.length) {
      this.#regions.invalidate(region);
      return 'resplit';
    }
    this.#guessNextLeader(region);
    return 'again';
  }

  /** The store that should lead the region is none that we can talk to. */
  async onStoreGone(error: Error, region: Region, attempts: Attempts, signal: AbortSignal): Promise<Verdict> {
    this.#count('storeGone');
    this.#regions.invalidate(region);
    await attempts.backoff.pause(backoffKinds.regionMiss, error, signal);
    return 'resplit';
  }

  /**
   * The store answered, but not the request.
   *
   * @throws BudgetError — too often; RegionRefusedError — it never will.
   */
  async onRegionError(
    error: RegionErrorMessage,
    region: Region,
    attempts: Attempts,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const trouble = troubleOf(error);
    this.#count('name' in trouble ? trouble.name : trouble.kind);
    const cause = new TiviewError(`region ${String(region.id)}: ${error.message}`, {
      kind: 'regionError',
      side: 'tikv',
      isRetryable: true,
    });
    switch (trouble.kind) {
      case 'notLeader':
        return this.#onNotLeader(trouble.leader, region, attempts, { cause, signal });
      case 'epochNotMatch':
        return this.#onEpochNotMatch(trouble.regions, region, attempts, { cause, signal });
      case 'gone':
        this.#regions.invalidate(region);
        await attempts.backoff.pause(backoffKinds.regionMiss, cause, signal);
        return 'resplit';
      case 'storeNotMatch':
        await this.#onStoreNotMatch(region, signal);
        await attempts.backoff.pause(backoffKinds.regionMiss, cause, signal);
        return 'resplit';
      case 'busy':
      case 'diskFull':
      case 'notReady':
        await attempts.backoff.pause(pauseFor(trouble), cause, signal);
        return 'again';
      case 'tooLarge':
        return 'tooLarge';
      case 'undetermined':
        return 'undetermined';
      case 'refused':
        throw new RegionRefusedError(region, trouble.name);
      default:
        return unreachable(trouble);
    }
  }

  async #onNotLeader(
    leader: Peer | undefined,
    region: Region,
    attempts: Attempts,
    { cause, signal }: { readonly cause: Error; readonly signal: AbortSignal },
  ): Promise<Verdict> {
    if (leader === undefined) {
      await attempts.backoff.pause(backoffKinds.regionMiss, cause, signal);
      this.#guessNextLeader(region);
      return 'again';
    }
    this.#regions.setLeader(region.id, leader);
    attempts.redirects++;
    // The first redirection is news; more of them are an election.
    if (attempts.redirects > 1) await attempts.backoff.pause(backoffKinds.regionMiss, cause, signal);
    return 'again';
  }

  async #onEpochNotMatch(
    current: readonly RegionMessage[],
    region: Region,
    attempts: Attempts,
    { cause, signal }: { readonly cause: Error; readonly signal: AbortSignal },
  ): Promise<Verdict> {
    const same = current.find((message) => message.id === region.id)?.regionEpoch ?? null;
    if (same !== null && (same.version < region.epoch.version || same.confVer < region.epoch.confVer)) {
      // It is the store that is behind us.
      await attempts.backoff.pause(backoffKinds.regionMiss, cause, signal);
      return 'again';
    }
    this.#regions.invalidate(region);
    this.#regions.learn(current, region.leader.storeId);
    // A merge names no regions (TRUTH §3), and PD does not know of it yet.
    if (current.length === 0) await attempts.backoff.pause(backoffKinds.regionMiss, cause, signal);
    return 'resplit';
  }

  async #onStoreNotMatch(region: Region, signal: AbortSignal): Promise<void> {
    const { storeId } = region.leader;
    this.#transport.forget(await this.#regions.storeAddress(storeId, signal));
    this.#regions.forgetStore(storeId);
    this.#regions.invalidate(region);
  }

  #guessNextLeader(region: Region): void {
    const at = region.peers.findIndex((peer) => peer.peerId === region.leader.peerId);
    const next = region.peers[(at + 1) % region.peers.length];
    if (next !== undefined) this.#regions.setLeader(region.id, next);
  }

  #count(kind: string): void {
    this.#telemetry.metrics.count('tiview_rpc_errors_total', 1, { cause: kind });
  }
}

function pauseFor(trouble: Extract<RegionTrouble, { kind: 'busy' | 'diskFull' | 'notReady' }>) {
  switch (trouble.kind) {
    case 'busy':
      return trouble.pauseMs > 0
        ? { ...backoffKinds.serverBusy, baseMs: trouble.pauseMs }
        : backoffKinds.serverBusy;
    case 'diskFull':
      return backoffKinds.diskFull;
    case 'notReady':
      return backoffKinds.regionNotReady;
    default:
      return unreachable(trouble);
  }
}
