/** The door of the embedded storage: PD and some TiKV stores, each at an address of its own, over one machine. */
import { Alarm } from '../../base/alarm.js';
import type { Runtime } from '../../base/runtime.js';
import type { Telemetry } from '../../base/telemetry.js';
import { type CallOutcome, unimplemented } from './call-outcome.js';
import { StorageCluster } from './cluster.js';
import type { Faults } from './faults.js';
import { BATCH_COMMANDS, serveBatches } from './grpc/batch-commands.js';
import { FEED_METHOD, serveFeed } from './grpc/feed-stream.js';
import { RawServer } from './grpc/raw-server.js';
import { serveTimestamps } from './grpc/tso-stream.js';

/** What storage is started with. */
export interface StorageOptions {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** How many stores; regions are led by all of them. */
  readonly stores: number;
  /** Where to listen; ports are chosen by the system. */
  readonly host: string;
}

/** Storage that runs. */
export interface EmbeddedStorage {
  /** `host:port`. */
  readonly pdAddress: string;
  readonly faults: Faults;
  /** Ends all connections; the data is gone. */
  stop(): Promise<void>;
}

/** The machine does what is due at least so often, though nobody rings. */
const IDLE_MS = 1000;

/** Starts PD and the stores. Data lives as long as they run. */
export async function startStorage(options: StorageOptions, signal: AbortSignal): Promise<EmbeddedStorage> {
  signal.throwIfAborted();
  const { runtime, telemetry, host } = options;
  const clusterId = BigInt(Math.floor(runtime.random() * Number.MAX_SAFE_INTEGER)) + 1n;
  const cluster = new StorageCluster({
    stores: options.stores,
    clusterId,
    random: () => runtime.random(),
  });
  const alarm = new Alarm();
  const now = wallClock(runtime);
  const pd = new RawServer(runtime);
  pd.add({
    name: 'pdpb.PD',
    unary: {
      methods: cluster.pdMethods,
      handle: (method, body) => cluster.callPd(method, body, now()),
    },
    duplex: { Tso: (stream) => serveTimestamps(cluster, stream, { runtime, now }) },
  });
  const stores = new Map(
    cluster.storeIds.map((storeId) => [storeId, storeServer(cluster, storeId, { runtime, now, alarm })]),
  );
  const servers = [pd, ...stores.values()];
  try {
    await Promise.all(servers.map((server) => server.listen(host)));
    signal.throwIfAborted();
  } catch (error) {
    for (const server of servers) server.stop();
    throw error;
  }
  cluster.listenAt({
    pd: pd.address,
    stores: new Map(Array.from(stores, ([storeId, server]) => [storeId, server.address])),
  });
  cluster.faults.clock = now;
  cluster.faults.onDrop = (storeId) => {
    stores.get(storeId)?.dropConnections();
    // An election may be due soon.
    alarm.ring();
  };
  const work = runtime.spawn('embedded storage', (abort) => advance(cluster, { runtime, now, alarm }, abort));
  telemetry.log.info('embedded storage listens', { pd: pd.address, stores: stores.size });
  return {
    pdAddress: pd.address,
    faults: cluster.faults,
    stop: async () => {
      await work.stop();
      for (const server of servers) server.stop();
    },
  };
}

interface Means {
  readonly runtime: Runtime;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Rung when there may be something to do. */
  readonly alarm: Alarm;
}

function storeServer(cluster: StorageCluster, storeId: bigint, means: Means): RawServer {
  const { runtime, now } = means;
  const call = (method: string, body: Uint8Array): CallOutcome =>
    cluster.callStore(storeId, method, body, now());
  const server = new RawServer(runtime);
  server.add({
    name: 'tikvpb.Tikv',
    unary: {
      methods: cluster.storeMethods,
      handle: call,
    },
    duplex: { [BATCH_COMMANDS]: (stream) => serveBatches(call, stream, runtime) },
  });
  server.add({
    name: 'cdcpb.ChangeData',
    unary: { methods: [], handle: (method) => unimplemented(method) },
    duplex: {
      [FEED_METHOD]: (stream) => serveFeed(() => cluster.openFeed(storeId, now()), stream, means),
    },
  });
  return server;
}

async function advance(
  cluster: StorageCluster,
  { runtime, now, alarm }: Means,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const pauseMs = cluster.advance(now());
    if (pauseMs > 0) await alarm.waitAtMost(Math.min(pauseMs, IDLE_MS), runtime, signal);
    else await runtime.yieldToIo();
    signal.throwIfAborted();
  }
}

/** The wall clock, but one that never goes back: what PD's timestamps are made of. */
function wallClock(runtime: Runtime): () => number {
  const offsetMs = new Date().getTime() - runtime.monotonicMs();
  return () => offsetMs + runtime.monotonicMs();
}
