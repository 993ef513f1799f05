/** The embedded SQL front end over a rig's PD and TiKV, for tests. */
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { type RunningSql, startSql } from '../../../src/embedded/sql/start-sql.js';
import { type TikvCluster, connectCluster } from '../../../src/tikv/client.js';
import { GrpcTransport } from '../../../src/tikv/grpc-transport.js';
import type { Rig } from '../rig.js';

/** A running front end; disposing of it leaves the rig alone. */
export class SqlFrontEnd implements AsyncDisposable {
  readonly port: number;
  readonly #sql: RunningSql;
  readonly #cluster: TikvCluster;
  readonly #transports: readonly GrpcTransport[];

  private constructor(sql: RunningSql, cluster: TikvCluster, transports: readonly GrpcTransport[]) {
    this.port = sql.address.port;
    this.#sql = sql;
    this.#cluster = cluster;
    this.#transports = transports;
  }

  /** Starts one. A crash of its background work ends the test process. */
  static async start(rig: Rig): Promise<SqlFrontEnd> {
    const { signal } = new AbortController();
    const runtime = systemRuntime((task, error) => {
      throw new Error(`${task} has failed`, { cause: error });
    });
    const transports = { pd: new GrpcTransport({}), kv: new GrpcTransport({}) };
    const cluster = await connectCluster(
      { pdSeeds: [rig.pd], transports, runtime, telemetry: silent },
      signal,
    );
    const listen = { host: '127.0.0.1', port: 0 };
    const sql = await startSql({ cluster, pd: [rig.pd], runtime, telemetry: silent, listen }, signal);
    return new SqlFrontEnd(sql, cluster, [transports.pd, transports.kv]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.stop();
    await this.#cluster.close();
    for (const transport of this.#transports) transport.close();
  }
}
