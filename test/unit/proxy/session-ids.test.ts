import { expect } from 'chai';
import { SessionIds } from '../../../src/proxy/session-ids.js';

interface Session {
  connectionId: number | undefined;
  greetedId: number | undefined;
}

describe('session ids', () => {
  let sessions: Set<Session>;
  let ids: SessionIds<Session>;

  const add = (connectionId: number, greetedId = connectionId): Session => {
    const session: Session = { connectionId, greetedId };
    sessions.add(session);
    return session;
  };
  const move = (session: Session, to: number): void => {
    session.connectionId = to;
  };

  beforeEach(() => {
    sessions = new Set();
    ids = new SessionIds(sessions);
  });

  it('know a session by the only id that it has', () => {
    const session = add(1);
    expect(ids.get(1)).to.equal(session);
    expect(ids.present(1)).to.equal(1);
    sessions.delete(session);
    expect(ids.get(1)).to.equal(undefined);
    expect(ids.present(1)).to.equal(1);
  });

  it('know one that moves by both ids, and by none that it had in between', () => {
    const session = add(1);
    move(session, 2);
    move(session, 3);
    expect(ids.get(1)).to.equal(session);
    expect(ids.get(2)).to.equal(undefined);
    expect(ids.get(3)).to.equal(session);
    expect(ids.present(1)).to.equal(3);
    expect(ids.present(3)).to.equal(3);
    sessions.delete(session);
    expect(ids.get(1)).to.equal(undefined);
    expect(ids.get(3)).to.equal(undefined);
  });

  it('know one whose login moved by both ids', () => {
    const session = add(2, 1);
    expect(ids.get(1)).to.equal(session);
    expect(ids.present(1)).to.equal(2);
  });

  it('take an id that is one session’s now for that one’s', () => {
    const moved = add(1);
    move(moved, 2);
    const other = add(1);
    expect(ids.get(1)).to.equal(other);
    expect(ids.present(1)).to.equal(1);
    sessions.delete(other);
    expect(ids.present(1)).to.equal(2);
  });
});
