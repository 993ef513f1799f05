/** Two tidb-servers of one cluster that are stopped and started anew, and a proxy that knows both. */
import { silent } from '../../../src/base/telemetry.js';
import type { ProxyOptions } from '../../../src/proxy/proxy.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TestProxy, startProxy } from './harness.js';

/** For how long a server that is told to stop says so before it does. */
const GRACE_S = 5;
/** By which sessions must have left a server that is to stop, and a server must be known to be well. */
const NOTICE_MS = 15_000;

/** What may be different. */
export interface MoveRigOptions {
  /** A file. */
  readonly tidbConfig?: string;
  readonly proxy?: Partial<ProxyOptions>;
}

/** The cluster and the proxy. */
export class MoveRig implements AsyncDisposable {
  readonly #stores: Rig;
  /** Processes. */
  readonly #ended = new Set<number>();
  readonly servers: [Rig, Rig];
  readonly test: TestProxy;
  /** For how long sessions that moved stood still, in milliseconds. */
  readonly stoodStillMs: number[];

  private constructor(stores: Rig, servers: [Rig, Rig], test: TestProxy, stoodStillMs: number[]) {
    this.#stores = stores;
    this.servers = servers;
    this.test = test;
    this.stoodStillMs = stoodStillMs;
  }

  /** @param more - settings of the tidb-servers and of the proxy. */
  static async start(more: MoveRigOptions = {}): Promise<MoveRig> {
    const stores = await startRig({ tidb: false });
    const options = {
      ...{ join: stores.pd, gracefulWaitS: GRACE_S },
      ...(more.tidbConfig !== undefined && { tidbConfig: more.tidbConfig }),
    };
    const first = await startRig(options);
    const second = await startRig(options);
    const stoodStillMs: number[] = [];
    const observe = (name: string, value: number): void => {
      if (name === 'tiview_session_move_seconds') stoodStillMs.push(1000 * value);
    };
    const telemetry = { ...silent, metrics: { ...silent.metrics, observe } };
    const test = await startProxy([`127.0.0.1:${first.mysqlPort}`], { telemetry, ...more.proxy });
    const rig = new MoveRig(stores, [first, second], test, stoodStillMs);
    await rig.#know();
    return rig;
  }

  get port(): number {
    return this.test.port;
  }

  /** Begins to stop a server. @returns to wait for its end. */
  async stop(index: 0 | 1): Promise<void> {
    const server = this.servers[index];
    await server.stop();
    this.#ended.add(server.pid);
  }

  /** Waits until a server has no connections of the proxy's, or as many as are expected to stay. */
  async left(index: 0 | 1, staying = 0): Promise<void> {
    const { mysqlPort } = this.servers[index];
    await until('sessions leave the server', NOTICE_MS, () => {
      const backend = this.test.proxy.backends.find(({ port }) => port === mysqlPort);
      const { connections = 0 } = backend ?? {};
      return Promise.resolve(connections <= staying || undefined);
    });
  }

  /** Starts a server that has ended, at its old address, and waits until the proxy finds it well. */
  async restart(index: 0 | 1): Promise<void> {
    const { mysqlPort } = this.servers[index];
    this.servers[index] = await startRig({
      ...{ join: this.#stores.pd, tidbPort: mysqlPort, gracefulWaitS: GRACE_S },
    });
    await this.#know();
  }

  /** A session through the proxy, on a certain server. */
  async sessionOn(index: 0 | 1): Promise<SqlClient> {
    const wanted = String(this.servers[index].mysqlPort);
    const others: SqlClient[] = [];
    try {
      // Those on the other server stay for now, or the next would get there too.
      for (;;) {
        const client = await SqlClient.open({ port: this.port });
        if ((await client.value('select @@port')) === wanted) return client;
        others.push(client);
      }
    } finally {
      for (const other of others) other.abandon();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.test.stop();
    for (const { pid } of this.servers) if (!this.#ended.has(pid)) process.kill(pid, 'SIGKILL');
    await this.#stores.stop();
  }

  async #know(): Promise<void> {
    const listed = this.servers.map(({ mysqlPort, status }) => ({
      ...{ address: `127.0.0.1:${mysqlPort}`, statusAddress: status },
    }));
    this.test.proxy.setBackends(listed);
    await until('both servers are well', NOTICE_MS, () =>
      Promise.resolve(this.test.proxy.backends.every(({ health }) => health === 'healthy') || undefined),
    );
  }
}
