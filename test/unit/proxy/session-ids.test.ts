import { expect } from 'chai';
import { SessionIds } from '../../../src/proxy/session-ids.js';

interface Session {
  connectionId: number | undefined;
  greetedId: number | undefined;
}

describe('session ids', () => {
  let ids: SessionIds<Session>;

  const add = (connectionId: number, greetedId = connectionId): Session => {
    const session: Session = { connectionId, greetedId };
    ids.identified(session);
    return session;
  };
  const move = (session: Session, to: number): void => {
    const from = session.connectionId;
    session.connectionId = to;
    ids.identified(session, from);
  };

  beforeEach(() => {
    ids = new SessionIds();
  });

  it('know a session by the only id that it has', () => {
    const session = add(1);
    expect(ids.get(1)).to.equal(session);
    expect(ids.present(1)).to.equal(1);
    ids.ended(session);
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
    ids.ended(session);
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
    ids.ended(other);
    expect(ids.present(1)).to.equal(2);
  });
});
