/** What is written down of one session, from its client's connection to its end. */
import { CommandWatch } from './command-watch.js';
import type { JournalOptions } from './journal.js';
import type { Runtime } from '../../base/runtime.js';
import { SessionFacts, type SessionSource } from './session-facts.js';

/** One session's part of the journal. */
export class SessionJournal {
  readonly #facts: SessionFacts;
  readonly #options: JournalOptions;
  readonly #monotonicMs: () => number;
  #state: 'login' | 'open' | 'ended' = 'login';

  constructor(facts: SessionFacts, options: JournalOptions, monotonicMs: () => number) {
    this.#facts = facts;
    this.#options = options;
    this.#monotonicMs = monotonicMs;
  }

  /** The client has logged in. @returns what its commands are shown to. */
  loggedIn(database: () => string | undefined): CommandWatch {
    this.#state = 'open';
    this.#facts.database = database;
    this.#audit('login', {});
    return new CommandWatch(this.#facts, this.#options, this.#monotonicMs);
  }

  /**
   * The client was not let in. Who has not even said who he is, such as whoever only looks whether the port is open,
   * is not written down.
   *
   * @param errno - that it was told; 0: it went, or was cut off.
   */
  loginFailed(errno: number): void {
    if (this.#state === 'login' && this.#facts.user !== undefined) this.#audit('loginFailed', { errno });
    this.#state = 'ended';
  }

  /** The client has asked to be somebody else, and was answered. */
  changedUser(newUser: string, errno: number): void {
    this.#audit('changeUser', { newUser, errno });
  }

  /** The session ends; what is said of that later on is what follows from it. */
  ended(reason: string): void {
    if (this.#state === 'open') this.#audit('end', { reason });
    this.#state = 'ended';
  }

  #audit(event: string, more: Readonly<Record<string, string | number>>): void {
    this.#options.audit?.write({ event, ...this.#facts.record(), ...more });
  }
}

/** The part of a client that has just connected; undefined where nothing is written down. */
export function openJournal(
  { journal, runtime }: { readonly journal: JournalOptions | undefined; readonly runtime: Runtime },
  address: string | undefined,
  source: SessionSource,
): SessionJournal | undefined {
  if (journal === undefined) return undefined;
  return new SessionJournal(new SessionFacts(address, source), journal, () => runtime.monotonicMs());
}
