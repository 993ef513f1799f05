/** The embedded cluster's door: PD, TiKV and the change feed, and the SQL front end on top of them. */
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import { connectCluster } from '../tikv/client.js';
import { BatchingTransport } from '../tikv/batch/batching-transport.js';
import { GrpcTransport } from '../tikv/grpc-transport.js';
import { type RunningSql, startSql } from './sql/start-sql.js';
import type { Faults } from './storage/faults.js';
import { startStorage } from './storage/start-storage.js';

/** How it is set up. */
export interface EmbeddedOptions {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
}

/** A cluster that runs, in this process. */
export interface EmbeddedCluster {
  /** Where its SQL front end listens. */
  readonly sql: RunningSql['address'];
  /** `host:port`. */
  readonly pd: string;
  /** What tests can do to it. */
  readonly faults: Faults;
  /** Runs statements in a session of their own. @throws SqlError */
  run(statements: readonly string[], signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Nobody else on the network has business here. */
const HOST = '127.0.0.1';
/** As many as a small cluster has: regions are led by different stores. */
const STORES = 3;

/** Starts it, empty but for a database `test`. @throws what keeps it from running; the signal's reason. */
export async function startEmbedded(options: EmbeddedOptions, signal: AbortSignal): Promise<EmbeddedCluster> {
  const { runtime, telemetry } = options;
  const ends: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const storage = await startStorage({ runtime, telemetry, stores: STORES, host: HOST }, signal);
    ends.push(() => storage.stop());
    const pd = storage.pdAddress;
    const transports = {
      pd: new GrpcTransport({}),
      kv: new BatchingTransport(new GrpcTransport({}), runtime),
    };
    ends.push(() => {
      for (const transport of [transports.pd, transports.kv]) transport.close();
    });
    const cluster = await connectCluster({ pdSeeds: [pd], transports, runtime, telemetry }, signal);
    ends.push(() => cluster.close());
    const listen = { host: HOST, port: 0 };
    const sql = await startSql({ cluster, pd: [pd], runtime, telemetry, listen }, signal);
    ends.push(() => sql.stop());
    return {
      sql: sql.address,
      pd,
      faults: storage.faults,
      run: (statements, inner) => sql.run(statements, inner),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
