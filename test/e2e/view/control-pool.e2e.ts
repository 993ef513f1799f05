/** Control sessions and the connections under them: none is left open that nobody will use. */
import { expect } from 'chai';
import { SqlError } from '../../../src/base/errors.js';
import { silent } from '../../../src/base/telemetry.js';
import { ControlPool } from '../../../src/view/control-pool.js';
import { Door } from '../../support/door.js';
import { failureOf } from '../../support/failure.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';

const NEVER = new AbortController().signal;

describe('the pool of control sessions', () => {
  let rig: Rig;
  let door: Door;
  let pool: ControlPool;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
  });

  after(async () => {
    await rig.stop();
  });

  beforeEach(async () => {
    door = await Door.before(rig.mysqlPort);
    pool = new ControlPool({
      servers: () => [{ host: '127.0.0.1', port: door.port }],
      login: () => ({ user: 'root', password: '' }),
      telemetry: silent,
    });
  });

  afterEach(async () => {
    pool.close();
    await door[Symbol.asyncDispose]();
  });

  async function expectNoneOpen(): Promise<void> {
    await until('no connection is open', 2_000, () =>
      Promise.resolve(door.openCount === 0 ? true : undefined),
    );
  }

  it('keeps a session that ended well for the next', async () => {
    expect(await pool.query('SELECT 1 AS one', NEVER)).deep.equal([{ one: '1' }]);
    expect(await pool.query('SELECT 2 AS two', NEVER)).deep.equal([{ two: '2' }]);
    expect(door.openCount).equal(1);
  });

  it('closes a connection whose session cannot be prepared', async () => {
    door.onTheWay = (bytes) =>
      bytes.replace('tidb_enable_outer_join_reorder', 'tidb_enable_outer_join_redoing');
    for (let time = 0; time < 3; time++) {
      const failure = await failureOf(pool.query('SELECT 1', NEVER));
      expect(failure).instanceOf(SqlError);
      expect((failure as SqlError).errno).equal(1193);
    }
    await expectNoneOpen();
  });

  it('does not wait for a server that says nothing when it is told to stop', async () => {
    door.isSilent = true;
    const stop = new AbortController();
    const failed = failureOf(pool.query('SELECT 1', stop.signal));
    await door.visited();
    stop.abort(new Error('told to stop'));
    expect((await failed)?.message).equal('told to stop');
    await expectNoneOpen();
  });
});
