/** The network between the feed and the model's stores: streams that are slow, bounded and break. */
import type { DuplexStream, Metadata, Transport } from '../../../src/base/transport.js';
import { decodeRegionKey } from '../../../src/tikv/region-key.js';
import { decodeCdc } from '../../unit/tikv/feed/cdc-proto.js';
import { ModelConn, type ModelFeed, type ModelRequest } from './model-feed.js';
import type { Random } from '../../support/random.js';
import type { VirtualRuntime } from './virtual-runtime.js';

/** What a store is to the network. */
export interface ModelStore {
  isUp: boolean;
  /** It knows no EventFeedV2. */
  readonly isOld: boolean;
}

const CLUSTER_ID = 7710511863034894912n;

/** The model's cluster id. */
export const MODEL_CLUSTER_ID = CLUSTER_ID;

/** A transport to the model. */
export class ModelTransport implements Transport {
  readonly #feed: ModelFeed;
  readonly #stores: ReadonlyMap<number, ModelStore>;
  readonly #runtime: VirtualRuntime;
  readonly #random: Random;
  /** The largest message sent, for the checker of bounds. */
  largest = 0;
  opened = 0;

  constructor(
    feed: ModelFeed,
    stores: ReadonlyMap<number, ModelStore>,
    runtime: VirtualRuntime,
    random: Random,
  ) {
    this.#feed = feed;
    this.#stores = stores;
    this.#runtime = runtime;
    this.#random = random;
  }

  unary(): Promise<Uint8Array> {
    throw new Error('the feed makes no unary calls');
  }

  forget(): void {
    // Connections are made anew for every stream.
  }

  close(): void {
    // Nothing is kept.
  }

  duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream {
    const storeId = Number(address.split('-')[1]);
    const isV2 = method === '/cdcpb.ChangeData/EventFeedV2';
    const isMultiplexed = isV2 && metadata['features'] === 'stream-multiplexing';
    this.opened++;
    const pipe = new Pipe(signal);
    const conn = new ModelConn({
      storeId,
      isMultiplexed,
      deliver: (message) => {
        this.largest = Math.max(this.largest, message.length);
        pipe.push(message);
      },
      fail: (error) => pipe.fail(error),
    });
    signal.addEventListener('abort', () => this.#feed.close(conn), { once: true });
    const store = this.#stores.get(storeId)!;
    if (!store.isUp) this.#later(() => pipe.fail(status(14, 'No connection established')));
    else if (isV2 && store.isOld) this.#later(() => pipe.fail(status(12, 'unknown method EventFeedV2')));
    else this.#feed.conns.add(conn);
    return {
      write: async (message) => {
        if (conn.isOpen && this.#feed.conns.has(conn)) {
          const request = decoded(message);
          this.#inOrder(conn, () => this.#feed.request(conn, request));
        }
        await Promise.resolve();
      },
      end: () => undefined,
      [Symbol.asyncIterator]: () => pipe,
    };
  }

  #later(run: () => void): void {
    this.#runtime.at(this.#random.below(20), run);
  }

  readonly #lastMs = new WeakMap<ModelConn, number>();

  #inOrder(conn: ModelConn, run: () => void): void {
    const nowMs = this.#runtime.monotonicMs();
    const atMs = Math.max(this.#lastMs.get(conn) ?? 0, nowMs + this.#random.below(5));
    this.#lastMs.set(conn, atMs);
    this.#runtime.at(atMs - nowMs, run);
  }
}

function status(code: number, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

function decoded(message: Uint8Array): ModelRequest {
  const fields = decodeCdc('ChangeDataRequest', message);
  const header = fields['header'] as { cluster_id: string; ticdc_version: string } | null;
  const epoch = fields['region_epoch'] as { version: string } | null;
  if (header?.ticdc_version !== '8.5.0' || BigInt(header.cluster_id) !== CLUSTER_ID) {
    throw new Error(`a request has the header ${JSON.stringify(header)}`);
  }
  const hex = (bound: unknown): string => Buffer.from(decodeRegionKey(bound as Uint8Array)).toString('hex');
  return {
    clusterId: CLUSTER_ID,
    requestId: Number(fields['request_id']),
    regionId: Number(fields['region_id']),
    version: Number(epoch?.version ?? 0),
    checkpoint: BigInt(fields['checkpoint_ts'] as string),
    start: hex(fields['start_key']),
    end: hex(fields['end_key']),
    isDeregister: fields['request'] === 'deregister',
  };
}

/** Messages on their way to the client. */
class Pipe implements AsyncIterableIterator<Uint8Array> {
  readonly #signal: AbortSignal;
  readonly #messages: Uint8Array[] = [];
  #error: Error | undefined;
  #waiting:
    { resolve: (result: IteratorResult<Uint8Array>) => void; reject: (error: Error) => void } | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.fail(signal.reason as Error), { once: true });
  }

  push(message: Uint8Array): void {
    // The client must not rely on a buffer after it has taken the next message: this one is overwritten then.
    if (this.#waiting === undefined) this.#messages.push(message);
    else this.#hand(message);
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#signal.aborted) return Promise.reject(this.#signal.reason as Error);
    const message = this.#messages.shift();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (message !== undefined) this.#hand(message);
      else if (this.#error !== undefined) this.fail(this.#error);
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #last: Uint8Array | undefined;

  #hand(message: Uint8Array): void {
    this.#last?.fill(0xee);
    this.#last = message;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ done: false, value: message });
  }
}
