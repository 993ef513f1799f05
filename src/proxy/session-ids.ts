/**
 * Sessions by their connection ids. A session that moves, or whose login did, gets another id from TiDB, while its
 * client goes on with the one from the greeting, for instance for Ctrl-C: both mean the session.
 *
 * Where an id is one session's now and was another's once, it is the former's: that is what TiDB itself shows. (TiDB
 * gives an id again only after its server has been started anew.)
 *
 * It is looked for among all: who asks for an id is a KILL, while a table of ids would be written to by every login.
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
  readonly #sessions: Iterable<S>;

  /** @param sessions - those that there are; they may change. */
  constructor(sessions: Iterable<S>) {
    this.#sessions = sessions;
  }

  /** @param id - as TiDB or the client has it. */
  get(id: number): S | undefined {
    let greeted: S | undefined;
    for (const session of this.#sessions) {
      if (session.connectionId === id) return session;
      if (session.greetedId === id) greeted = session;
    }
    return greeted;
  }

  /** The id by which TiDB knows what an id means; that id, where no session of ours is meant. */
  present(id: number): number {
    return this.get(id)?.connectionId ?? id;
  }
}
