/**
 * Sessions by their connection ids. A session that moves, or whose login did, gets another id from TiDB, while its
 * client goes on with the one from the greeting, for instance for Ctrl-C: both mean the session.
 *
 * Where an id is one session's now and was another's once, it is the former's: that is what TiDB itself shows. (TiDB
 * gives an id again only after its server has been started anew.)
 */

/** A session with two ids, the same most of the time. */
export interface IdentifiedSession {
  /** As TiDB knows it; undefined before the login is done. */
  readonly connectionId: number | undefined;
  /** As the client knows it. */
  readonly greetedId: number | undefined;
}

/** Finds sessions. */
export class SessionIds<S extends IdentifiedSession> {
  readonly #byId = new Map<number, S>();
  /** Those only that TiDB knows by another id. */
  readonly #byGreetedId = new Map<number, S>();

  /** The session has its id, or another one. @param leftId - that it had before. */
  identified(session: S, leftId?: number): void {
    const { connectionId, greetedId } = session;
    if (leftId !== undefined) forget(this.#byId, leftId, session);
    if (connectionId !== undefined) this.#byId.set(connectionId, session);
    if (greetedId !== undefined && greetedId !== connectionId) this.#byGreetedId.set(greetedId, session);
  }

  /** The session has ended. */
  ended(session: S): void {
    const { connectionId, greetedId } = session;
    if (connectionId !== undefined) forget(this.#byId, connectionId, session);
    if (greetedId !== undefined) forget(this.#byGreetedId, greetedId, session);
  }

  /** @param id - as TiDB or the client has it. */
  get(id: number): S | undefined {
    return this.#byId.get(id) ?? this.#byGreetedId.get(id);
  }

  /** The id by which TiDB knows what an id means; that id, where no session of ours is meant. */
  present(id: number): number {
    return this.get(id)?.connectionId ?? id;
  }
}

function forget<S>(map: Map<number, S>, id: number, session: S): void {
  if (map.get(id) === session) map.delete(id);
}
