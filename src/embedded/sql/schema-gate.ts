/**
 * Keeps schema changes and commits of rows apart: no row is written by a schema that is no more. All of both go through
 * this process, so a gate in it does what TiDB needs leases and metadata locks for.
 */
export class SchemaGate {
  readonly #commits = new Set<Promise<void>>();
  #change: Promise<unknown> = Promise.resolve();

  /** Runs a commit beside others, but not beside a change. */
  async commit(work: () => Promise<void>): Promise<void> {
    // Another change may have begun while this one was awaited.
    for (let change = this.#change; ; change = this.#change) {
      await change;
      if (change === this.#change) break;
    }
    const running = work();
    const ended = running.catch(() => undefined);
    this.#commits.add(ended);
    try {
      await running;
    } finally {
      this.#commits.delete(ended);
    }
  }

  /** Runs a schema change alone: after those before it, and after the commits that have begun. */
  change(work: () => Promise<void>): Promise<void> {
    const done = this.#change.then(async () => {
      await Promise.all(this.#commits);
      return work();
    });
    this.#change = done.catch(() => undefined);
    return done;
  }
}
