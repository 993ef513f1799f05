/**
 * The embedded storage and our own client of it: over real gRPC on this machine's loopback, or without sockets in
 * simulated time, where a seed repeats a run.
 */
import { setMaxListeners } from 'node:events';
import { type KeyString, keyBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import type { Runtime, Task } from '../../../src/base/runtime.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import type { Transport } from '../../../src/base/transport.js';
import type { Ts } from '../../../src/codec/tso.js';
import { StorageCluster } from '../../../src/embedded/storage/cluster.js';
import type { Faults } from '../../../src/embedded/storage/faults.js';
import { startStorage } from '../../../src/embedded/storage/start-storage.js';
import { type TikvCluster, connectCluster } from '../../../src/tikv/client.js';
import { ChangeFeed } from '../../../src/tikv/feed/change-feed.js';
import { GrpcTransport } from '../../../src/tikv/grpc-transport.js';
import type { Transaction } from '../../../src/tikv/transaction.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import type { VirtualRuntime } from '../../support/virtual-runtime.js';
import { MachineTransport } from './machine-transport.js';
import { TappedTransport } from './tapped-transport.js';

export const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

export const key = (text: string): Uint8Array => keyBytes(text as KeyString);

/** A mutation that puts a text. */
export function put(at: string, value: string): Mutation {
  return { kind: 'put', key: key(at), value: utf8(value) };
}

interface WorldParts {
  readonly runtime: Runtime;
  readonly faults: Faults;
  readonly pdAddress: string;
  readonly transports: { readonly unary: Transport; readonly feed: Transport };
  readonly crashes: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Everything a test needs of a cluster. */
export class StorageWorld implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly faults: Faults;
  readonly pdAddress: string;
  readonly cluster: TikvCluster;
  /** That of feeds, and what came over it. */
  readonly feedTransport: TappedTransport;
  readonly #parts: WorldParts;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(parts: WorldParts, cluster: TikvCluster) {
    this.runtime = parts.runtime;
    this.faults = parts.faults;
    this.pdAddress = parts.pdAddress;
    this.cluster = cluster;
    this.feedTransport = new TappedTransport(parts.transports.feed);
    this.#parts = parts;
  }

  /** Over gRPC. */
  static async start(stores = 3): Promise<StorageWorld> {
    const crashes: string[] = [];
    const runtime = systemRuntime((task, error) => crashes.push(`${task}: ${String(error)}`));
    const storage = await startStorage({ runtime, telemetry: silent, stores, host: '127.0.0.1' }, NEVER);
    const transports = { unary: new GrpcTransport(), feed: new GrpcTransport() };
    const { faults, pdAddress } = storage;
    const stop = (): Promise<void> => storage.stop();
    return connect({ runtime, faults, pdAddress, transports, crashes: () => crashes, stop });
  }

  /** Without sockets, in the time of the runtime. */
  static async simulate(runtime: VirtualRuntime, stores = 3): Promise<StorageWorld> {
    const cluster = new StorageCluster({ stores, clusterId: 42n, random: runtime.random });
    const transport = new MachineTransport(cluster, runtime);
    const work = runtime.spawn('storage', (signal) => transport.advance(signal));
    return connect({
      runtime,
      faults: cluster.faults,
      pdAddress: transport.pdAddress,
      transports: { unary: transport, feed: transport },
      crashes: () => runtime.crashes.map(({ task, error }) => `${task}: ${String(error)}`),
      stop: () => work.stop(),
    });
  }

  /** For {@link connect}. */
  static of(parts: WorldParts, cluster: TikvCluster): StorageWorld {
    return new StorageWorld(parts, cluster);
  }

  /** Failures of background tasks, the storage's among them. */
  get crashes(): readonly string[] {
    return this.#parts.crashes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
    await this.cluster.close();
    this.#parts.transports.unary.close();
    this.feedTransport.close();
    await this.#parts.stop();
  }

  /** Work in the background that ends before this world does, however its test ends. */
  spawn(name: string, work: (signal: AbortSignal) => Promise<void>): Task {
    return this.ending(this.runtime.spawn(name, work));
  }

  /** Something that ends before this world does, however its test ends. */
  ending<T extends Pick<Task, 'stop'>>(task: T): T {
    this.#ends.unshift(() => task.stop());
    return task;
  }

  pause(ms: number): Promise<void> {
    return this.runtime.sleep(ms, NEVER);
  }

  /** Waits for something to come to pass. */
  async until(isSo: () => boolean, ms = 10_000): Promise<void> {
    const endMs = this.runtime.monotonicMs() + ms;
    while (!isSo()) {
      if (this.runtime.monotonicMs() > endMs) throw new Error(`it has not come to pass in ${ms} ms`);
      await this.pause(5);
    }
  }

  tso(): Promise<Ts> {
    return this.cluster.tso.next(NEVER);
  }

  async begin(mutations: readonly Mutation[], options: { lockTtlMs?: number; startTs?: Ts } = {}) {
    const startTs = options.startTs ?? (await this.tso());
    const primary = mutations[0]!.key;
    return this.cluster.transactions.begin({ primary, mutations, txnSource: 0, ...options, startTs });
  }

  /** A whole transaction. @throws Error — it was not committed. */
  async commit(...mutations: readonly Mutation[]): Promise<Ts> {
    await using txn = await this.begin(mutations);
    return await commit(txn);
  }

  async get(at: string, ts?: Ts): Promise<string | undefined> {
    const value = await this.cluster.snapshot(ts ?? (await this.tso())).get(key(at), NEVER);
    return value === undefined ? undefined : Buffer.from(value).toString();
  }

  /** Keys and values of a range, as hex. */
  async scan(start: Uint8Array, end: Uint8Array, ts: Ts): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for await (const page of this.cluster.snapshot(ts).scan(start, end, {}, NEVER)) {
      for (const pair of page) found.set(toHex(pair.key), toHex(pair.value));
    }
    return found;
  }

  /** Ends with this world. */
  feed(): ChangeFeed {
    const { runtime, cluster, feedTransport } = this;
    const { regions, clusterId } = cluster;
    const feed = new ChangeFeed({ runtime, transport: feedTransport, regions, clusterId });
    this.#ends.push(() => feed.close());
    return feed;
  }
}

async function connect(parts: WorldParts): Promise<StorageWorld> {
  const { runtime, pdAddress, transports } = parts;
  const both = { pd: transports.unary, kv: transports.unary };
  const options = { pdSeeds: [pdAddress], transports: both, runtime, telemetry: silent };
  return StorageWorld.of(parts, await connectCluster(options, NEVER));
}

/** Both phases, when nothing is in the way. */
export async function commit(txn: Transaction): Promise<Ts> {
  const prewritten = await txn.prewrite(0, NEVER);
  if (prewritten.kind !== 'ok') throw new Error(prewritten.kind);
  const outcome = await txn.commitPrimary(NEVER);
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  await txn.commitSecondaries(NEVER);
  return outcome.commitTs;
}
