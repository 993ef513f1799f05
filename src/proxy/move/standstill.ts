/**
 * A session that is to stand still. While that is awaited its client's commands are forwarded one at a time, so that
 * the end of a transaction is seen even if the client never waits for an answer. It begins as soon as no command,
 * transaction or cursor is open; from then on nothing of the client's is forwarded.
 */

/** Made for each time that a session is to stand still. */
export class Standstill {
  /** Resolves when it has begun. */
  readonly begun: Promise<void>;
  /** Whether the session can do without its tidb-server: what it needs to go on elsewhere is in hand. */
  survivesServer = false;
  readonly #controller = new AbortController();
  #resolve: () => void = () => undefined;
  #hasBegun = false;

  constructor() {
    this.begun = new Promise((resolve) => (this.#resolve = resolve));
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Aborted when the session ends. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.#hasBegun = true;
    this.#resolve();
  }

  /** The session ends. */
  abandon(reason: Error): void {
    this.#controller.abort(reason);
  }
}
