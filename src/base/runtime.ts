/**
 * Everything a simulation must own: time, randomness and background work. `dataflow`, `plan`, `codec`, `sql`, `wire`
 * and `catalog` never see one; what runs in the background elsewhere gets one passed in. The real one is
 * system-runtime.ts. (The network seam is transport.ts.)
 */

/** Time, randomness and background tasks. */
export interface Runtime {
  /** Milliseconds since some fixed moment; never goes back. Not a timestamp: those come from PD (law 5). */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds.
   *
   * @throws the signal's reason, promptly, when it is aborted.
   */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Lets pending I/O run; for long loops. */
  yieldToIo(): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
  /**
   * Starts background work and owns it: its failure is reported to the runtime's owner, its end awaited by
   * `Task.stop`. No promise may float outside of this.
   */
  spawn(name: string, work: (signal: AbortSignal) => Promise<void>): Task;
}

/** A piece of background work. */
export interface Task extends AsyncDisposable {
  readonly name: string;
  /** Settles when the work has ended: resolved also after an abort, rejected if it failed by itself. */
  readonly done: Promise<void>;
  /** Aborts the work and waits for its end. Never rejects for the abort itself. */
  stop(reason?: Error): Promise<void>;
}

/** The reason of an orderly end: `signal.reason` of every stopped {@link Task}. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';

  constructor(what = 'stopped') {
    super(what);
  }
}
