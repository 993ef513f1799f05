/**
 * The streams to all stores: one a store, opened when a subscription wants it, or one a subscription where a store
 * knows no multiplexing. A stream that breaks is forgotten, with its store left alone for a while; opening another is
 * up to whoever next has a region led there.
 */
import { AssertionError } from '../../base/assert.js';
import type { Runtime, Task } from '../../base/runtime.js';
import type { Transport } from '../../base/transport.js';
import { statusCodeOf, UNIMPLEMENTED } from './feed-errors.js';
import { FeedStream, type MessageSink, type StreamMode } from './feed-stream.js';
import type { RegionFeed, Stream } from './region-feed.js';
import { busyDelayMs } from './region-reaction.js';

/** Who has to know of what happens to streams. */
interface StreamOwner extends MessageSink<RegionFeed> {
  /** The stream has ended, and with it all its subscriptions. */
  broken(stream: Stream, error: unknown): void;
}

/** What streams need. */
export interface StreamPoolOptions {
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly owner: StreamOwner;
}

interface Store {
  mode: StreamMode;
  /** Streams in a row that broke before anything came, or soon after. */
  failures: number;
  /** By Runtime.monotonicMs. */
  notBeforeMs: number;
  readonly streams: Map<Stream, Task>;
}

/** Streams by store. */
export class StreamPool {
  readonly #options: StreamPoolOptions;
  readonly #stores = new Map<bigint, Store>();
  #lastRequestId = 0;

  constructor(options: StreamPoolOptions) {
    this.#options = options;
  }

  *streams(): Iterable<Stream> {
    for (const store of this.#stores.values()) yield* store.streams.keys();
  }

  /** When streams to the store may be opened again; in the past if they may. */
  notBeforeMs(storeId: bigint): number {
    return this.#stores.get(storeId)?.notBeforeMs ?? 0;
  }

  /** Subscriptions of the store whose scan is not complete. */
  scanning(storeId: bigint): number {
    let scanning = 0;
    for (const stream of this.#stores.get(storeId)?.streams.keys() ?? []) scanning += stream.scanning;
    return scanning;
  }

  /** A stream for one more subscription of a store. */
  streamTo(storeId: bigint, address: string): Stream {
    const store = this.#store(storeId);
    if (store.mode === 'multiplexed') {
      for (const stream of store.streams.keys()) if (stream.address === address) return stream;
    }
    return this.#open(store, storeId, address);
  }

  /** Something came: the store is well. */
  heard(stream: Stream): void {
    const store = this.#store(stream.storeId);
    store.failures = 0;
  }

  /** Ends a stream as if it had broken. */
  reset(stream: Stream, reason: Error): void {
    const store = this.#store(stream.storeId);
    const task = store.streams.get(stream);
    if (task === undefined) return;
    store.streams.delete(stream);
    // The task ends by itself soon; whoever calls may be inside of it.
    void task.stop(reason);
    store.failures++;
    this.#punish(store);
    this.#options.owner.broken(stream, reason);
  }

  /** Ends a stream that nobody needs any more. */
  close(stream: Stream, reason: Error): void {
    const store = this.#store(stream.storeId);
    const task = store.streams.get(stream);
    store.streams.delete(stream);
    void task?.stop(reason);
  }

  /** Ends all streams and waits for their tasks. */
  async stop(reason: Error): Promise<void> {
    const tasks = [...this.#stores.values()].flatMap((store) => [...store.streams.values()]);
    this.#stores.clear();
    await Promise.all(tasks.map((task) => task.stop(reason)));
  }

  #store(storeId: bigint): Store {
    let store = this.#stores.get(storeId);
    if (store === undefined) {
      store = { mode: 'multiplexed', failures: 0, notBeforeMs: 0, streams: new Map() };
      this.#stores.set(storeId, store);
    }
    return store;
  }

  #open(store: Store, storeId: bigint, address: string): Stream {
    const { runtime, transport, owner } = this.#options;
    const nextRequestId = (): number => ++this.#lastRequestId;
    const stream: Stream = new FeedStream({
      runtime,
      transport,
      storeId,
      address,
      mode: store.mode,
      nextRequestId,
    });
    const task = runtime.spawn(`change feed of store ${storeId}`, async (signal) => {
      try {
        await stream.run(owner, signal);
      } catch (error) {
        // Ended by us: whoever did so has told the owner.
        if (signal.aborted) return;
        // A bug is not a broken stream: opening it again would only hide it.
        if (isBug(error)) throw error;
        this.#ended(store, stream, error);
      }
    });
    store.streams.set(stream, task);
    return stream;
  }

  #ended(store: Store, stream: Stream, error: unknown): void {
    store.streams.delete(stream);
    if (
      store.mode === 'multiplexed' &&
      stream.mode === 'multiplexed' &&
      statusCodeOf(error) === UNIMPLEMENTED
    ) {
      store.mode = 'single';
    } else {
      // A store that restarts may have been upgraded.
      if (store.streams.size === 0) store.mode = 'multiplexed';
      store.failures++;
      this.#punish(store);
    }
    this.#options.owner.broken(stream, error);
  }

  #punish(store: Store): void {
    const { runtime } = this.#options;
    store.notBeforeMs = runtime.monotonicMs() + busyDelayMs(store.failures, runtime.random());
  }
}

function isBug(error: unknown): boolean {
  return error instanceof AssertionError || error instanceof TypeError || error instanceof RangeError;
}
