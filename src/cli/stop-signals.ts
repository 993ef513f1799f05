/** SIGTERM and SIGINT as abort signals. Loaded before everything else: from then on neither ends the process by itself. */
import { StoppedError } from '../base/runtime.js';

/** What the process has been told. */
export interface StopSignals {
  /** Aborted by the first SIGTERM or SIGINT: an orderly end is wanted. */
  readonly first: AbortSignal;
  /** Aborted by the second: an end is wanted. */
  readonly second: AbortSignal;
}

/** Listens from now on. */
export function stopSignals(): StopSignals {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = (): void => {
    if (first.signal.aborted) second.abort(new StoppedError('told twice to stop'));
    else first.abort(new StoppedError('told to stop'));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return { first: first.signal, second: second.signal };
}
