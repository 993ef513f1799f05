/** The connection to the server that a session moves to: a socket, a login on it, and what time they may take. */
import { withAbort } from '../../base/abort.js';
import { limits } from '../../base/limits.js';
import { type Runtime, StoppedError } from '../../base/runtime.js';
import type { HandshakeResponse } from '../../wire/handshake-response.js';
import { type BackendEvents, BackendSocket, type BackendSocketParts } from '../backend-socket.js';
import type { Backend } from '../backends.js';
import type { Preamble } from '../preamble.js';
import type { MoveTarget } from './session-move.js';
import { TargetError, TargetLogin, type TargetSession } from './target-login.js';

/** What connections are made with. */
export interface TargetParts extends BackendSocketParts {
  readonly runtime: Runtime;
  /** The client's: TiDB looks for the account of the session by the client's address again. */
  readonly preamble: Preamble;
}

/** One connection. */
export class SocketTarget implements MoveTarget {
  readonly socket: BackendSocket;
  readonly ready: Promise<void>;
  readonly #parts: TargetParts;
  readonly #login: TargetLogin;
  readonly #entered: Promise<TargetSession>;
  readonly #gone = new AbortController();

  /**
   * Begins to connect.
   *
   * @param wanted - capabilities that the server must offer.
   */
  constructor(backend: Backend, wanted: number, parts: TargetParts) {
    this.#parts = parts;
    let becomeReady: () => void = () => undefined;
    let enter: (session: TargetSession) => void = () => undefined;
    this.ready = withAbort(new Promise((resolve) => (becomeReady = resolve)), this.gone);
    this.#entered = withAbort(new Promise((resolve) => (enter = resolve)), this.gone);
    // Whoever awaits them is told; that nobody does is no mistake.
    this.ready.catch(() => undefined);
    this.#entered.catch(() => undefined);
    this.#login = new TargetLogin(
      {
        send: (bytes) => this.socket.write(bytes),
        upgrade: () => this.socket.upgrade(),
        ready: () => becomeReady(),
        done: (session) => enter(session),
        failed: (error) => this.#gone.abort(error),
      },
      { isTlsDemanded: parts.backendTls !== undefined, wanted },
    );
    this.socket = new BackendSocket(backend, parts, parts.preamble, this.#loginEvents());
    this.#limit(this.ready, limits.backendConnectMs, 'it did not greet in time');
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  enter(response: HandshakeResponse, statements: readonly string[]): Promise<TargetSession> {
    this.#limit(this.#entered, limits.moveEnterMs, 'it did not take the session in time');
    this.#login.enter(response, statements);
    return this.#entered;
  }

  giveUp(reason: Error): void {
    this.#fail(reason.message, reason);
    this.socket.destroy();
  }

  /** The session is its owner now. */
  handOver(events: BackendEvents): void {
    this.socket.tell(events);
    this.socket.keepAlive();
  }

  #loginEvents(): BackendEvents {
    const { backends } = this.#parts;
    const lost = (error: Error | undefined): void => {
      const why = error?.message ?? 'it closed the connection';
      if (!this.gone.aborted) backends.failed(this.socket.backend, why);
      this.#fail(why, error);
    };
    return {
      connected: () => this.#login.secured(),
      received: (bytes, length) => this.#login.receive(bytes.subarray(0, length)),
      drained: () => undefined,
      ended: lost,
      closed: lost,
    };
  }

  #fail(why: string, cause: unknown): void {
    this.#login.fail(new TargetError(why, cause));
  }

  /** Gives up when something has not happened in time. */
  #limit(event: Promise<unknown>, ms: number, why: string): void {
    const done = new AbortController();
    const settle = (): void => done.abort(new StoppedError());
    event.then(settle, settle);
    this.#parts.runtime.sleep(ms, done.signal).then(
      () => {
        this.#fail(why, undefined);
        this.socket.destroy();
      },
      () => undefined,
    );
  }
}
