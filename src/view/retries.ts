/** Things of which each is tried until it succeeds, at distances that grow, and none holds up the others. */
import { type BackoffKind, pauseMsOf } from '../base/backoff.js';
import type { Runtime } from '../base/runtime.js';

/** What has failed, and when its turn comes again. */
export class Retries {
  readonly #runtime: Runtime;
  readonly #kind: BackoffKind;
  readonly #failed = new Map<bigint, { readonly attempts: number; readonly dueMs: number }>();

  constructor(runtime: Runtime, kind: BackoffKind) {
    this.#runtime = runtime;
    this.#kind = kind;
  }

  /** Whether it may be tried now. */
  isDue(id: bigint): boolean {
    const failure = this.#failed.get(id);
    return failure === undefined || failure.dueMs <= this.#runtime.monotonicMs();
  }

  /** It has failed: it is due again after a pause, longer each time. */
  failed(id: bigint): void {
    const attempts = this.#failed.get(id)?.attempts ?? 0;
    const dueMs = this.#runtime.monotonicMs() + pauseMsOf(this.#kind, attempts);
    this.#failed.set(id, { attempts: attempts + 1, dueMs });
  }

  /** It has succeeded, or need not be done any more. */
  forget(id: bigint): void {
    this.#failed.delete(id);
  }
}
