/**
 * Prepared statements that are answered here. Their numbers come from a range that TiDB, which counts up from 1 in
 * every session, does not reach; so an EXECUTE is told apart by its number alone.
 */
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { tooManyStatements } from './proxy-errors.js';
import type { LocalStatement } from './statement-gate.js';

/** Positive also for clients that read numbers as signed. */
const FIRST_ID = 0x4000_0000;

/** A session's prepared statements that are answered here. */
export class LocalStatements {
  /** Made for the first one: most sessions never have any. */
  #byId: Map<number, LocalStatement> | undefined;
  #nextId = FIRST_ID;

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#byId === undefined || this.#byId.size === 0;
  }

  /** @returns the statement's number, or the error for the client when there are too many. */
  add(statement: LocalStatement): number | SqlError {
    const most = limits.localPreparedStatements;
    this.#byId ??= new Map();
    if (this.#byId.size >= most) return tooManyStatements(most);
    const id = this.#nextId++;
    this.#byId.set(id, statement);
    return id;
  }

  /** The statement with a number of ours that is still open. */
  get(id: number): LocalStatement | undefined {
    return this.#byId?.get(id);
  }

  remove(id: number): void {
    this.#byId?.delete(id);
  }

  /** Forgets all: the session was reset. */
  clear(): void {
    this.#byId?.clear();
  }
}
