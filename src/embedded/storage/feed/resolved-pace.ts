/** When resolved timestamps are sent: `cdc.min-ts-interval`, unless they are made to stall. */

/** The interval that a cluster begins with: what TRUTH §2 recommends for fresh views. */
const INTERVAL_MS = 50;

/** The pace of all feeds. */
export class ResolvedPace {
  #intervalMs = INTERVAL_MS;
  #isStalled = false;
  #nextMs = 0;

  /** From the next tick on. @param ms - > 0. */
  setInterval(ms: number): void {
    this.#intervalMs = ms;
  }

  /** None are sent until {@link resume}. */
  stall(): void {
    this.#isStalled = true;
  }

  resume(): void {
    this.#isStalled = false;
  }

  /** When the next tick is due. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Whether to send them now; asked when a tick is due, it sets the next one. */
  tick(nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + this.#intervalMs;
    return !this.#isStalled;
  }
}
