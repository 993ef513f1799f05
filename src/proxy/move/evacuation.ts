/**
 * Leaves servers that will not last: for as long as the proxy lives, looks again and again for sessions on servers
 * that are stopping, that TiDB lists no longer, or that have been unhealthy for a while, and moves them to healthy
 * ones. A session that is in a transaction moves at its end; one that cannot be moved is tried again later, ever
 * more rarely, and stays until its server goes.
 */
import { type BackoffKind, pauseMsOf } from '../../base/backoff.js';
import { TiviewError, messageOf } from '../../base/errors.js';
import { Semaphore } from '../../base/concurrency.js';
import { limits } from '../../base/limits.js';
import type { Runtime, Task } from '../../base/runtime.js';
import type { Telemetry } from '../../base/telemetry.js';
import type { Backend, Backends } from '../backends.js';
import { saysStopping } from '../health-check.js';
import type { RelayCounts } from '../relay-counts.js';
import { type MovableSession, type MoveTarget, moveSession } from './session-move.js';
import { NotCarriedError } from './session-states.js';

/** A session that may have to move. Implemented by ClientSession. */
export interface EvacuableSession<T> {
  readonly connectionId: number | undefined;
  /** Where it is. */
  readonly backend: Backend | undefined;
  /** undefined: it cannot be moved now. */
  readonly movable: MovableSession<T> | undefined;
}

/** What it works with. */
export interface EvacuationParts<S extends EvacuableSession<T>, T extends MoveTarget> {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  readonly backends: Backends;
  readonly counts: RelayCounts;
  /** All that there are now. */
  readonly sessions: Iterable<S> & { has(session: S): boolean };
  /** Begins to connect. @param wanted - capabilities that the server must offer. */
  readonly connect: (backend: Backend, wanted: number, session: S) => T;
}

const PAUSE: BackoffKind = {
  name: 'sessionMove',
  baseMs: limits.movePauseMs,
  capMs: limits.movePauseMsMax,
};

/** What is known of a session that has not moved yet. */
interface Attempt {
  failures: number;
  /** Not before; by {@link Runtime.monotonicMs}. */
  dueMs: number;
  /** While it is under way. */
  task: Task | undefined;
}

/** Moves sessions away from servers that are to be left. */
export class Evacuation<S extends EvacuableSession<T>, T extends MoveTarget> {
  readonly #parts: EvacuationParts<S, T>;
  readonly #room = new Semaphore(limits.movesAtOnce);
  readonly #attempts = new Map<S, Attempt>();
  /** Since when servers have been seen to be unhealthy. */
  #unhealthySinceMs = new Map<Backend, number>();
  #forsaken: ReadonlySet<Backend> = new Set();

  constructor(parts: EvacuationParts<S, T>) {
    this.#parts = parts;
  }

  /** Looks, again and again. @throws the signal's reason, when no move is under way any more. */
  async run(signal: AbortSignal): Promise<never> {
    const { runtime } = this.#parts;
    try {
      for (;;) {
        await runtime.sleep(limits.moveLookMs, signal);
        this.#look();
      }
    } finally {
      for (const { task } of this.#attempts.values()) await task?.stop();
    }
  }

  #look(): void {
    const nowMs = this.#parts.runtime.monotonicMs();
    this.#forsake(nowMs);
    const forsaken = this.#forsaken;
    for (const [session, { task }] of this.#attempts) {
      const isOver = !this.#parts.sessions.has(session) || !isOn(session, forsaken);
      if (!isOver) continue;
      // Its server is well again, or the session has gone.
      if (task === undefined) this.#attempts.delete(session);
      else void task.stop();
    }
    if (forsaken.size === 0 || this.#refuge() === undefined) return;
    for (const session of this.#parts.sessions) {
      if (isOn(session, forsaken)) this.#try(session, nowMs);
    }
  }

  /** Finds out which servers are to be left. */
  #forsake(nowMs: number): void {
    const { backends, telemetry } = this.#parts;
    const since = new Map<Backend, number>();
    const forsaken = new Set<Backend>(backends.leaving());
    for (const backend of [...backends.all(), ...forsaken]) {
      if (backend.health !== 'unhealthy') continue;
      const sinceMs = this.#unhealthySinceMs.get(backend) ?? nowMs;
      since.set(backend, sinceMs);
      if (saysStopping(backend.reason) || nowMs - sinceMs >= limits.moveUnhealthyMs) forsaken.add(backend);
    }
    for (const backend of forsaken) {
      if (this.#forsaken.has(backend)) continue;
      const { address: server, connections, reason } = backend;
      telemetry.log.info('sessions leave a tidb-server', { server, connections, reason });
    }
    this.#unhealthySinceMs = since;
    this.#forsaken = forsaken;
  }

  /** The best server to move to; undefined: none is well. */
  #refuge(): Backend | undefined {
    const best = this.#parts.backends.next(this.#forsaken);
    return best?.health === 'healthy' ? best : undefined;
  }

  #try(session: S, nowMs: number): void {
    const attempt = this.#attempts.get(session) ?? { failures: 0, dueMs: nowMs, task: undefined };
    if (attempt.task !== undefined || attempt.dueMs > nowMs) return;
    const { movable } = session;
    if (movable === undefined) return;
    this.#attempts.set(session, attempt);
    attempt.task = this.#parts.runtime.spawn('session move', async (signal) => {
      const isMoved = await this.#move(session, movable, signal);
      attempt.task = undefined;
      if (isMoved) this.#attempts.delete(session);
      attempt.dueMs = this.#parts.runtime.monotonicMs() + pauseMsOf(PAUSE, attempt.failures++);
    });
  }

  /** @returns whether it has moved. */
  async #move(session: S, movable: MovableSession<T>, signal: AbortSignal): Promise<boolean> {
    const { runtime, telemetry, counts } = this.#parts;
    const from = session.backend?.address;
    const connect = (): T | undefined => {
      const refuge = this.#refuge();
      return refuge && this.#parts.connect(refuge, movable.origin.capabilities, session);
    };
    try {
      const stoodStillMs = await moveSession(
        { runtime, session: movable, connect, admit: (work, stop) => this.#room.run(work, stop) },
        signal,
      );
      counts.moves.moved++;
      telemetry.metrics.count('tiview_session_moves_total', 1, { outcome: 'moved' });
      telemetry.metrics.observe('tiview_session_move_seconds', stoodStillMs / 1000);
      const to = session.backend?.address;
      telemetry.log.debug('session has moved', { connId: session.connectionId, from, to });
      return true;
    } catch (error) {
      // Its server is well again, or the proxy ends.
      if (signal.aborted) return false;
      if (!(error instanceof TiviewError)) throw error;
      if (session.movable === undefined) return false;
      const outcome = error instanceof NotCarriedError ? 'refused' : 'failed';
      counts.moves[outcome]++;
      telemetry.metrics.count('tiview_session_moves_total', 1, { outcome });
      const reason = messageOf(error);
      telemetry.log.debug('session has not moved', { connId: session.connectionId, from, outcome, reason });
      return false;
    }
  }
}

function isOn({ backend }: EvacuableSession<unknown>, servers: ReadonlySet<Backend>): boolean {
  return backend !== undefined && servers.has(backend);
}
