/**
 * How long a client has been silent, found out by looking now and then: what it has sent is counted by its socket
 * anyway, so that nothing has to be noted when a command comes.
 */
import type { IdleLimits } from './client-limits.js';

/** What is looked at of a session. */
export interface SilentSession {
  /** Whether it is the client's turn: as long as it is not, it is not silent. */
  readonly isAwaitingCommand: boolean;
  /** Whether, besides, no transaction or cursor is open. */
  readonly isQuiet: boolean;
}

/** One client's silence. */
export class Silence {
  readonly #limits: IdleLimits;
  #sinceMs: number;
  #receivedBytes = -1;

  /** @param nowMs - Runtime.monotonicMs: silence is counted from here. */
  constructor(idleLimits: IdleLimits, nowMs: number) {
    this.#limits = idleLimits;
    this.#sinceMs = nowMs;
  }

  /** Looks. @param receivedBytes - from the client, ever. */
  isTooLong({ isAwaitingCommand, isQuiet }: SilentSession, receivedBytes: number, nowMs: number): boolean {
    if (!isAwaitingCommand || receivedBytes !== this.#receivedBytes) this.#sinceMs = nowMs;
    this.#receivedBytes = receivedBytes;
    const { idleMs, idleTransactionMs } = this.#limits;
    const mostMs = isQuiet ? idleMs : idleTransactionMs;
    return mostMs > 0 && nowMs - this.#sinceMs >= mostMs;
  }
}
