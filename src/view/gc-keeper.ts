/**
 * Keeps garbage collection away from what may still be needed: the base tables' history since the applied ts (a
 * restart reads on from there) and since the snapshot of every build. One barrier for all, at the least of them.
 *
 * If this process dies the barrier stays for its time to live: long enough for a successor to take it over, short
 * enough not to keep garbage for good.
 */
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import { loggedCause } from '../base/sensitive.js';
import { type Ts, minTs } from '../codec/tso.js';
import { type GcBarrier, HistoryGoneError } from '../tikv/pd/gc-barrier.js';

/** Seconds that the barrier outlives its last refresh. */
const TTL_SECONDS = 3600;
/** Between two refreshes; each also lets collection advance to where we are by then. */
const REFRESH_MS = 10_000;

/** Holds the barrier for one reign. */
export class GcKeeper {
  readonly #barrier: GcBarrier;
  readonly #runtime: Runtime;
  readonly #telemetry: Telemetry;
  readonly #needs = new Map<string, () => Ts>();

  constructor(barrier: GcBarrier, runtime: Runtime, telemetry: Telemetry) {
    this.#barrier = barrier;
    this.#runtime = runtime;
    this.#telemetry = telemetry;
  }

  /**
   * Holds history at `need()`, now and at every refresh, until {@link release}.
   *
   * @throws HistoryGoneError — it is too late; RpcError, BudgetError — PD cannot be reached.
   */
  async hold(name: string, need: () => Ts, signal: AbortSignal): Promise<void> {
    this.#needs.set(name, need);
    try {
      await this.#refresh(signal);
    } catch (error) {
      this.#needs.delete(name);
      throw error;
    }
  }

  /** From the next refresh on, another place counts for a holder. */
  move(name: string, need: () => Ts): void {
    this.#needs.set(name, need);
  }

  release(name: string): void {
    this.#needs.delete(name);
  }

  /** Refreshes until aborted. @throws HistoryGoneError — the barrier was lost; the signal's reason. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#runtime.sleep(REFRESH_MS, signal);
      try {
        await this.#refresh(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof HistoryGoneError) throw error;
        this.#telemetry.log.warn('the GC barrier could not be refreshed', { cause: loggedCause(error) });
      }
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    let least: Ts | undefined;
    for (const need of this.#needs.values()) least = least === undefined ? need() : minTs(least, need());
    if (least !== undefined && least > 0n) await this.#barrier.hold(least, TTL_SECONDS, signal);
  }
}
