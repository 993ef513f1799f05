// tidb-servers come and go, hang and refuse, while clients connect all the time: as long as one server is well nobody
// who connects sees an error. And TiView finds by itself what there is.
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { startTiView } from '../../support/tiview.js';
import { type TestProxy, startProxy } from './harness.js';

/** By which a server that fails, or is well again, must have been found out. */
const NOTICE_MS = 15_000;
const WORKERS = 4;

/** Clients that connect, ask where they are, and go, over and over. */
class Load {
  readonly #port: number;
  #isStopped = false;
  readonly #workers: readonly Promise<void>[];
  /** Why clients could not connect. */
  readonly refusals: unknown[] = [];
  #ports = new Map<number, number>();

  constructor(port: number) {
    this.#port = port;
    this.#workers = Array.from({ length: WORKERS }, () => this.#work());
  }

  /** Clients by the server that they got, since this was last asked. */
  take(): ReadonlyMap<number, number> {
    const ports = this.#ports;
    this.#ports = new Map();
    return ports;
  }

  /** Waits until `WORKERS * 5` clients have come and gone, all of which found what is expected of the servers. */
  async reach(what: string, holds: (ports: ReadonlyMap<number, number>) => boolean): Promise<void> {
    await until(what, NOTICE_MS, async () => {
      this.take();
      await until('clients come', NOTICE_MS, () =>
        Promise.resolve(this.#count() >= WORKERS * 5 || undefined),
      );
      return holds(this.#ports) || undefined;
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#workers);
  }

  #count(): number {
    return [...this.#ports.values()].reduce((sum, count) => sum + count, 0);
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const client = await SqlClient.open({ port: this.#port, user: 'app', password: 'secret' }).catch(
        (error: unknown) => void this.refusals.push(error),
      );
      if (client === undefined) continue;
      // A session may end with its server.
      const port = await client.value('select @@port').catch(() => undefined);
      if (port !== undefined) this.#ports.set(Number(port), (this.#ports.get(Number(port)) ?? 0) + 1);
      client.abandon();
    }
  }
}

describe('tidb-servers that come and go', () => {
  let rig: Rig;
  let control: SqlClient;

  // A cluster for each: DDL, such as TiView's at its start, waits for a killed server until TiDB has given it up.
  before(async () => {
    rig = await startRig();
    control = await SqlClient.open({ port: rig.mysqlPort });
    await control.run("create user app identified by 'secret'");
  });

  after(async () => {
    await control.close();
    await rig.stop();
  });

  describe('before a proxy that knows them', () => {
    let other: Rig;
    let test: TestProxy;
    let load: Load;

    const know = (...rigs: readonly Rig[]): void =>
      test.proxy.setBackends(
        rigs.map(({ mysqlPort, status }) => ({ address: `127.0.0.1:${mysqlPort}`, statusAddress: status })),
      );
    const healthOf = ({ mysqlPort }: Rig): string | undefined =>
      test.proxy.backends.find(({ port }) => port === mysqlPort)?.health;

    beforeEach(async () => {
      other = await startRig({ join: rig.pd });
      test = await startProxy([`127.0.0.1:${rig.mysqlPort}`]);
      know(rig, other);
      load = new Load(test.port);
      await load.reach('both have clients', (ports) => ports.size === 2);
    });

    afterEach(async () => {
      await load.stop();
      await test.stop();
      await other.stop();
      expect(load.refusals).to.deep.equal([]);
    });

    const onlyRig = (ports: ReadonlyMap<number, number>): boolean =>
      ports.size === 1 && ports.has(rig.mysqlPort);

    it('are done without when they are killed, and used again when they are back', async () => {
      process.kill(other.pid, 'SIGKILL');
      await other.exited;
      await load.reach('the other has no clients', onlyRig);
      expect(healthOf(other)).to.equal('unhealthy');
      other = await startRig({ join: rig.pd, tidbPort: other.mysqlPort });
      await load.reach('the other has clients again', (ports) => ports.size === 2);
      expect(healthOf(other)).to.equal('healthy');
    });

    it('are done without when they end in an orderly way', async () => {
      await other.stop();
      await load.reach('the other has no clients', onlyRig);
    });

    it('are done without while they hang', async () => {
      process.kill(other.pid, 'SIGSTOP');
      await until('the other is unhealthy', NOTICE_MS, () =>
        Promise.resolve(healthOf(other) === 'unhealthy' || undefined),
      );
      await load.reach('the other has no clients', onlyRig);
      process.kill(other.pid, 'SIGCONT');
      await load.reach('the other has clients again', (ports) => ports.size === 2);
    });

    it('are done without while they are full', async () => {
      const last = await SqlClient.open({ port: other.mysqlPort });
      // An instance's own setting; TiDB says so only after it has greeted and seen the client's response.
      await last.run('set global max_connections = 1');
      await load.reach('the other has no clients', onlyRig);
      expect(test.proxy.counts.backendFailures).to.be.greaterThan(0);
      await last.run('set global max_connections = 0');
      await load.reach('the other has clients again', (ports) => ports.size === 2);
      await last.close();
    });

    it('are done without when they leave the list, and so do their sessions, without noticing', async () => {
      const sessions = await Promise.all(
        Array.from({ length: 8 }, () => SqlClient.open({ port: test.port, user: 'app', password: 'secret' })),
      );
      const ports = await Promise.all(sessions.map((session) => session.value('select @@port')));
      expect(ports).to.include(String(other.mysqlPort));
      know(rig);
      await load.reach('the other has no clients', onlyRig);
      await until('the other is forgotten', NOTICE_MS, () =>
        Promise.resolve(test.proxy.backends.every(({ port }) => port !== other.mysqlPort) || undefined),
      );
      for (const session of sessions) {
        expect(await session.value('select @@port')).to.equal(String(rig.mysqlPort));
        await session.close();
      }
    });
  });

  describe('behind TiView', () => {
    interface Status {
      readonly servers: readonly {
        readonly address: string;
        readonly health: string;
        readonly reason: string;
      }[];
    }

    it('are found when they come, doubted when they die, and forgotten when they leave', async () => {
      await using own = await startRig();
      await using tiview = await startTiView({ tidbPort: own.mysqlPort });
      await using root = await SqlClient.open({ port: own.mysqlPort });
      await root.run("create user app identified by 'secret'");
      const servers = async (): Promise<ReadonlyMap<string, string>> => {
        const { servers } = (await tiview.status()) as Status;
        return new Map(servers.map(({ address, health }) => [address, health]));
      };
      const addressOf = ({ mysqlPort }: Rig): string => `127.0.0.1:${mysqlPort}`;
      const reach = (what: string, address: string, health: string | undefined) =>
        until(what, NOTICE_MS, async () => (await servers()).get(address) === health || undefined);
      await reach('the first server is healthy', addressOf(own), 'healthy');

      const added = await startRig({ join: own.pd });
      const doomed = await startRig({ join: own.pd });
      await reach('a new server is healthy', addressOf(added), 'healthy');
      await reach('a new server is healthy', addressOf(doomed), 'healthy');
      const load = new Load(tiview.port);
      await load.reach('all three have clients', (ports) => ports.size === 3);

      process.kill(doomed.pid, 'SIGKILL');
      await reach('the dead one is unhealthy', addressOf(doomed), 'unhealthy');
      const metrics = async (): Promise<string> => (await fetch(`${tiview.statusUrl}/metrics`)).text();
      await until(
        'the metrics say so',
        NOTICE_MS,
        async () =>
          (await metrics()).includes(`tiview_backend_is_healthy{server="${addressOf(doomed)}"} 0`) ||
          undefined,
      );
      // An orderly end takes it off TiDB's list.
      await added.stop();
      await reach('the other is forgotten', addressOf(added), undefined);
      await until(
        'so are its metrics',
        NOTICE_MS,
        async () => !(await metrics()).includes(addressOf(added)) || undefined,
      );
      await load.reach('one is left', (ports) => ports.size === 1);
      await load.stop();
      expect(load.refusals).to.deep.equal([]);
    });
  });
});
