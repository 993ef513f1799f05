/** The embedded storage and our own client of it, over real gRPC on this machine's loopback. */
import { setMaxListeners } from 'node:events';
import { type KeyString, keyBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import type { Runtime } from '../../../src/base/runtime.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { Faults } from '../../../src/embedded/storage/faults.js';
import { type EmbeddedStorage, startStorage } from '../../../src/embedded/storage/start-storage.js';
import { type TikvCluster, connectCluster } from '../../../src/tikv/client.js';
import { ChangeFeed } from '../../../src/tikv/feed/change-feed.js';
import { GrpcTransport } from '../../../src/tikv/grpc-transport.js';
import type { Transaction } from '../../../src/tikv/transaction.js';
import { TappedTransport } from './tapped-transport.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';

export const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const key = (text: string): Uint8Array => keyBytes(text as KeyString);

/** A mutation that puts a text. */
export function put(at: string, value: string): Mutation {
  return { kind: 'put', key: key(at), value: utf8(value) };
}

/** Everything a test needs of a cluster. */
export class StorageWorld implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly storage: EmbeddedStorage;
  readonly cluster: TikvCluster;
  /** Failures of background tasks, the storage's among them. */
  readonly crashes: string[];
  readonly #transport: GrpcTransport;
  /** That of feeds, and what came over it. */
  readonly feedTransport = new TappedTransport(new GrpcTransport());

  private constructor(parts: {
    readonly runtime: Runtime;
    readonly storage: EmbeddedStorage;
    readonly cluster: TikvCluster;
    readonly transport: GrpcTransport;
    readonly crashes: string[];
  }) {
    this.runtime = parts.runtime;
    this.storage = parts.storage;
    this.cluster = parts.cluster;
    this.crashes = parts.crashes;
    this.#transport = parts.transport;
  }

  static async start(stores = 3): Promise<StorageWorld> {
    const crashes: string[] = [];
    const runtime = systemRuntime((task, error) => crashes.push(`${task}: ${String(error)}`));
    const storage = await startStorage({ runtime, telemetry: silent, stores, host: '127.0.0.1' }, NEVER);
    const transport = new GrpcTransport();
    const transports = { pd: transport, kv: transport };
    const options = { pdSeeds: [storage.pdAddress], transports, runtime, telemetry: silent };
    const cluster = await connectCluster(options, NEVER);
    return new StorageWorld({ runtime, storage, cluster, transport, crashes });
  }

  get faults(): Faults {
    return this.storage.faults;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
    this.#transport.close();
    this.feedTransport.close();
    await this.storage.stop();
  }

  tso(): Promise<Ts> {
    return this.cluster.tso.next(NEVER);
  }

  async begin(mutations: readonly Mutation[], options: { lockTtlMs?: number; txnSource?: number } = {}) {
    const startTs = await this.tso();
    const primary = mutations[0]!.key;
    return this.cluster.transactions.begin({ startTs, primary, mutations, txnSource: 0, ...options });
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

  feed(): ChangeFeed {
    const { runtime, cluster } = this;
    const { regions, clusterId } = cluster;
    return new ChangeFeed({ runtime, transport: this.feedTransport, regions, clusterId });
  }
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

/** Waits for something to come to pass. */
export async function until(isSo: () => boolean, ms = 10_000): Promise<void> {
  const endMs = Date.now() + ms;
  while (!isSo()) {
    if (Date.now() > endMs) throw new Error(`it has not come to pass in ${ms} ms`);
    await pause(5);
  }
}
