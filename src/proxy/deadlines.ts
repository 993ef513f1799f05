/** What has to happen by when, without a timer for each connection: whoever owns them looks now and then. */
import type { Runtime } from '../base/runtime.js';

/** Deadlines, one for each holder. */
export class Deadlines<T> {
  readonly #runtime: Pick<Runtime, 'monotonicMs'>;
  readonly #passed: (holder: T) => void;
  readonly #atMs = new Map<T, number>();

  /** @param passed - told of a holder at each look from its deadline on, until that is another or none. */
  constructor(runtime: Pick<Runtime, 'monotonicMs'>, passed: (holder: T) => void) {
    this.#runtime = runtime;
    this.#passed = passed;
  }

  /** Sets the holder's deadline, so many milliseconds from now. */
  set(holder: T, ms: number): void {
    this.#atMs.set(holder, this.#runtime.monotonicMs() + ms);
  }

  /** The holder has none any more. */
  clear(holder: T): void {
    this.#atMs.delete(holder);
  }

  /** Looks which have passed. */
  look(): void {
    const nowMs = this.#runtime.monotonicMs();
    for (const [holder, atMs] of this.#atMs) if (nowMs >= atMs) this.#passed(holder);
  }
}
