/** Makes snapshots. */
import type { Ts } from '../codec/tso.js';
import type { LockResolver } from './locks/lock-resolver.js';
import type { ReadOptions } from './locks/reader.js';
import type { RegionRequester } from './region-request.js';
import { type KeyValue, Snapshot } from './snapshot.js';

/** Reads at any timestamp. It has the shape of the catalog's MetaReader. */
export class Snapshots {
  readonly #requester: RegionRequester;
  readonly #resolver: LockResolver;

  constructor(requester: RegionRequester, resolver: LockResolver) {
    this.#requester = requester;
    this.#resolver = resolver;
  }

  /** The snapshot at `ts`, for more than one read: what it learns about locks is used again. */
  at(ts: Ts, options?: ReadOptions): Snapshot {
    return new Snapshot(this.#requester, this.#resolver, ts, options);
  }

  /** The value of a key as of `ts`, or undefined. */
  get(key: Uint8Array, ts: Ts, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.at(ts).get(key, signal);
  }

  /** The pairs of [start, end) as of `ts`, ascending. */
  async *scan(start: Uint8Array, end: Uint8Array, ts: Ts, signal: AbortSignal): AsyncGenerator<KeyValue> {
    for await (const page of this.at(ts).scan(start, end, {}, signal)) yield* page;
  }
}
