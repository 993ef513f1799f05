// How clients are shared out among real tidb-servers: by connections, weight, zone, warmth and load.
import { expect } from 'chai';
import { limits } from '../../../src/base/limits.js';
import { type BalanceSettings, EVENLY } from '../../../src/proxy/balance/balance-settings.js';
import type { Backend } from '../../../src/proxy/backends.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { type TestProxy, startProxy } from './harness.js';

/** By which a change must have been noticed: a look at the list of servers, a check, and what a busy machine needs. */
const NOTICE_MS = 20_000;

const addressOf = ({ mysqlPort }: Rig): string => `127.0.0.1:${mysqlPort}`;

/** Sessions that stay open. */
class Held implements AsyncDisposable {
  readonly #sessions: SqlClient[] = [];

  /** Opens some more. @returns how many of these each server has got, by its port. */
  async open(port: number, count: number): Promise<ReadonlyMap<number, number>> {
    const got = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const session = await SqlClient.open({ port });
      this.#sessions.push(session);
      const server = Number(await session.value('select @@port'));
      got.set(server, (got.get(server) ?? 0) + 1);
    }
    return got;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session.close().catch(() => session.abandon());
  }
}

describe('clients are shared out', () => {
  let rig: Rig;
  let other: Rig;

  before(async () => {
    rig = await startRig({ labels: 'zone=west' });
    other = await startRig({ join: rig.pd, labels: 'zone=east,rack=3' });
  });

  after(async () => {
    await other.stop();
    await rig.stop();
  });

  describe('by a proxy that knows the servers', () => {
    let test: TestProxy;
    let held: Held;

    /** Starts it; all that are listed are well. */
    async function start(settings: Partial<BalanceSettings>, ...listed: readonly Rig[]): Promise<void> {
      test = await startProxy([addressOf(rig)], { balance: { ...EVENLY, ...settings } });
      held = new Held();
      await list(...listed);
    }

    async function list(...listed: readonly Rig[]): Promise<void> {
      const labels = (one: Rig) => new Map([['zone', one === rig ? 'west' : 'east']]);
      test.proxy.setBackends(
        listed.map((one) => ({ address: addressOf(one), statusAddress: one.status, labels: labels(one) })),
      );
      await until('all are well', NOTICE_MS, () =>
        Promise.resolve(test.proxy.backends.every(({ health }) => health === 'healthy') || undefined),
      );
    }

    const find = (one: Rig): Backend => {
      const found = test.proxy.backends.find(({ port }) => port === one.mysqlPort);
      if (found === undefined) throw new Error('a server is not known');
      return found;
    };

    afterEach(async () => {
      await held[Symbol.asyncDispose]();
      await test.stop();
    });

    it('evenly', async () => {
      await start({}, rig, other);
      const got = await held.open(test.port, 10);
      expect([got.get(rig.mysqlPort), got.get(other.mysqlPort)]).to.deep.equal([5, 5]);
    });

    it('by weight, of an address or a label', async () => {
      const label = { kind: 'label', name: 'zone', value: 'east', weight: 3 } as const;
      await start({ weights: [label] }, rig, other);
      const got = await held.open(test.port, 12);
      expect([got.get(rig.mysqlPort), got.get(other.mysqlPort)]).to.deep.equal([3, 9]);
    });

    it('not at all, where the weight is 0', async () => {
      await start({ weights: [{ kind: 'address', address: addressOf(rig), weight: 0 }] }, rig, other);
      expect([...(await held.open(test.port, 4)).keys()]).to.deep.equal([other.mysqlPort]);
    });

    it('slowly, to a server that joins', async () => {
      await start({}, rig);
      await held.open(test.port, 30);
      await list(rig, other);
      const got = await held.open(test.port, 20);
      const { warmth, connections } = find(other);
      const { connections: ofOld } = find(rig);
      // One more than its part of what the old one has, because shares are rounded up.
      expect(connections).to.be.within(1, Math.ceil(warmth * ofOld) + 1);
      expect(connections).to.equal(got.get(other.mysqlPort));
      await until('it has warmed up', limits.slowStartMs + NOTICE_MS, () =>
        Promise.resolve(find(other).warmth === 1 || undefined),
      );
      await held.open(test.port, 60);
      expect(find(other).connections).to.be.closeTo(find(rig).connections, 1);
    });

    it('by load, as the servers tell it', async () => {
      await start({ policy: 'load' }, rig, other);
      let isOver = false;
      const burn = async (): Promise<void> => {
        await using session = await SqlClient.open({ port: other.mysqlPort });
        while (!isOver) await session.run('do benchmark(1000000, md5(rand()))');
      };
      // Several, because the machine may have other work.
      const burning = Promise.all([burn(), burn(), burn()]);
      await until('the figures show it', 2 * NOTICE_MS, () => {
        const [busy, idle] = [find(other).load, find(rig).load];
        const isSeen = busy !== undefined && idle !== undefined && 1 - idle.cpu > 1.15 * (1 - busy.cpu);
        return Promise.resolve(isSeen || undefined);
      });
      const [busy, idle] = [find(other).load, find(rig).load];
      expect(busy?.memory).to.be.within(0.001, 0.8);
      const got = await held.open(test.port, 60);
      isOver = true;
      await burning;
      const idleParts = [1 - (idle?.cpu ?? 0), 1 - (busy?.cpu ?? 0)] as const;
      const share = (60 * idleParts[1]) / (idleParts[0] + idleParts[1]);
      // Figures may have changed once or twice in between.
      expect(got.get(other.mysqlPort)).to.be.closeTo(share, 5);
      expect(got.get(other.mysqlPort)).to.be.lessThan(got.get(rig.mysqlPort) ?? 0);
    });
  });

  describe('by TiView, which finds them', () => {
    let tiview: TiView;

    interface Status {
      readonly servers: readonly Record<string, unknown>[];
    }

    const serverOf = async (one: Rig): Promise<Record<string, unknown>> => {
      const { servers } = (await tiview.status()) as Status;
      return servers.find(({ address }) => address === addressOf(one)) ?? {};
    };
    const portOf = async (): Promise<number> => {
      await using session = await tiview.connect();
      return Number(await session.value('select @@port'));
    };
    const health = async (): Promise<{ code: number; text: string }> => {
      const response = await fetch(`${tiview.statusUrl}/health`);
      return { code: response.status, text: await response.text() };
    };

    it('to the own zone, to others while nobody is there, and says when nobody is left', async () => {
      await using own = await startRig({ labels: 'zone=west' });
      await using near = await startRig({ join: own.pd, labels: 'zone=east' });
      tiview = await startTiView({
        tidbPort: own.mysqlPort,
        flags: ['--zone', 'east', '--balance', 'load', '--weights', 'zone=west=2'],
      });
      await using running = tiview;
      const isWell = (one: Rig) => async () => {
        const { health: found, load } = await serverOf(one);
        return (found === 'healthy' && load !== null) || undefined;
      };
      await until('both are well, and tell their load', NOTICE_MS, isWell(near));
      await until('both are well, and tell their load', NOTICE_MS, isWell(own));
      expect(await serverOf(near)).to.include({ zone: 'east', weight: 1, warmth: 1 });
      expect(await serverOf(own)).to.include({ zone: 'west', weight: 2, warmth: 1 });
      for (let i = 0; i < 6; i++) expect(await portOf()).to.equal(near.mysqlPort);
      expect(await health()).to.deep.equal({ code: 200, text: 'ok\n' });

      process.kill(near.pid, 'SIGKILL');
      for (let i = 0; i < 6; i++) expect(await portOf()).to.equal(own.mysqlPort);
      process.kill(own.pid, 'SIGKILL');
      const { value: text } = await until('nobody is left', NOTICE_MS, async () => {
        const said = await health();
        return said.code === 503 ? said.text : undefined;
      });
      expect(text).to.match(/^no tidb-server is healthy: 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
      expect(await running.connect().catch((error: unknown) => error)).to.include({ errno: 1105 });
    });
  });
});
