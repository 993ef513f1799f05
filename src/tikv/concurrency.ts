/** Many things at once, with a bound and one end. */
import { setMaxListeners } from 'node:events';
import { withAbort } from '../base/abort.js';
import { assert } from '../base/assert.js';

/**
 * Runs all of the work at once and returns when every piece has ended. The first failure aborts the others; it is
 * what the caller sees, after all have stopped: nothing goes on behind his back.
 */
export async function allOrAbort(
  works: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const controller = new AbortController();
  const shared = AbortSignal.any([signal, controller.signal]);
  // As many listen as there are works; Node takes more than ten for a leak.
  setMaxListeners(0, shared);
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(
    works.map(async (work) => {
      try {
        await work(shared);
      } catch (error) {
        failure ??= { error };
        controller.abort(error);
      }
    }),
  );
  signal.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}

/** At most `width` pieces of work at once, first come, first served. */
export class Semaphore {
  #free: number;
  #queue: (() => void)[] = [];

  constructor(width: number) {
    assert(width > 0, `semaphore of width ${width}`);
    this.#free = width;
  }

  /** Runs the work when its turn comes; aborted before, it does not run. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    let admit = (): void => undefined;
    const turn = new Promise<void>((resolve) => (admit = resolve));
    this.#queue.push(admit);
    try {
      await withAbort(turn, signal);
    } catch (error) {
      if (this.#queue.includes(admit)) this.#queue = this.#queue.filter((other) => other !== admit);
      else this.#leave(); // It was let in and aborted in the same moment.
      throw error;
    }
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
