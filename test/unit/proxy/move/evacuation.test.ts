import { expect } from 'chai';
import { SqlError } from '../../../../src/base/errors.js';
import { limits } from '../../../../src/base/limits.js';
import { silent } from '../../../../src/base/telemetry.js';
import { EVENLY } from '../../../../src/proxy/balance/balance-settings.js';
import { type Backend, Backends } from '../../../../src/proxy/backends.js';
import { Evacuation, type EvacuableSession } from '../../../../src/proxy/move/evacuation.js';
import type { MovableSession, MoveTarget } from '../../../../src/proxy/move/session-move.js';
import { SessionOrigin } from '../../../../src/proxy/move/session-origin.js';
import type { Standstill } from '../../../../src/proxy/move/standstill.js';
import type { TargetSession } from '../../../../src/proxy/move/target-login.js';
import { RelayCounts } from '../../../../src/proxy/relay-counts.js';
import type { TextResult } from '../../../../src/wire/text-result-reader.js';
import { VirtualRuntime } from '../../../support/virtual-runtime.js';
import { respond } from '../login-rig.js';

const STOPPING = 'its status port says 500';

/** A connection that takes any session at once. */
class Target implements MoveTarget {
  readonly ready = Promise.resolve();
  readonly gone = new AbortController().signal;
  readonly backend: Backend;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  enter(): Promise<TargetSession> {
    return Promise.resolve({ connectionId: 1, status: 2 });
  }

  giveUp(): void {
    // Nothing is open.
  }
}

const row = (...cells: string[]): TextResult => ({
  ...{ columns: [], affectedRows: 0n, lastInsertId: 0n, warnings: 0, status: 2 },
  rows: [cells.map((cell) => Buffer.from(cell))],
});

class Session implements EvacuableSession<Target> {
  readonly connectionId = 1;
  backend: Backend;
  /** Whether it is in a transaction. */
  isBusy = false;
  refusal: Error | undefined;
  asked = 0;
  isMovable = true;
  #standstill: Standstill | undefined;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  get movable(): MovableSession<Target> | undefined {
    if (!this.isMovable) return undefined;
    const response = respond(1).subarray(4);
    return {
      origin: new SessionOrigin({ capabilities: 0, database: undefined, response }),
      relay: {
        setStandstill: (standstill) => {
          this.#standstill = standstill;
          if (!this.isBusy) standstill?.begin();
        },
        ask: (sql) => {
          if (sql.startsWith('SELECT')) return Promise.resolve(row(''));
          this.asked++;
          if (this.refusal !== undefined) return Promise.reject(this.refusal);
          return Promise.resolve(row('{"sys-vars": {}}', '{"username": "u"}'));
        },
        answered: () => Promise.resolve(),
      },
      adopt: ({ backend }) => {
        this.backend = backend;
      },
      goesOn: () => undefined,
    };
  }

  get isAwaited(): boolean {
    return this.#standstill !== undefined;
  }

  commit(): void {
    this.isBusy = false;
    this.#standstill?.begin();
  }
}

class Stage {
  readonly runtime = new VirtualRuntime();
  readonly backends = new Backends(['a:1'], silent.log, {
    settings: EVENLY,
    nowMs: () => this.runtime.monotonicMs(),
  });
  readonly counts = new RelayCounts();
  readonly sessions = new Set<Session>();
  connects = 0;
  readonly task = this.runtime.spawn('evacuation', (signal) =>
    new Evacuation<Session, Target>({
      ...{ runtime: this.runtime, telemetry: silent, backends: this.backends, counts: this.counts },
      sessions: this.sessions,
      connect: (backend) => {
        this.connects++;
        return new Target(backend);
      },
    }).run(signal),
  );

  constructor() {
    this.list('a:1', 'a:2', 'a:3');
    for (const backend of this.backends.all()) this.find(backend.address, undefined);
  }

  list(...addresses: string[]): void {
    this.backends.list(addresses.map((address) => ({ address })));
  }

  server(address: string): Backend {
    const all = [...this.backends.all(), ...this.backends.leaving()];
    const found = all.find((backend) => backend.address === address);
    if (found === undefined) throw new Error(`no ${address}`);
    return found;
  }

  find(address: string, reason: string | undefined): void {
    this.backends.checking(this.server(address))(reason);
  }

  sessionOn(address: string): Session {
    const session = new Session(this.server(address));
    this.sessions.add(session);
    return session;
  }

  look(times = 1): Promise<void> {
    return this.runtime.advance(times * limits.moveLookMs);
  }
}

describe('evacuation', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(async () => {
    await stage.task.stop();
    expect(stage.runtime.crashes).to.deep.equal([]);
  });

  it('moves the sessions of a server that says that it stops, at once, and no others', async () => {
    const stopping = stage.sessionOn('a:2');
    const other = stage.sessionOn('a:1');
    const before = other.backend;
    stage.find('a:2', STOPPING);
    await stage.look();
    expect(stopping.backend.address).to.not.equal('a:2');
    expect(other.backend).to.equal(before);
    expect(stage.counts.moves).to.deep.equal({ moved: 1, refused: 0, failed: 0 });
  });

  it('moves the sessions of a server that TiDB lists no longer', async () => {
    const session = stage.sessionOn('a:2');
    stage.backends.opening(session.backend);
    stage.list('a:1', 'a:3');
    await stage.look();
    expect(session.backend.address).to.not.equal('a:2');
  });

  it('leaves a server that is unhealthy for another reason only when that lasts', async () => {
    const session = stage.sessionOn('a:2');
    stage.find('a:2', 'it did not greet');
    await stage.runtime.advance(limits.moveUnhealthyMs);
    expect(session.backend.address).to.equal('a:2');
    stage.find('a:2', undefined);
    await stage.look();
    stage.find('a:2', 'it did not greet');
    await stage.runtime.advance(limits.moveUnhealthyMs);
    expect(session.backend.address).to.equal('a:2');
    await stage.look();
    expect(session.backend.address).to.not.equal('a:2');
  });

  it('waits for the end of a transaction, and no longer than its server is to be left', async () => {
    const session = stage.sessionOn('a:2');
    const other = stage.sessionOn('a:3');
    session.isBusy = true;
    other.isBusy = true;
    stage.find('a:2', STOPPING);
    stage.find('a:3', STOPPING);
    await stage.look(5);
    expect(stage.connects).to.equal(0);
    session.commit();
    await stage.look();
    expect(session.backend.address).to.equal('a:1');
    expect(other.isAwaited).to.equal(true);
    stage.find('a:3', undefined);
    await stage.look();
    expect(other.isAwaited).to.equal(false);
    expect(other.backend.address).to.equal('a:3');
    expect(stage.counts.moves).to.deep.equal({ moved: 1, refused: 0, failed: 0 });
  });

  it('does nothing while no other server is well', async () => {
    const session = stage.sessionOn('a:2');
    for (const address of ['a:1', 'a:3']) stage.find(address, 'down');
    stage.find('a:2', STOPPING);
    await stage.look(3);
    expect(session.isAwaited).to.equal(false);
    expect(stage.connects).to.equal(0);
    stage.find('a:3', undefined);
    await stage.look();
    expect(session.backend.address).to.equal('a:3');
  });

  it('tries a session that cannot be carried again, ever more rarely', async () => {
    const session = stage.sessionOn('a:2');
    session.refusal = new SqlError(8146, 'HY000', 'it has locks');
    stage.find('a:2', STOPPING);
    await stage.look();
    expect(session.asked).to.equal(1);
    await stage.runtime.advance(limits.movePauseMs - limits.moveLookMs);
    expect(session.asked).to.equal(1);
    await stage.look(2);
    expect(session.asked).to.equal(2);
    await stage.runtime.advance(2 * limits.movePauseMs - 2 * limits.moveLookMs);
    expect(session.asked).to.equal(2);
    expect(stage.counts.moves.refused).to.equal(2);
    session.refusal = undefined;
    await stage.runtime.advance(limits.movePauseMsMax);
    expect(session.backend.address).to.not.equal('a:2');
  });

  it('counts a move that fails otherwise as that', async () => {
    const session = stage.sessionOn('a:2');
    session.refusal = new SqlError(1105, 'HY000', 'no');
    stage.find('a:2', STOPPING);
    await stage.look();
    expect(stage.counts.moves).to.deep.equal({ moved: 0, refused: 0, failed: 1 });
  });

  it('leaves sessions alone that are not in their command phase, and forgets those that have ended', async () => {
    const logging = stage.sessionOn('a:2');
    logging.isMovable = false;
    const ended = stage.sessionOn('a:2');
    ended.isBusy = true;
    stage.find('a:2', STOPPING);
    await stage.look();
    expect(logging.backend.address).to.equal('a:2');
    expect(ended.isAwaited).to.equal(true);
    stage.sessions.delete(ended);
    await stage.look();
    expect(ended.isAwaited).to.equal(false);
  });

  it('gives up what is under way when the proxy ends', async () => {
    const session = stage.sessionOn('a:2');
    session.isBusy = true;
    stage.find('a:2', STOPPING);
    await stage.look();
    expect(session.isAwaited).to.equal(true);
    await stage.task.stop();
    expect(session.isAwaited).to.equal(false);
  });
});
