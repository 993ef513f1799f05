/** What is done again and again for as long as something lives, whatever comes between. */
import { TiviewError } from '../base/errors.js';
import { loggedCause } from '../base/sensitive.js';
import type { CommitParts } from '../commit/fenced-transaction.js';

/** What is repeated. */
export interface Repeated {
  /** Between the end of one time and the beginning of the next. */
  readonly pauseMs: number;
  /** For the log: what could not be done, when TiDB, TiKV or PD could not be reached. */
  readonly complaint: string;
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/** Repeats until aborted. @throws the signal's reason; a bug that `work` comes upon. */
export async function repeat(
  { runtime, telemetry }: Pick<CommitParts, 'runtime' | 'telemetry'>,
  { pauseMs, complaint, work }: Repeated,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    try {
      await work(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TiviewError)) throw error;
      telemetry.log.warn(complaint, { cause: loggedCause(error) });
    }
    await runtime.sleep(pauseMs, signal);
  }
}
