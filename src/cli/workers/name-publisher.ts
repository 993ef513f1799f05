/**
 * Every front-end process knows the names of views before a statement that changes them is answered: else a client
 * that was told of a new view could write to it through another process. Names are also looked at all the time, since
 * other instances, and the life of views, change them too.
 */
import { limits } from '../../base/limits.js';
import type { Runtime } from '../../base/runtime.js';
import type { NameSnapshot, StatementService } from '../../view/index.js';

/** What the publisher needs of a front end. */
export interface NameReader {
  /** @see WorkerHandle.learn */
  learn(names: NameSnapshot): Promise<void>;
}

/** Tells front ends the names of views. */
export class NamePublisher {
  readonly #service: Pick<StatementService, 'names'>;
  #published: NameSnapshot;
  /** Who is told, and until when the latest names have been taken there. */
  readonly #taken = new Map<NameReader, Promise<void>>();

  constructor(service: Pick<StatementService, 'names'>) {
    this.#service = service;
    this.#published = service.names();
  }

  /** A front end is told from now on. @returns the names to start it with, at once. */
  join(reader: NameReader): NameSnapshot {
    this.#publish();
    this.#taken.set(reader, Promise.resolve());
    return this.#published;
  }

  leave(reader: NameReader): void {
    this.#taken.delete(reader);
  }

  /** Looks again and again. @throws the signal's reason. */
  async watch(runtime: Runtime, signal: AbortSignal): Promise<never> {
    for (;;) {
      await runtime.sleep(limits.nameWatchMs, signal);
      this.#publish();
    }
  }

  /** Resolves when every front end judges by the names of now, or has ended. */
  async settled(): Promise<void> {
    this.#publish();
    await Promise.all(this.#taken.values());
  }

  #publish(): void {
    const names = this.#service.names();
    if (names === this.#published) return;
    this.#published = names;
    // The channel keeps order: who has taken these names has taken all before.
    for (const reader of this.#taken.keys()) this.#taken.set(reader, reader.learn(names));
  }
}
