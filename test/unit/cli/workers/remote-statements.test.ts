// What a KILL finds when the sessions are spread over processes, some of them known to their clients by other ids.
import { expect } from 'chai';
import { TiviewError } from '../../../../src/base/errors.js';
import { silent } from '../../../../src/base/telemetry.js';
import { isConcerned } from '../../../../src/cli/front-ends.js';
import { type MainDutyParts, mainDuties } from '../../../../src/cli/workers/main-duties.js';
import { type MainProcess, remoteStatements } from '../../../../src/cli/workers/remote-views.js';
import type { AnsweredStatements } from '../../../../src/proxy/intercept/kill.js';
import { SessionIds } from '../../../../src/proxy/session-ids.js';

const NEVER = new AbortController().signal;

/** A session, and whose statement is answered on it, if one is. */
interface Session {
  readonly connectionId: number;
  readonly greetedId: number;
  readonly user?: string;
}

/** The sessions of a process, as its proxy knows them. */
class Sessions {
  readonly #ids: SessionIds<Session>;
  readonly interrupted: number[] = [];
  isSilent = false;

  constructor(...sessions: readonly Session[]) {
    this.#ids = new SessionIds(sessions);
  }

  hasSession(id: number): boolean {
    return this.#ids.get(id) !== undefined;
  }

  answeredUser(id: number): string | undefined {
    return this.#ids.get(id)?.user;
  }

  presentId(id: number): number {
    return this.#ids.present(id);
  }

  interrupt(id: number): boolean {
    const session = this.#ids.get(id);
    if (session !== undefined) this.interrupted.push(session.connectionId);
    return session !== undefined;
  }
}

/** What two processes answer; the second is asked through the main process. */
function statementsOf(here: Sessions, there: Sessions): AnsweredStatements {
  const ask = (duty: string, id: number): Promise<unknown> => {
    const late = new TiviewError('late', { kind: 'late', side: 'proxy', isRetryable: true });
    if (there.isSilent) return Promise.reject(late);
    if (duty === 'presentId') return Promise.resolve(there.hasSession(id) ? there.presentId(id) : undefined);
    if (duty === 'answeredUser') return Promise.resolve(there.answeredUser(id));
    there.interrupt(id);
    return Promise.resolve();
  };
  const others = () => [{ number: 2, ask }] as unknown as ReturnType<MainDutyParts['others']>;
  const duties = mainDuties({ others, log: silent.log } as MainDutyParts);
  const main = {
    ask: (duty: 'presentId' | 'answeredUser' | 'interrupt', id: number, signal: AbortSignal) =>
      duties[duty](id, signal),
  } as Partial<MainProcess> as MainProcess;
  return remoteStatements(main, () => here);
}

describe('a KILL where sessions are spread over processes', () => {
  const here = new Sessions(
    { connectionId: 1, greetedId: 1 },
    { connectionId: 12, greetedId: 2 },
    { connectionId: 3, greetedId: 3, user: 'ann' },
  );
  const there = new Sessions(
    { connectionId: 4, greetedId: 4 },
    { connectionId: 15, greetedId: 5, user: 'bob' },
    { connectionId: 16, greetedId: 6 },
    { connectionId: 7, greetedId: 7 },
    { connectionId: 17, greetedId: 7 },
  );
  const statements = statementsOf(here, there);

  it('asks nobody else about what is known here', () => {
    expect([1, 2, 3, 12].map((id) => statements.mayBeOurs(id))).to.deep.equal([false, true, true, false]);
    expect([4, 5, 99].map((id) => statements.mayBeOurs(id))).to.deep.equal([true, true, true]);
    expect([1, 2, 3, 99].map((id) => isConcerned(here, id))).to.deep.equal([false, true, true, false]);
  });

  it('names the id of TiDB, whichever process has the session', async () => {
    const ids = [1, 2, 3, 12, 4, 5, 6, 15, 99];
    const present = await Promise.all(ids.map((id) => statements.presentId(id, NEVER)));
    expect(present).to.deep.equal([1, 12, 3, 12, 4, 15, 16, 15, 99]);
  });

  it('means by an id whose it is now rather than whose it was', async () => {
    expect(await statements.presentId(7, NEVER)).to.equal(7);
  });

  it('ends what is answered, by either id', async () => {
    expect(await statements.answeredUser(3, NEVER)).to.equal('ann');
    expect(await statements.answeredUser(5, NEVER)).to.equal('bob');
    expect(await statements.answeredUser(15, NEVER)).to.equal('bob');
    expect(await statements.answeredUser(6, NEVER)).to.equal(undefined);
    await statements.interrupt(3, NEVER);
    await statements.interrupt(5, NEVER);
    expect([here.interrupted, there.interrupted]).to.deep.equal([[3], [15]]);
  });

  it('goes to TiDB as it is when a process does not say', async () => {
    const hung = new Sessions({ connectionId: 15, greetedId: 5 });
    hung.isSilent = true;
    const statements = statementsOf(here, hung);
    expect(await statements.presentId(5, NEVER)).to.equal(5);
    expect(await statements.answeredUser(5, NEVER)).to.equal(undefined);
  });
});
