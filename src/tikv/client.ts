/** The door of the TiKV client: finds the cluster and puts the parts together. */
import { Backoff } from '../base/backoff.js';
import { limits } from '../base/limits.js';
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import type { Transport } from '../base/transport.js';
import { backoffKinds } from './backoff-kinds.js';
import { Coprocessor } from './coprocessor/coprocessor.js';
import { Guard } from './guard.js';
import { Locks } from './locks/locks.js';
import { measuredTransport } from './measured-transport.js';
import { GcBarrier } from './pd/gc-barrier.js';
import { PdMembers } from './pd/pd-members.js';
import { PdRegions } from './pd/pd-regions.js';
import { PdRpc, isWorthRetrying } from './pd/pd-rpc.js';
import { TsoClient } from './pd/tso-client.js';
import { RegionCache } from './region-cache.js';
import { RegionRequester } from './region-request.js';
import { Snapshots } from './snapshots.js';
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
  readonly regions: RegionCache;
  /** PD's own view of regions and stores, for those who want to know it. */
  readonly pd: PdRegions;
  readonly snapshots: Snapshots;
  readonly locks: Locks;
  readonly coprocessor: Coprocessor;
  readonly transactions: Transactions;
  readonly gc: {
    /** A GC barrier of that name; nothing is held yet. */
    barrier(name: string): GcBarrier;
  };
  /** Ends background work. The transports stay open: they are the caller's. */
  close(): Promise<void>;
}

/**
 * Connects to a cluster.
 *
 * @throws BudgetError — no seed could name PD's leader for `limits.rpcBudgetMs`; TiviewError — the seeds belong to
 *   different clusters.
 */
export async function connectCluster(options: ConnectOptions, signal: AbortSignal): Promise<TikvCluster> {
  const { runtime, telemetry } = options;
  const pdTransport = measuredTransport(options.transports.pd, telemetry.metrics);
  const kvTransport = measuredTransport(options.transports.kv, telemetry.metrics);
  const members = new PdMembers(pdTransport, options.pdSeeds);
  await findPd(members, runtime, signal);
  const { clusterId } = members;
  const rpc = new PdRpc({ transport: pdTransport, members, runtime });
  const pd = new PdRegions(rpc);
  const regions = new RegionCache({ pd, runtime });
  const tso = new TsoClient({ transport: pdTransport, members, runtime });
  const guard = new Guard(tso);
  const requester = new RegionRequester({
    transport: kvTransport,
    regions,
    guard,
    runtime,
    telemetry,
    clusterId,
  });
  const locks = new Locks(requester, tso);
  const { resolver } = locks;
  return {
    clusterId,
    tso,
    regions,
    pd,
    snapshots: new Snapshots(requester, resolver),
    locks,
    coprocessor: new Coprocessor(requester, resolver),
    transactions: new Transactions({ requester, resolver, tso }),
    gc: { barrier: (name) => new GcBarrier(rpc, name) },
    close: () => tso.close(),
    [Symbol.asyncDispose]: () => tso.close(),
  };
}

async function findPd(members: PdMembers, runtime: Runtime, signal: AbortSignal): Promise<void> {
  const backoff = new Backoff(runtime, 'find PD', 'pd', limits.rpcBudgetMs);
  for (;;) {
    try {
      await members.refresh(signal);
      return;
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
      await backoff.pause(backoffKinds.pd, error, signal);
    }
  }
}
