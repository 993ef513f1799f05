/**
 * A runtime whose time stands still until the test moves it: nothing sleeps for real, every run of a seed is the
 * same. Shared by unit tests and simulations.
 */
import { type Runtime, StoppedError, type Task } from '../../src/base/runtime.js';
import { Random } from './random.js';

interface Sleeper {
  readonly wakeMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Virtual time: {@link VirtualRuntime.advance} wakes the sleepers, in order, and lets their work run. */
export class VirtualRuntime implements Runtime {
  readonly random: () => number;
  /** Failures of background tasks; a test that does not expect any checks that this is empty. */
  readonly crashes: { readonly task: string; readonly error: unknown }[] = [];
  #nowMs = 0;
  #order = 0;
  #sleepers: Sleeper[] = [];

  constructor(seed = 1) {
    const random = new Random(seed);
    this.random = () => random.next();
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      };
      const sleeper: Sleeper = {
        wakeMs: this.#nowMs + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  yieldToIo(): Promise<void> {
    return settle();
  }

  spawn(name: string, work: (signal: AbortSignal) => Promise<void>): Task {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      try {
        await work(controller.signal);
      } catch (error) {
        if (controller.signal.aborted) return;
        this.crashes.push({ task: name, error });
        throw error;
      }
    };
    const done = run();
    done.catch(() => undefined);
    const stop = async (reason: Error = new StoppedError(name)): Promise<void> => {
      controller.abort(reason);
      await done.catch(() => undefined);
    };
    return { name, done, stop, [Symbol.asyncDispose]: () => stop() };
  }

  /** Moves time forward, waking every sleeper whose time comes, each followed by the work it sets off. */
  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await settle();
    for (;;) {
      let next: Sleeper | undefined;
      for (const sleeper of this.#sleepers) {
        if (sleeper.wakeMs > until) continue;
        const isEarlier =
          next === undefined ||
          sleeper.wakeMs < next.wakeMs ||
          (sleeper.wakeMs === next.wakeMs && sleeper.order < next.order);
        if (isEarlier) next = sleeper;
      }
      if (next === undefined) break;
      const woken = next;
      this.#sleepers = this.#sleepers.filter((other) => other !== woken);
      this.#nowMs = Math.max(this.#nowMs, woken.wakeMs);
      woken.wake();
      await settle();
    }
    this.#nowMs = until;
  }

  /** How long until the next sleeper wakes; undefined if nobody sleeps. */
  nextWakeMs(): number | undefined {
    if (this.#sleepers.length === 0) return undefined;
    return Math.max(0, Math.min(...this.#sleepers.map((sleeper) => sleeper.wakeMs)) - this.#nowMs);
  }
}

/** Lets all promise reactions that are due run (a macrotask later, the microtask queue is empty). */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
