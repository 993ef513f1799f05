/**
 * Retrying with a name, a growing pause and a budget. Every retry loop in the program goes through here, so that a
 * stuck dependency is an error that says what was tried, for how long, and why it failed last.
 */
import { TiviewError, type Side, messageOf } from './errors.js';
import type { Runtime } from './runtime.js';

/** How one kind of failure is waited out: `base`, doubling up to `cap`, with jitter in [½, 1]. */
export interface BackoffKind {
  readonly name: string;
  readonly baseMs: number;
  readonly capMs: number;
}

/** The whole pause after so many attempts of a kind, without jitter. @param attempt - from 0. */
export function pauseMsOf({ baseMs, capMs }: BackoffKind, attempt: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(attempt, 20));
}

/** A budget ran out: what was tried kept failing. */
export class BudgetError extends TiviewError {
  override readonly name = 'BudgetError';

  constructor(what: string, side: Side, elapsedMs: number, cause: unknown) {
    super(`${what}: gave up after ${Math.round(elapsedMs)} ms: ${messageOf(cause)}`, {
      kind: 'budget',
      side,
      isRetryable: true,
      cause,
    });
  }
}

/** The pauses of one operation over all its attempts. */
export class Backoff {
  readonly #runtime: Runtime;
  readonly #what: string;
  readonly #side: Side;
  readonly #budgetMs: number;
  readonly #startedMs: number;
  readonly #attempts = new Map<string, number>();

  /**
   * @param what - the operation, for the error: `prewrite region 12`.
   * @param budgetMs - time over all attempts, > 0; Infinity for what must go on for ever.
   */
  constructor(runtime: Runtime, what: string, side: Side, budgetMs: number) {
    this.#runtime = runtime;
    this.#what = what;
    this.#side = side;
    this.#budgetMs = budgetMs;
    this.#startedMs = runtime.monotonicMs();
  }

  /** Pauses so far, over all kinds. */
  get attempts(): number {
    let sum = 0;
    for (const count of this.#attempts.values()) sum += count;
    return sum;
  }

  /**
   * Waits before the next attempt.
   *
   * @param cause - why the last attempt failed.
   * @throws BudgetError — when the budget is used up; the signal's reason when aborted.
   */
  async pause(kind: BackoffKind, cause: unknown, signal: AbortSignal): Promise<void> {
    const elapsedMs = this.#runtime.monotonicMs() - this.#startedMs;
    if (elapsedMs >= this.#budgetMs) throw new BudgetError(this.#what, this.#side, elapsedMs, cause);
    const attempt = this.#attempts.get(kind.name) ?? 0;
    this.#attempts.set(kind.name, attempt + 1);
    await this.#runtime.sleep(pauseMsOf(kind, attempt) * (0.5 + this.#runtime.random() / 2), signal);
  }

  /** Starts the growth of the pauses anew (not the budget): progress was made. */
  reset(): void {
    this.#attempts.clear();
  }
}
