/** Control sessions and the connections under them: none is left open that nobody will use. */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { expect } from 'chai';
import { SqlError } from '../../../src/base/errors.js';
import { silent } from '../../../src/base/telemetry.js';
import { ControlPool } from '../../../src/view/control-pool.js';
import { failureOf } from '../../support/failure.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';

const NEVER = new AbortController().signal;

describe('the pool of control sessions', () => {
  let rig: Rig;
  let door: Server;
  let open: Set<Socket>;
  /** What becomes of a client's bytes on their way to TiDB. */
  let onTheWay: (bytes: string) => string;
  let isSilent: boolean;
  let pool: ControlPool;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
  });

  after(async () => {
    await rig.stop();
  });

  beforeEach(async () => {
    open = new Set();
    onTheWay = (bytes) => bytes;
    isSilent = false;
    door = createServer((client) => {
      open.add(client);
      client.once('close', () => open.delete(client));
      client.on('error', () => undefined);
      if (isSilent) return void client.resume();
      const server = connect(rig.mysqlPort, '127.0.0.1');
      server.on('error', () => undefined);
      server.pipe(client);
      client.on('data', (bytes: Buffer) => {
        server.write(Buffer.from(onTheWay(bytes.toString('latin1')), 'latin1'));
      });
      client.once('close', () => server.destroy());
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const { port } = door.address() as AddressInfo;
    pool = new ControlPool({
      ...{ servers: () => [{ host: '127.0.0.1', port }], user: 'root', password: '' },
      telemetry: silent,
    });
  });

  afterEach(() => {
    pool.close();
    for (const socket of open) socket.destroy();
    door.close();
  });

  async function expectNoneOpen(): Promise<void> {
    await until('no connection is open', 2_000, () => Promise.resolve(open.size === 0 ? true : undefined));
  }

  it('keeps a session that ended well for the next', async () => {
    expect(await pool.query('SELECT 1 AS one', NEVER)).deep.equal([{ one: '1' }]);
    expect(await pool.query('SELECT 2 AS two', NEVER)).deep.equal([{ two: '2' }]);
    expect(open.size).equal(1);
  });

  it('closes a connection whose session cannot be prepared', async () => {
    onTheWay = (bytes) => bytes.replace('tidb_enable_outer_join_reorder', 'tidb_enable_outer_join_redoing');
    for (let time = 0; time < 3; time++) {
      const failure = await failureOf(pool.query('SELECT 1', NEVER));
      expect(failure).instanceOf(SqlError);
      expect((failure as SqlError).errno).equal(1193);
    }
    await expectNoneOpen();
  });

  it('does not wait for a server that says nothing when it is told to stop', async () => {
    isSilent = true;
    const stop = new AbortController();
    const failed = failureOf(pool.query('SELECT 1', stop.signal));
    await once(door, 'connection');
    stop.abort(new Error('told to stop'));
    expect((await failed)?.message).equal('told to stop');
    await expectNoneOpen();
  });
});
