/**
 * Statements of our own on a client's session: put between the client's, one at a time, their answers read here, or
 * sent on where they are a part of the client's own packet.
 * Whoever asked may lose interest (abort); the answer is read to its end all the same, because the session could
 * not be used otherwise.
 */
import { withAbort } from '../base/abort.js';
import { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { NO_BYTES, utf8 } from '../base/bytes.js';
import { printTextCommand } from '../wire/com-text.js';
import { Command } from '../wire/command.js';
import type { AnswerOutcome } from '../wire/expected-answers.js';
import { frame, framePayload } from '../wire/packet-writer.js';
import { type TextOutcome, type TextResult, TextResultReader } from '../wire/text-result-reader.js';
import type { LocalAnswer } from './local-answer.js';

interface OwnQuery {
  /** Whether its answer is the client's. */
  readonly isRelayed: boolean;
  /** @returns what comes after the answer and the flags it ended with, once it has ended. */
  readonly feed: (chunk: Uint8Array) => OwnAnswerEnd | undefined;
  readonly fail: (reason: Error) => void;
}

interface OwnAnswerEnd {
  readonly rest: Uint8Array;
  /** undefined after an error. */
  readonly status: number | undefined;
}

/** Runs statements of ours on one session. */
export class OwnQueries {
  readonly #toBackend: (bytes: Uint8Array) => void;
  readonly #isEofDeprecated: boolean;
  #current: OwnQuery | undefined;
  #failedBy: Error | undefined;
  /** Settles, without an error, when the statement sent last has been answered. */
  #last: Promise<unknown> | undefined;

  constructor(toBackend: (bytes: Uint8Array) => void, isEofDeprecated: boolean) {
    this.#toBackend = toBackend;
    this.#isEofDeprecated = isEofDeprecated;
  }

  /** Whether what the tidb-server sends now is an answer to a statement of ours. */
  get isActive(): boolean {
    return this.#current !== undefined;
  }

  /** Whether it is one that goes to the client. */
  get isRelaying(): boolean {
    return this.#current?.isRelayed ?? false;
  }

  /** Settles when no answer is awaited any more. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** @see SessionAccess.query */
  async run(sql: string, signal: AbortSignal): Promise<TextResult> {
    signal.throwIfAborted();
    const answer = this.#enqueue(() => {
      signal.throwIfAborted();
      return this.#read(utf8(sql));
    });
    const outcome = await withAbort(answer, signal);
    switch (outcome.kind) {
      case 'result':
        return outcome.result;
      case 'error':
        throw new SqlError(outcome.err.errno, outcome.err.sqlState, outcome.err.message);
      case 'tooLarge':
        throw outcome.error;
    }
  }

  /** @see SessionAccess.relay */
  relay(text: Uint8Array, answer: LocalAnswer): Promise<AnswerOutcome> {
    return this.#enqueue(() => this.#relay(text, answer));
  }

  /**
   * Reads what the tidb-server sent.
   *
   * @param chunk - lent for the call; may be changed.
   * @returns what comes after our answer, if it has ended; and the status flags it ended with.
   * @throws ProtocolError — when it cannot be followed.
   */
  feed(chunk: Uint8Array): { readonly rest: Uint8Array; readonly status: number | undefined } {
    const query = this.#current;
    if (query === undefined) return { rest: chunk, status: undefined };
    return query.feed(chunk) ?? { rest: NO_BYTES, status: undefined };
  }

  /** The session has ended: no answer will come. */
  fail(reason: Error): void {
    this.#failedBy = reason;
    const query = this.#current;
    this.#current = undefined;
    query?.fail(reason);
  }

  /** One statement at a time: the next is sent when the last has been answered. */
  #enqueue<T>(send: () => Promise<T>): Promise<T> {
    const answer = (this.#last ?? Promise.resolve()).then(() => {
      if (this.#failedBy !== undefined) throw this.#failedBy;
      return send();
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  #read(text: Uint8Array): Promise<TextOutcome> {
    return new Promise((finish, fail) => {
      const reader = new TextResultReader(this.#isEofDeprecated, limits.ownQueryBytes);
      const feed = (chunk: Uint8Array): OwnAnswerEnd | undefined => {
        let step = reader.feed(chunk);
        while (step.kind === 'file') {
          // A file of ours is never wanted: an empty one ends the request.
          this.#toBackend(framePayload(step.sequence, NO_BYTES));
          step = reader.feed(NO_BYTES);
        }
        if (step.kind === 'more') return undefined;
        this.#current = undefined;
        finish(step.outcome);
        const status = step.outcome.kind === 'result' ? step.outcome.result.status : undefined;
        return { rest: step.rest, status };
      };
      this.#send(text, { isRelayed: false, feed, fail });
    });
  }

  #relay(text: Uint8Array, answer: LocalAnswer): Promise<AnswerOutcome> {
    answer.beginRelay();
    return new Promise((finish, fail) => {
      const feed = (chunk: Uint8Array): OwnAnswerEnd | undefined => {
        const { rest, outcome } = answer.pass(chunk);
        if (outcome === undefined) return undefined;
        this.#current = undefined;
        finish(outcome);
        return { rest, status: outcome.errno === 0 ? outcome.status : undefined };
      };
      this.#send(text, { isRelayed: true, feed, fail });
    });
  }

  #send(text: Uint8Array, query: OwnQuery): void {
    this.#current = query;
    this.#toBackend(frame(0, (out) => printTextCommand({ command: Command.query, text }, out)));
  }
}
