/**
 * A runtime whose time is simulated: nothing waits, the clock jumps to the next timer once everything that can run has
 * run. Everything it decides comes from one seed.
 */
import { type Runtime, StoppedError, type Task } from '../../../src/base/runtime.js';
import { Random } from '../../support/random.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Simulated time and tasks. */
export class VirtualRuntime implements Runtime {
  readonly #random: Random;
  readonly crashes: Error[] = [];
  #nowMs = 1000;
  #order = 0;
  readonly #timers: Timer[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.#random.next();
  }

  yieldToIo(): Promise<void> {
    return new Promise((resolve) => this.at(0, resolve));
  }

  /** Calls back after `ms` milliseconds. @returns how to call it off. */
  at(ms: number, fire: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, fire };
    const timers = this.#timers;
    timers.push(timer);
    for (let i = timers.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!isBefore(timers[i]!, timers[parent]!)) break;
      [timers[i], timers[parent]] = [timers[parent]!, timers[i]!];
      i = parent;
    }
    let isOff = false;
    const wrapped = timer as { fire: () => void };
    wrapped.fire = () => {
      if (!isOff) fire();
    };
    return () => {
      isOff = true;
    };
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        callOff();
        reject(signal.reason as Error);
      };
      const callOff = this.at(ms, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  spawn(name: string, work: (signal: AbortSignal) => Promise<void>): Task {
    const controller = new AbortController();
    const done = (async () => {
      try {
        await work(controller.signal);
      } catch (error) {
        if (!controller.signal.aborted) {
          this.crashes.push(new Error(`${name}: ${error instanceof Error ? error.stack : String(error)}`));
          throw error;
        }
      }
    })();
    done.catch(() => undefined);
    const stop = async (reason: Error = new StoppedError(name)): Promise<void> => {
      controller.abort(reason);
      await done.catch(() => undefined);
    };
    return { name, done, stop, [Symbol.asyncDispose]: () => stop() };
  }

  /** Runs until `isOver` says so (asked between any two timers) or time is up. @returns whether it did. */
  async run(isOver: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [crash] = this.crashes;
      if (crash !== undefined) throw crash;
      if (isOver()) return true;
      const timer = this.#timers[0];
      if (timer === undefined || timer.atMs > endMs) {
        this.#nowMs = endMs;
        return false;
      }
      this.#pop();
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.fire();
    }
  }

  #pop(): void {
    const timers = this.#timers;
    const last = timers.pop()!;
    if (timers.length === 0) return;
    timers[0] = last;
    for (let i = 0; ;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < timers.length && isBefore(timers[child]!, timers[least]!)) least = child;
      }
      if (least === i) return;
      [timers[i], timers[least]] = [timers[least]!, timers[i]!];
      i = least;
    }
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
