/** The door of the TiKV client: finds the cluster and puts the parts together. */
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import type { Transport } from '../base/transport.js';
import type { Ts } from '../codec/tso.js';
import { Coprocessor } from './coprocessor/coprocessor.js';
import { Guard } from './guard.js';
import { LockResolver } from './locks/lock-resolver.js';
import type { ReadOptions } from './locks/reader.js';
import { SpanResolver } from './locks/span-resolver.js';
import { measuredTransport } from './measured-transport.js';
import { GcBarrier } from './pd/gc-barrier.js';
import { PdMembers } from './pd/pd-members.js';
import { PdRegions } from './pd/pd-regions.js';
import { PdRpc } from './pd/pd-rpc.js';
import { TsoClient } from './pd/tso-client.js';
import { RegionCache } from './region-cache.js';
import { RegionRequester } from './region-request.js';
import { Snapshot } from './snapshot.js';
import { Transactions } from './transaction.js';

/** How to connect. */
export interface ConnectOptions {
  /** `host:port` of one or more members of PD. */
  readonly pdSeeds: readonly string[];
  /** One for PD and one for TiKV, or the same. Change feeds have their own. */
  readonly transports: { readonly pd: Transport; readonly kv: Transport };
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
}

/** A connected cluster. */
export interface TikvCluster extends AsyncDisposable {
  readonly clusterId: bigint;
  readonly tso: TsoClient;
  readonly pd: PdRegions;
  readonly regions: RegionCache;
  readonly locks: { readonly resolver: LockResolver; readonly spans: SpanResolver };
  readonly coprocessor: Coprocessor;
  readonly transactions: Transactions;
  /** A snapshot at a timestamp from PD. */
  snapshot(ts: Ts, options?: ReadOptions): Snapshot;
  /** A GC barrier of that name; nothing is held yet. */
  gcBarrier(name: string): GcBarrier;
  /** Ends background work. The transports stay open: they are the caller's. */
  close(): Promise<void>;
}

/**
 * Connects to a cluster.
 *
 * @throws RpcError | TiviewError — no seed could name PD's leader.
 */
export async function connectCluster(options: ConnectOptions, signal: AbortSignal): Promise<TikvCluster> {
  const { runtime, telemetry } = options;
  const pdTransport = measuredTransport(options.transports.pd, runtime, telemetry.metrics);
  const kvTransport = measuredTransport(options.transports.kv, runtime, telemetry.metrics);
  const members = new PdMembers(pdTransport, options.pdSeeds);
  await members.refresh(signal);
  const rpc = new PdRpc({ transport: pdTransport, members, runtime, telemetry });
  const pd = new PdRegions(rpc);
  const regions = new RegionCache({ pd, runtime, telemetry });
  const tso = new TsoClient({ transport: pdTransport, members, runtime, telemetry });
  const { clusterId } = members;
  const requester = new RegionRequester({
    transport: kvTransport,
    regions,
    guard: new Guard(tso),
    runtime,
    telemetry,
    clusterId,
  });
  const resolver = new LockResolver(requester, tso);
  return {
    clusterId,
    tso,
    pd,
    regions,
    locks: { resolver, spans: new SpanResolver(requester, resolver) },
    coprocessor: new Coprocessor(requester, resolver),
    transactions: new Transactions({ requester, resolver, tso }),
    snapshot: (ts, readOptions) => new Snapshot(requester, resolver, ts, readOptions),
    gcBarrier: (name) => new GcBarrier(rpc, name),
    close: () => tso.close(),
    [Symbol.asyncDispose]: () => tso.close(),
  };
}
