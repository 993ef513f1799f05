/** Registry changes that wait for the next epoch, and those who wait for them. */
import type { RegistryEdit } from './registry.js';

interface Pending {
  readonly edits: readonly RegistryEdit[];
  readonly resolve: () => void;
}

/** What one epoch takes along. */
export interface TakenEdits {
  readonly edits: readonly RegistryEdit[];
  /** They are committed. */
  readonly done: () => void;
}

/** The queue. */
export class PendingEdits {
  #pending: Pending[] = [];

  /** How many requests wait. */
  get count(): number {
    return this.#pending.length;
  }

  /**
   * Queues changes; resolves when they are committed.
   *
   * @throws the signal's reason; if they have been taken by then they may still be committed.
   */
  add(edits: readonly RegistryEdit[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        this.#pending = this.#pending.filter((other) => other !== pending);
        reject(signal.reason as Error);
      };
      const pending: Pending = {
        edits,
        resolve: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.push(pending);
    });
  }

  /** Takes everything that waits. */
  take(): TakenEdits {
    const taken = this.#pending;
    this.#pending = [];
    return {
      edits: taken.flatMap(({ edits }) => edits),
      done: () => {
        for (const { resolve } of taken) resolve();
      },
    };
  }
}
