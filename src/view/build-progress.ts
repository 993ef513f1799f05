/** How far a build has come, as people are told. */
import type { Runtime } from '../base/runtime.js';

/** Phases, in their order. */
export type BuildPhase = 'preparing' | 'scanning' | 'checking' | 'catchingUp';

/** Percent at which a phase begins; a scan goes on from there to the next, the others stay. */
const BEGINS_AT: Readonly<Record<BuildPhase, number>> = {
  preparing: 0,
  scanning: 1,
  checking: 80,
  catchingUp: 90,
};
/** Before so much of a scan is done nobody can say how long the rest takes. */
const SHARE_TO_TELL = 0.02;

/** Progress of one attempt. */
export class BuildProgress {
  readonly #runtime: Runtime;
  #phase: BuildPhase = 'preparing';
  #scanStartMs = 0;
  #rowsExpected = 0;
  #rowsRead = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** The next phase has begun. */
  enter(phase: BuildPhase): void {
    this.#phase = phase;
  }

  /** @param rowsExpected - of the base tables together, as far as TiDB's statistics know. */
  beginScan(rowsExpected: number): void {
    this.#phase = 'scanning';
    this.#rowsExpected = rowsExpected;
    this.#scanStartMs = this.#runtime.monotonicMs();
  }

  /** So many more rows of base tables have been read. */
  read(rows: number): void {
    this.#rowsRead += rows;
  }

  /** 0 … 100. */
  get percent(): number {
    const begin = BEGINS_AT[this.#phase];
    return this.#phase === 'scanning' ? begin + this.#share * (BEGINS_AT.checking - begin) : begin;
  }

  /** Seconds until the scan is done, if it goes on as it has; undefined: not known. */
  get etaSeconds(): number | undefined {
    const share = this.#share;
    if (this.#phase !== 'scanning' || share < SHARE_TO_TELL) return undefined;
    const elapsedMs = this.#runtime.monotonicMs() - this.#scanStartMs;
    return Math.ceil((elapsedMs * (1 - share)) / share / 1000);
  }

  /** Of the scan: 0 … 1. Statistics may be missing, or old, so that there are more rows than expected. */
  get #share(): number {
    return this.#rowsExpected === 0 ? 0 : Math.min(1, this.#rowsRead / this.#rowsExpected);
  }
}
