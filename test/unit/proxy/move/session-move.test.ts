import { expect } from 'chai';
import { SqlError } from '../../../../src/base/errors.js';
import { limits } from '../../../../src/base/limits.js';
import {
  type MovableSession,
  type MoveTarget,
  moveSession,
} from '../../../../src/proxy/move/session-move.js';
import { SessionOrigin } from '../../../../src/proxy/move/session-origin.js';
import { NotCarriedError } from '../../../../src/proxy/move/session-states.js';
import type { Standstill } from '../../../../src/proxy/move/standstill.js';
import { TargetError, type TargetSession } from '../../../../src/proxy/move/target-login.js';
import { withAbort } from '../../../../src/base/abort.js';
import type { TextResult } from '../../../../src/wire/text-result-reader.js';
import { VirtualRuntime, settle } from '../../../support/virtual-runtime.js';
import { respond } from '../login-rig.js';

interface Step<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

function step<T>(): Step<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

class FakeTarget implements MoveTarget {
  readonly greeted = step<undefined>();
  readonly entered = step<TargetSession>();
  readonly #gone = new AbortController();
  entries = 0;
  givenUp: Error | undefined;
  readonly ready = withAbort(this.greeted.promise, this.gone).then(() => undefined);

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  enter(): Promise<TargetSession> {
    this.entries++;
    return withAbort(this.entered.promise, this.gone);
  }

  giveUp(reason: Error): void {
    this.givenUp = reason;
    this.#gone.abort(new TargetError(reason.message));
  }

  die(): void {
    this.#gone.abort(new TargetError('it went'));
  }
}

const row = (...cells: string[]): TextResult => ({
  ...{ columns: [], affectedRows: 0n, lastInsertId: 0n, warnings: 0, status: 2 },
  rows: [cells.map((cell) => Buffer.from(cell))],
});

const STATES = row('{"sys-vars": {}}', '{"username": "ann"}');

/** A session, another server, and a move between them, each step of which a test makes happen. */
class MoveStage {
  readonly runtime = new VirtualRuntime();
  readonly target = new FakeTarget();
  readonly shown = step<TextResult>();
  readonly #owed: Promise<unknown>[] = [];
  readonly asked: string[] = [];
  standstill: Standstill | undefined;
  readonly events: string[] = [];
  hasRefuge = true;
  readonly stopping = new AbortController();
  readonly outcome: Promise<number | Error>;

  constructor() {
    const session: MovableSession<FakeTarget> = {
      origin: new SessionOrigin({
        ...{ capabilities: 0, database: undefined, response: respond(1).subarray(4) },
      }),
      relay: {
        setStandstill: (standstill) => {
          this.events.push(standstill === undefined ? 'go on' : 'stand still');
          this.standstill = standstill;
        },
        ask: (sql, signal) => {
          this.asked.push(sql);
          const answer = sql.startsWith('SHOW') ? this.shown.promise : Promise.resolve(row(''));
          this.#owed.push(answer.catch(() => undefined));
          return withAbort(answer, signal);
        },
        answered: async () => {
          await Promise.all(this.#owed);
        },
      },
      adopt: () => this.events.push('adopt'),
      goesOn: () => this.events.push('went on'),
    };
    const move = moveSession(
      {
        ...{ runtime: this.runtime, session, connect: () => this.#connect() },
        admit: (work) => work(),
      },
      this.stopping.signal,
    );
    this.outcome = move.catch((error: unknown) => error as Error);
  }

  #connect(): FakeTarget | undefined {
    this.events.push('connect');
    return this.hasRefuge ? this.target : undefined;
  }

  async still(): Promise<void> {
    this.standstill?.begin();
    await settle();
  }

  async greet(): Promise<void> {
    this.target.greeted.resolve(undefined);
    await settle();
  }

  /** Up to where the session stands still for the move itself. */
  async begun(): Promise<void> {
    await this.still();
    await this.greet();
    await this.still();
  }

  /** Up to where the other server restores the session. */
  async entered(): Promise<void> {
    await this.begun();
    this.shown.resolve(STATES);
    await settle();
  }

  async failure(): Promise<Error> {
    const outcome = await this.outcome;
    if (!(outcome instanceof Error)) throw new Error('it moved');
    expect(this.standstill, 'the session goes on').to.equal(undefined);
    expect(this.events).to.not.include('adopt');
    expect(this.events.filter((event) => event !== 'connect').at(-1)).to.equal('went on');
    return outcome;
  }
}

describe('a session that moves', () => {
  let stage: MoveStage;

  beforeEach(() => {
    stage = new MoveStage();
  });

  it('connects when the session stands still, lets it go on meanwhile, and then takes it', async () => {
    await settle();
    expect(stage.events).to.deep.equal(['stand still']);
    await stage.still();
    expect(stage.events).to.deep.equal(['stand still', 'go on', 'went on', 'connect']);
    await stage.greet();
    expect(stage.events.slice(4)).to.deep.equal(['stand still']);
    expect(stage.asked).to.deep.equal([]);
    await stage.still();
    expect(stage.asked).to.deep.equal(['SHOW SESSION_STATES']);
    expect(stage.standstill?.survivesServer).to.equal(false);
    await stage.runtime.advance(3);
    stage.shown.resolve(STATES);
    await settle();
    expect(stage.target.entries).to.equal(1);
    expect(stage.standstill?.survivesServer).to.equal(true);
    await stage.runtime.advance(4);
    stage.target.entered.resolve({ connectionId: 5, status: 2 });
    expect(await stage.outcome).to.equal(7);
    expect(stage.events.slice(5)).to.deep.equal(['adopt', 'go on', 'went on']);
    expect(stage.target.givenUp).to.equal(undefined);
  });

  it('stays where it is if there is no other server', async () => {
    stage.hasRefuge = false;
    await stage.still();
    expect(await stage.failure()).to.be.instanceOf(TargetError);
  });

  it('stays if the other server does not greet', async () => {
    await stage.still();
    stage.target.die();
    expect(await stage.failure()).to.be.instanceOf(TargetError);
    expect(stage.asked).to.deep.equal([]);
    expect(stage.target.givenUp).to.not.equal(undefined);
  });

  it('stays if the other server goes before the session stands still', async () => {
    await stage.still();
    await stage.greet();
    stage.target.die();
    expect(await stage.failure()).to.be.instanceOf(TargetError);
    expect(stage.asked).to.deep.equal([]);
  });

  it('stays if it is too long in standing still', async () => {
    await stage.still();
    await stage.greet();
    await stage.runtime.advance(limits.moveStillMs);
    expect((await stage.failure()).message).to.contain('stand still');
    expect(stage.asked).to.deep.equal([]);
  });

  it('has all the time that its server needs for the states', async () => {
    await stage.begun();
    await stage.runtime.advance(10 * limits.moveStillMs);
    stage.shown.resolve(STATES);
    await settle();
    stage.target.entered.resolve({ connectionId: 5, status: 2 });
    expect(await stage.outcome).to.equal(10 * limits.moveStillMs);
  });

  it('stays if TiDB does not carry it', async () => {
    await stage.begun();
    stage.shown.reject(new SqlError(8146, 'HY000', 'session has locked tables'));
    expect(await stage.failure()).to.be.instanceOf(NotCarriedError);
    expect(stage.target.entries).to.equal(0);
    expect(stage.target.givenUp).to.be.instanceOf(NotCarriedError);
  });

  it('stays, and waits for the answer that its server owes, if the other server goes meanwhile', async () => {
    await stage.begun();
    stage.target.die();
    await settle();
    expect(stage.events.at(-1)).to.equal('stand still');
    stage.shown.resolve(STATES);
    expect(await stage.failure()).to.be.instanceOf(TargetError);
    expect(stage.target.entries).to.equal(0);
  });

  it('stays if the other server does not take it', async () => {
    await stage.entered();
    stage.target.entered.reject(new TargetError('access denied'));
    expect((await stage.failure()).message).to.equal('access denied');
  });

  it('stays if the other server goes while it restores the session', async () => {
    await stage.entered();
    stage.target.die();
    expect(await stage.failure()).to.be.instanceOf(TargetError);
  });

  it('stays if the other server goes when it has just restored the session', async () => {
    await stage.entered();
    stage.target.entered.resolve({ connectionId: 5, status: 2 });
    stage.target.die();
    expect(await stage.failure()).to.be.instanceOf(TargetError);
  });

  const points = {
    'before it stands still': () => settle(),
    'while it connects': () => stage.still(),
    'while it waits again': async () => {
      await stage.still();
      await stage.greet();
    },
    'while it is restored': () => stage.entered(),
  };
  for (const [when, reach] of Object.entries(points)) {
    it(`is given up when it is told so ${when}`, async () => {
      const reason = new Error('enough');
      await reach();
      stage.stopping.abort(reason);
      expect(await stage.failure()).to.equal(reason);
    });
  }

  it('is given up when the session ends', async () => {
    const reason = new Error('the client has gone');
    await stage.entered();
    stage.standstill?.abandon(reason);
    expect(await stage.failure()).to.equal(reason);
    expect(stage.target.givenUp).to.equal(reason);
  });
});
