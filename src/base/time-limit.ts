/** Work that may take only so long. */
import { LinkedAbort } from './linked-abort.js';
import { type Runtime, StoppedError } from './runtime.js';

/** How long, by whose clock, and what the work's signal is aborted with then. */
export interface TimeLimit {
  readonly runtime: Runtime;
  readonly ms: number;
  readonly late: () => Error;
}

/**
 * Runs the work with a signal that is aborted when the time is over, or with the one given.
 *
 * @throws what the work throws: whether an abort is an error is for the work to say.
 */
export async function withinTime<T>(
  { runtime, ms, late }: TimeLimit,
  work: (bound: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const bound = new LinkedAbort(signal);
  const timer = runtime.sleep(ms, bound.signal).then(
    () => bound.abort(late()),
    () => undefined,
  );
  try {
    return await work(bound.signal);
  } finally {
    bound.abort(new StoppedError('the work is over'));
    bound.unlink();
    await timer;
  }
}
