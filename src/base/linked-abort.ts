/**
 * A controller that is aborted when its parent is.
 *
 * `AbortSignal.any` does the same, but in Node 20 a signal remembers for ever whatever was made from it (some 60
 * bytes each), and the signals that are passed down here live as long as the process. Whoever links must unlink.
 */
export class LinkedAbort {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #onAbort = (): void => this.#controller.abort(this.#parent.reason);

  constructor(parent: AbortSignal) {
    this.#parent = parent;
    if (parent.aborted) this.#onAbort();
    else parent.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The parent's abort means nothing here any more: the work is over. */
  unlink(): void {
    this.#parent.removeEventListener('abort', this.#onAbort);
  }
}
