/**
 * Where the time of an epoch goes, from closing its input to its commit, for `/metrics`. Phases follow one another
 * without a gap: their sum is the epoch. How long the changes had waited before that is a phase too, but not ours: it
 * is the cadence at which TiKV resolves timestamps, and the epoch before.
 */
import type { Runtime } from '../base/runtime.js';
import type { Metrics } from '../base/telemetry.js';
import { type Ts, physicalMs } from '../codec/tso.js';

/**
 * - `input`: changes are taken, netted, decoded; `step`: through the circuit
 * - `previous`: the keys of the epoch before are still being committed
 * - `open`: start ts; frontier record and TableInfos at it
 * - `encode`: rows and index entries
 * - `prewrite`, `commit`: TiKV
 */
export type EpochPhase = 'input' | 'step' | 'previous' | 'open' | 'encode' | 'prewrite' | 'commit';

/** Measures one epoch. */
export class EpochClock {
  readonly #runtime: Runtime;
  readonly #metrics: Metrics;
  readonly #startMs: number;
  #sinceMs: number;

  constructor(runtime: Runtime, metrics: Metrics) {
    this.#runtime = runtime;
    this.#metrics = metrics;
    this.#startMs = runtime.monotonicMs();
    this.#sinceMs = this.#startMs;
  }

  /** When the epoch began, on the runtime's clock. */
  get startMs(): number {
    return this.#startMs;
  }

  /**
   * How long the oldest change had to wait until its epoch could close: by PD's clock, which goes in steps of up to
   * 50 ms, so that only the mean says more than that.
   */
  waited(oldest: Ts, upper: Ts): void {
    this.#observe('wait', Number(physicalMs(upper) - physicalMs(oldest)));
  }

  /** What went on until now was this phase. A phase that is repeated, because an attempt failed, counts again. */
  ended(phase: EpochPhase): void {
    const nowMs = this.#runtime.monotonicMs();
    this.#observe(phase, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }

  /** The epoch is committed. */
  finished(): void {
    const elapsedMs = this.#runtime.monotonicMs() - this.#startMs;
    this.#metrics.observe('tiview_epoch_seconds', elapsedMs / 1000);
  }

  #observe(phase: EpochPhase | 'wait', ms: number): void {
    this.#metrics.observe('tiview_epoch_phase_seconds', ms / 1000, { phase });
  }
}
