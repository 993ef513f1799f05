/** The real clock, timers and randomness: the one file that may use them. */
import { performance } from 'node:perf_hooks';
import { type Runtime, StoppedError, type Task } from './runtime.js';

/**
 * The runtime of a real process.
 *
 * @param onCrash - told when a background task fails by itself (a bug or an unhandled operating error).
 */
export function systemRuntime(onCrash: (task: string, error: unknown) => void): Runtime {
  return {
    monotonicMs: () => performance.now(),
    random: () => Math.random(),
    yieldToIo: () => new Promise((resolve) => setImmediate(resolve)),
    sleep,
    spawn: (name, work) => new SystemTask(name, work, onCrash),
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

class SystemTask implements Task {
  readonly name: string;
  readonly done: Promise<void>;
  readonly #controller = new AbortController();

  constructor(
    name: string,
    work: (signal: AbortSignal) => Promise<void>,
    onCrash: (task: string, error: unknown) => void,
  ) {
    this.name = name;
    this.done = this.#run(work);
    // The handler below also keeps Node from calling this promise unhandled: `done` may have no listener.
    this.done.catch((error: unknown) => onCrash(name, error));
  }

  async #run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#controller;
    try {
      await work(signal);
    } catch (error) {
      // Whatever an aborted task throws on its way out is the abort's doing.
      if (!signal.aborted) throw error;
    }
  }

  async stop(reason: Error = new StoppedError(this.name)): Promise<void> {
    this.#controller.abort(reason);
    await this.done.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
