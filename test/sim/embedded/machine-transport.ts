/** The storage's machine behind the `Transport` seam: no sockets, and the time and chance of a runtime that tests own. */
import { Alarm } from '../../../src/base/alarm.js';
import type { Runtime } from '../../../src/base/runtime.js';
import type { DuplexStream, Metadata, Transport } from '../../../src/base/transport.js';
import type { CallFailure, CallOutcome } from '../../../src/embedded/storage/call-outcome.js';
import type { StorageCluster } from '../../../src/embedded/storage/cluster.js';
import { RpcError } from '../../../src/tikv/rpc-error.js';

const PD_ADDRESS = 'pd:1';
/** When simulated time begins, by PD's clock. */
const START_MS = 1_700_000_000_000;

/** Calls a cluster directly, each message after a while. */
export class MachineTransport implements Transport {
  readonly #cluster: StorageCluster;
  readonly #runtime: Runtime;
  readonly #storeIds: ReadonlyMap<string, bigint>;

  constructor(cluster: StorageCluster, runtime: Runtime) {
    this.#cluster = cluster;
    this.#runtime = runtime;
    const addresses = new Map(cluster.storeIds.map((id) => [id, `store${id}:1`]));
    this.#storeIds = new Map(Array.from(addresses, ([id, address]) => [address, id]));
    cluster.listenAt({ pd: PD_ADDRESS, stores: addresses });
  }

  get pdAddress(): string {
    return PD_ADDRESS;
  }

  /** Does what is due in the cluster, until aborted. */
  async advance(signal: AbortSignal): Promise<void> {
    for (;;) {
      const pauseMs = this.#cluster.advance(this.#nowMs());
      await this.#runtime.sleep(Math.min(Math.max(pauseMs, 0.2), 10), signal);
    }
  }

  async unary(address: string, path: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const method = path.slice(path.lastIndexOf('/') + 1);
    await this.#travel(signal);
    const outcome = this.#call(address, method, body);
    await this.#travel(signal);
    if (outcome.kind === 'reply') return outcome.body;
    throw failed(outcome, address, path);
  }

  duplex(address: string, path: string, _metadata: Metadata, signal: AbortSignal): DuplexStream {
    return path.endsWith('/Tso')
      ? this.#timestamps(address, path, signal)
      : this.#feed(address, path, signal);
  }

  forget(): void {
    // There are no connections.
  }

  close(): void {
    // There are no connections.
  }

  #timestamps(address: string, path: string, signal: AbortSignal): DuplexStream {
    const outcomes: CallOutcome[] = [];
    const alarm = new Alarm();
    const travel = (): Promise<void> => this.#travel(signal);
    let last = Promise.resolve();
    return {
      write: (message) => {
        // Messages do not overtake each other.
        last = last.then(travel).then(() => {
          outcomes.push(this.#cluster.timestamps(message, this.#nowMs()));
          alarm.ring();
        });
        last.catch(() => undefined);
        return Promise.resolve();
      },
      end: () => undefined,
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const outcome = outcomes.shift();
          if (outcome?.kind === 'failure') throw failed(outcome, address, path);
          if (outcome === undefined) await alarm.wait(signal);
          else yield outcome.body;
        }
      },
    };
  }

  #feed(address: string, path: string, signal: AbortSignal): DuplexStream {
    const connection = this.#cluster.openFeed(this.#storeIds.get(address) ?? 0n, this.#nowMs());
    const alarm = new Alarm();
    const travel = (): Promise<void> => this.#travel(signal);
    if ('kind' in connection) {
      return {
        write: () => Promise.reject(failed(connection, address, path)),
        end: () => undefined,
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failed(connection, address, path)) }),
      };
    }
    connection.onChange = () => alarm.ring();
    let last = Promise.resolve();
    return {
      write: (message) => {
        last = last.then(travel).then(() => connection.receive(message));
        last.catch(() => undefined);
        return Promise.resolve();
      },
      end: () => connection.close(),
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) {
            const message = connection.take();
            if (message !== undefined) {
              await travel();
              yield message;
            } else if (connection.failure !== undefined) {
              throw failed(connection.failure, address, path);
            } else {
              await alarm.wait(signal);
            }
          }
        } finally {
          connection.close();
        }
      },
    };
  }

  #call(address: string, method: string, body: Uint8Array): CallOutcome {
    const storeId = this.#storeIds.get(address);
    return storeId === undefined
      ? this.#cluster.callPd(method, body, this.#nowMs())
      : this.#cluster.callStore(storeId, method, body, this.#nowMs());
  }

  #nowMs(): number {
    return START_MS + this.#runtime.monotonicMs();
  }

  /** Mostly a fraction of a millisecond, now and then much longer. */
  #travel(signal: AbortSignal): Promise<void> {
    const isLong = this.#runtime.random() < 0.02;
    const chance = this.#runtime.random();
    return this.#runtime.sleep(isLong ? 20 * chance : 0.1 + 0.4 * chance, signal);
  }
}

function failed({ code, details }: CallFailure, address: string, method: string): RpcError {
  return new RpcError(code, details, { address, method });
}
