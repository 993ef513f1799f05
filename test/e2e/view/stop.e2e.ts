/** SIGTERM and SIGINT at any moment of a start: the end is orderly, prompt, and nothing of the instance is left. */
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { freePort } from '../../support/free-port.js';
import { hiddenTables } from '../../support/law.js';
import { type Rig, startRig } from '../../support/rig.js';
import { expectNoLocks, until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { TiView, type TiViewOptions } from '../../support/tiview.js';

/** An end takes far less; one that waits for a lock to be too old takes 3 s. */
const PROMPT_MS = 2_500;
/** Node is up, and most modules are not read yet. */
const LOADING_MS = 300;
const ORDERLY = { code: 0, signal: null };

describe('a stop during the start', () => {
  let rig: Rig;
  let tidb: SqlClient;
  let silent: Server;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tidb = await SqlClient.open({ port: rig.mysqlPort });
    silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });

  after(async () => {
    await tidb.close();
    silent.close();
    await rig.stop();
  });

  /** Starts an instance and tells it to stop when a moment has come. */
  async function stopAt(
    moment: (instance: TiView) => Promise<unknown>,
    signal: NodeJS.Signals,
    options: TiViewOptions,
  ): Promise<void> {
    const instance = new TiView(options, { mysql: await freePort(), status: await freePort() });
    // That it never became ready is what this is about.
    const started = instance.start().catch(() => undefined);
    await moment(instance);
    const startMs = performance.now();
    const exit = await instance.kill(signal);
    const tookMs = performance.now() - startMs;
    await started;
    expect(exit, instance.log).deep.equal(ORDERLY);
    expect(tookMs, instance.log).lessThan(PROMPT_MS);
    expect(instance.log).not.match(/has failed/);
  }

  async function expectNothingLeft(): Promise<void> {
    const [members] = await tidb.rows(
      "select 1 from information_schema.tables where table_schema = 'tiview' and table_name = 'members'",
    );
    if (members !== undefined) expect(await tidb.rows('select * from tiview.members')).deep.equal([]);
    expect(await hiddenTables(tidb)).deep.equal([]);
    await expectNoLocks(rig);
  }

  it('ends well while the program is still being loaded', async () => {
    await stopAt(() => sleep(LOADING_MS), 'SIGTERM', { tidbPort: rig.mysqlPort });
    await expectNothingLeft();
  });

  for (let afterMs = 0; afterMs <= 1_000; afterMs += 100) {
    const signal = afterMs % 200 === 0 ? 'SIGTERM' : 'SIGINT';
    it(`ends well by ${signal} ${afterMs} ms after its status port is there`, async () => {
      const moment = async (instance: TiView): Promise<void> => {
        await until('the status port', 30_000, () => instance.status());
        await sleep(afterMs);
      };
      await stopAt(moment, signal, { tidbPort: rig.mysqlPort });
      await expectNothingLeft();
    });
  }

  it('does not wait for a tidb-server that says nothing', async () => {
    const { port } = silent.address() as AddressInfo;
    await stopAt(() => once(silent, 'connection'), 'SIGTERM', { tidbPort: port });
  });

  it('does not wait for a PD that says nothing', async () => {
    const { port } = silent.address() as AddressInfo;
    await stopAt(() => once(silent, 'connection'), 'SIGINT', {
      tidbPort: rig.mysqlPort,
      flags: ['--pd', `127.0.0.1:${port}`],
    });
  });
});
