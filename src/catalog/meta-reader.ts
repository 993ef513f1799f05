/** How the catalog reads TiDB's meta data: a snapshot of TiKV, or the embedded one. */
import type { Ts } from '../codec/tso.js';

/** A pair of TiKV. */
export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Reads keys as of a timestamp. */
export interface MetaReader {
  /** The value of a key as of `ts`, or undefined. Rejects with the signal's reason when it is aborted. */
  get(key: Uint8Array, ts: Ts, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** The pairs from `start`, inclusive, to `end`, exclusive, as of `ts`, ascending. */
  scan(start: Uint8Array, end: Uint8Array, ts: Ts, signal: AbortSignal): AsyncIterable<KeyValue>;
}
