/** Runs a taken statement in the background, and sees to it that it is answered exactly once. */
import { AssertionError } from '../base/assert.js';
import { TiviewError } from '../base/errors.js';
import type { Runtime } from '../base/runtime.js';
import type { LocalAnswer } from './local-answer.js';
import type { OwnQueries } from './own-queries.js';
import type { LocalStatement, SessionAccess } from './statement-gate.js';

/** What a taken statement runs with. */
export interface LocalTaskParts {
  readonly runtime: Runtime;
  readonly statement: LocalStatement;
  readonly answer: LocalAnswer;
  readonly queries: OwnQueries;
  readonly connectionId: number;
  readonly capabilities: number;
  /** The session's flags now. */
  readonly status: () => number;
  /** Called when the answer is out and the session is free again; not after {@link LocalTask.abandon}. */
  readonly finished: () => void;
}

/** A taken statement under way. */
export class LocalTask {
  readonly #parts: LocalTaskParts;
  readonly #controller = new AbortController();
  #isAbandoned = false;

  constructor(parts: LocalTaskParts) {
    this.#parts = parts;
  }

  /** Starts it. */
  start(): void {
    this.#parts.runtime.spawn('taken statement', () => this.#run());
  }

  /** Aborts it; its answer will be this error, unless it is finished in spite of it. */
  interrupt(error: Error): void {
    this.#controller.abort(error);
  }

  /** Aborts it because the session ends; the client gets the error, if it is still there. */
  abandon(error: Error): void {
    this.#isAbandoned = true;
    this.#parts.answer.cutOff(error);
    this.#controller.abort(error);
  }

  async #run(): Promise<void> {
    const { statement, answer, queries, finished } = this.#parts;
    try {
      await statement(this.#access(), answer);
      if (!answer.isFinished) throw new AssertionError('a taken statement ended without an answer');
    } catch (error) {
      if (!answer.isFinished) answer.fail(error);
      // A bug of ours: the client has its answer, now whoever owns the runtime must hear of it.
      if (!(error instanceof TiviewError) && error !== this.#controller.signal.reason) throw error;
    } finally {
      await queries.idle();
      if (!this.#isAbandoned) finished();
    }
  }

  #access(): SessionAccess {
    const { connectionId, capabilities, status, queries, answer } = this.#parts;
    return {
      connectionId,
      capabilities,
      get status() {
        return status();
      },
      signal: this.#controller.signal,
      query: (sql, signal) => queries.run(sql, signal),
      relay: (text) => queries.relay(text, answer),
    };
  }
}
