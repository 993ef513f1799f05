/**
 * One attempt to move a session to another tidb-server. The client notices nothing but a pause:
 *
 * 1. wait until the session stands still: no command, transaction or cursor is open;
 * 2. connect to the other server and be greeted, with TLS if that is demanded, while the client's commands go on;
 * 3. wait until it stands still again: what the client sends from now on waits;
 * 4. ask its server for its states and a token;
 * 5. log in to the other server with the token, and restore the states;
 * 6. swap the connections, and let the client's input flow.
 *
 * Whatever fails before 6 leaves the session on its server as it was, except that statements of ours were its last.
 * From 5 on its server may die: the session does not need it any more.
 */
import { withAbort } from '../../base/abort.js';
import { asError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { LinkedAbort } from '../../base/linked-abort.js';
import { type Runtime, StoppedError } from '../../base/runtime.js';
import type { HandshakeResponse } from '../../wire/handshake-response.js';
import type { TextResult } from '../../wire/text-result-reader.js';
import type { SessionOrigin } from './session-origin.js';
import { askStates } from './session-states.js';
import { Standstill } from './standstill.js';
import { TargetError, type TargetSession } from './target-login.js';

/** The command phase of a session that may move. Implemented by CommandRelay. */
export interface MovableRelay {
  /** The session is to stand still, as soon as it can; undefined: it goes on. */
  setStandstill(standstill: Standstill | undefined): void;
  /** Runs a statement on the session's server, while it stands still. @see SessionAccess.query */
  ask(sql: string, signal: AbortSignal): Promise<TextResult>;
  /** Resolves when the server owes no answer to what was asked. */
  answered(): Promise<void>;
}

/** A session, as whoever moves it sees it; `T` is a connection to another server. */
export interface MovableSession<T> {
  readonly origin: SessionOrigin;
  readonly relay: MovableRelay;
  /** Goes on with another connection, while it stands still. */
  adopt(target: T, session: TargetSession): void;
  /** It goes on, moved or not. */
  goesOn(): void;
}

/** A connection to another server. */
export interface MoveTarget {
  /** Resolves when it can be entered. @throws TargetError. */
  readonly ready: Promise<void>;
  /** Aborted, with a TargetError, when the connection is of no more use. */
  readonly gone: AbortSignal;
  /** Logs in and runs statements. @throws TargetError. */
  enter(response: HandshakeResponse, statements: readonly string[]): Promise<TargetSession>;
  /** Closes it. */
  giveUp(reason: Error): void;
}

/** What a move needs. */
export interface MoveParts<T extends MoveTarget> {
  readonly runtime: Runtime;
  readonly session: MovableSession<T>;
  /** Begins to connect to another server; undefined: there is none. */
  readonly connect: () => T | undefined;
  /** Runs the work when few enough moves are under way. */
  readonly admit: (work: () => Promise<number>, signal: AbortSignal) => Promise<number>;
}

/**
 * Moves it.
 *
 * @returns for how long the session stood still, in milliseconds.
 * @throws NotCarriedError — as the session is now, it cannot be carried; TargetError — the other server does not
 *   take it, or there is none; SqlError, LimitError — its own server gives no states; the signal's reason, or that
 *   of the session's end.
 */
export async function moveSession<T extends MoveTarget>(
  parts: MoveParts<T>,
  signal: AbortSignal,
): Promise<number> {
  await standingStill(parts.session, [signal], () => Promise.resolve());
  return parts.admit(async () => {
    const target = parts.connect();
    if (target === undefined) throw new TargetError('no other tidb-server is healthy');
    const late = new AbortController();
    try {
      await withAbort(target.ready, signal);
      parts.runtime.sleep(limits.moveStillMs, late.signal).then(
        () => target.giveUp(new TargetError('the session did not stand still in time')),
        () => undefined,
      );
      return await standingStill(parts.session, [signal, target.gone], (standstill, bound) => {
        late.abort(new StoppedError());
        return carry(parts, target, standstill, bound);
      });
    } catch (error) {
      target.giveUp(asError(error));
      throw error;
    } finally {
      late.abort(new StoppedError());
    }
  }, signal);
}

/** Runs the work while the session stands still. @throws what the work throws; a signal's reason. */
async function standingStill<T, R>(
  session: MovableSession<T>,
  signals: readonly AbortSignal[],
  work: (standstill: Standstill, signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const { relay } = session;
  const standstill = new Standstill();
  const bound = new LinkedAbort(standstill.signal, ...signals);
  relay.setStandstill(standstill);
  try {
    await withAbort(standstill.begun, bound.signal);
    return await work(standstill, bound.signal);
  } finally {
    bound.unlink();
    // Nothing may be sent before the answers to what was asked have been read.
    if (standstill.hasBegun) await relay.answered();
    relay.setStandstill(undefined);
    session.goesOn();
  }
}

async function carry<T extends MoveTarget>(
  { runtime, session }: MoveParts<T>,
  target: T,
  standstill: Standstill,
  signal: AbortSignal,
): Promise<number> {
  const begunAtMs = runtime.monotonicMs();
  const carried = await askStates((sql, stop) => session.relay.ask(sql, stop), signal);
  signal.throwIfAborted();
  standstill.survivesServer = true;
  const response = session.origin.responseWith(carried.user, carried.token);
  const entered = await withAbort(target.enter(response, carried.statements), signal);
  signal.throwIfAborted();
  session.adopt(target, entered);
  return runtime.monotonicMs() - begunAtMs;
}
