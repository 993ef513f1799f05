/**
 * Statements of our own on a client's session: put between the client's, one at a time, their answers read here.
 * Whoever asked may lose interest (abort); the answer is read to its end all the same, because the session could
 * not be used otherwise.
 */
import { withAbort } from '../base/abort.js';
import { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { NO_BYTES, utf8 } from '../base/bytes.js';
import { printTextCommand } from '../wire/com-text.js';
import { Command } from '../wire/command.js';
import { frame, framePayload } from '../wire/packet-writer.js';
import { type TextOutcome, type TextResult, TextResultReader } from '../wire/text-result-reader.js';

interface OwnQuery {
  readonly reader: TextResultReader;
  readonly finish: (outcome: TextOutcome) => void;
  readonly fail: (reason: Error) => void;
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

  /** Settles when no answer is awaited any more. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** @see SessionAccess.query */
  async run(sql: string, signal: AbortSignal): Promise<TextResult> {
    signal.throwIfAborted();
    const answer = (this.#last ?? Promise.resolve()).then(() => this.#send(sql, signal));
    this.#last = answer.catch(() => undefined);
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

  /**
   * Reads what the tidb-server sent.
   *
   * @returns what comes after our answer, if it has ended; and the status flags it ended with.
   * @throws ProtocolError — when it cannot be followed.
   */
  feed(chunk: Uint8Array): { readonly rest: Uint8Array; readonly status: number | undefined } {
    const query = this.#current;
    if (query === undefined) return { rest: chunk, status: undefined };
    let step = query.reader.feed(chunk);
    while (step.kind === 'file') {
      // A file of ours is never wanted: an empty one ends the request.
      this.#toBackend(framePayload(step.sequence, NO_BYTES));
      step = query.reader.feed(NO_BYTES);
    }
    if (step.kind === 'more') return { rest: NO_BYTES, status: undefined };
    this.#current = undefined;
    query.finish(step.outcome);
    const status = step.outcome.kind === 'result' ? step.outcome.result.status : undefined;
    return { rest: step.rest, status };
  }

  /** The session has ended: no answer will come. */
  fail(reason: Error): void {
    this.#failedBy = reason;
    const query = this.#current;
    this.#current = undefined;
    query?.fail(reason);
  }

  #send(sql: string, signal: AbortSignal): Promise<TextOutcome> {
    signal.throwIfAborted();
    if (this.#failedBy !== undefined) throw this.#failedBy;
    return new Promise((finish, fail) => {
      const reader = new TextResultReader(this.#isEofDeprecated, limits.ownQueryBytes);
      this.#current = { reader, finish, fail };
      this.#toBackend(frame(0, (out) => printTextCommand({ command: Command.query, text: utf8(sql) }, out)));
    });
  }
}
