/**
 * How a background loop waits for its next reason to run. The loop checks its condition, and if there is nothing to do
 * waits, without an `await` in between; whoever changes what the condition looks at rings. So no ring is lost, and a
 * ring too many costs one check.
 */
import type { Runtime } from './runtime.js';

/** Wakes all who wait. Rings are not remembered. */
export class Alarm {
  #waiting = new Set<() => void>();

  ring(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /**
   * Resolves at the next ring.
   *
   * @throws the signal's reason, promptly, when it is aborted.
   */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onRing = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(onRing);
        reject(signal.reason as Error);
      };
      this.#waiting.add(onRing);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /**
   * Resolves at the next ring, or after `ms` milliseconds.
   *
   * @throws the signal's reason, promptly, when it is aborted.
   */
  async waitAtMost(ms: number, runtime: Runtime, signal: AbortSignal): Promise<void> {
    const rung = new AbortController();
    const onRing = (): void => rung.abort(signal.reason);
    const onAbort = (): void => rung.abort(signal.reason);
    this.#waiting.add(onRing);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await runtime.sleep(ms, rung.signal);
    } catch (error) {
      if (!rung.signal.aborted) throw error;
      signal.throwIfAborted();
    } finally {
      this.#waiting.delete(onRing);
      signal.removeEventListener('abort', onAbort);
    }
  }
}
