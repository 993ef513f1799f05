/**
 * Reads at a timestamp: everything committed at or below it, and nothing else (snapshot isolation). The history must
 * still be there: hold a barrier (pd/gc-barrier.ts) at timestamps that are not fresh.
 */
import { assert } from '../base/assert.js';
import { Backoff } from '../base/backoff.js';
import { type KeyString, keyString, nextKey } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import { MAX_TS, type Ts } from '../codec/tso.js';
import { groupByRegion, pieces } from './key-groups.js';
import { kvMethods } from './kv-methods.js';
import type { LockResolver } from './locks/lock-resolver.js';
import { type ReadOptions, Reader } from './locks/reader.js';
import type { KvPairMessage } from './proto-types.js';
import { isBelow, lesserEnd } from './region.js';
import type { RegionRequester } from './region-request.js';

/** A key and its value; raw. They are views into a reply: copy what is kept for long. */
export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** How a scan is cut into pages. */
export interface ScanOptions {
  /** Rows of a page, at most `limits.scanPageRows`. Default: as many as make `limits.scanPageBytes`. */
  readonly pageRows?: number;
  /** Values are left empty (the rig's store gives them nevertheless). */
  readonly keysOnly?: boolean;
}

/** One snapshot. */
export class Snapshot {
  readonly ts: Ts;
  readonly #requester: RegionRequester;
  readonly #reader: Reader;
  readonly #prefetched = new Map<KeyString, Uint8Array | undefined>();

  /** @param ts - from PD; MAX_TS ("the latest") for {@link get} only. */
  constructor(requester: RegionRequester, resolver: LockResolver, ts: Ts, options?: ReadOptions) {
    this.ts = ts;
    this.#requester = requester;
    this.#reader = new Reader(resolver, ts, options);
  }

  /**
   * The value of a key; undefined: there is none.
   *
   * @throws BudgetError — its region or a lock in the way could not be got past.
   */
  async get(key: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (this.#prefetched.size > 0) {
      const name = keyString(key);
      if (this.#prefetched.has(name)) return this.#prefetched.get(name);
    }
    const backoff = this.#backoff('get');
    for (;;) {
      const region = await this.#requester.regions.locate(key, signal);
      const body = { key, version: this.ts };
      const options = { backoff, context: this.#reader.context };
      const reply = await this.#requester.send(kvMethods.get, region, body, options, signal);
      if (reply.kind !== 'reply') continue;
      const { error, notFound, value } = reply.response;
      if (error === null) return notFound ? undefined : value;
      await this.#reader.meetErrors([error], backoff, signal);
    }
  }

  /** Reads keys together, for {@link get} to have them. They are kept as long as the snapshot. */
  async prefetch(keys: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const missing = keys.filter((key) => !this.#prefetched.has(keyString(key)));
    if (missing.length === 0) return;
    const found = await this.batchGet(missing, signal);
    for (const name of missing.map(keyString)) this.#prefetched.set(name, found.get(name));
  }

  /** The values of those keys that have one. Duplicates are welcome. */
  async batchGet(
    keys: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<KeyString, Uint8Array>> {
    assert(this.ts !== MAX_TS, 'a batch get needs a real timestamp');
    const backoff = this.#backoff('batch get');
    const found = new Map<KeyString, Uint8Array>();
    const todo = pieces(keys, limits.batchGetKeysPerRpc);
    for (let piece = todo.shift(); piece !== undefined; piece = todo.shift()) {
      for (const { region, items } of await groupByRegion(
        this.#requester.regions,
        piece,
        (key) => key,
        signal,
      )) {
        const options = { backoff, context: this.#reader.context };
        const body = { keys: items, version: this.ts };
        const reply = await this.#requester.send(kvMethods.batchGet, region, body, options, signal);
        if (reply.kind !== 'reply') {
          todo.push([...items]);
          continue;
        }
        const { error, pairs } = reply.response;
        const errors = [...(error === null ? [] : [error]), ...errorsOf(pairs)];
        if (errors.length > 0) {
          await this.#reader.meetErrors(errors, backoff, signal);
          todo.push([...items]);
          continue;
        }
        for (const { key, value } of pairs) found.set(keyString(key), value);
      }
    }
    return found;
  }

  /**
   * The pairs of [start, end) in key order, page by page; pages are never empty.
   *
   * @param end - empty: unbounded.
   */
  async *scan(
    start: Uint8Array,
    end: Uint8Array,
    options: ScanOptions,
    signal: AbortSignal,
  ): AsyncGenerator<readonly KeyValue[], void, undefined> {
    assert(this.ts !== MAX_TS, 'a scan needs a real timestamp');
    const { keysOnly = false } = options;
    let backoff = this.#backoff('scan');
    let limit = Math.min(options.pageRows ?? limits.scanFirstPageRows, limits.scanPageRows);
    let from = start;
    for (;;) {
      const region = await this.#requester.regions.locate(from, signal);
      const bound = lesserEnd(region.end, end);
      const body = {
        startKey: from,
        endKey: bound,
        limit,
        version: this.ts,
        keyOnly: keysOnly,
        reverse: false,
      };
      const sending = { backoff, context: this.#reader.context };
      const reply = await this.#requester.send(kvMethods.scan, region, body, sending, signal);
      if (reply.kind !== 'reply') continue;
      const { error, pairs } = reply.response;
      const errors = [...(error === null ? [] : [error]), ...errorsOf(pairs)];
      const firstBad = errors.length === 0 ? pairs.length : Math.max(0, indexOfError(pairs));
      const page = pairs.slice(0, firstBad);
      const last = page.at(-1);
      if (last !== undefined) {
        yield page;
        from = nextKey(last.key);
        // Each page is an operation of its own: a long scan may take its time.
        backoff = this.#backoff('scan');
      }
      if (errors.length > 0) {
        await this.#reader.meetErrors(errors, backoff, signal);
      } else if (pairs.length < limit) {
        // The region has no more.
        if (bound.length === 0) return;
        from = bound;
      }
      if (!isBelow(from, end)) return;
      if (options.pageRows === undefined) limit = nextLimit(limit, page);
    }
  }

  #backoff(what: string): Backoff {
    return new Backoff(this.#requester.runtime, `${what} at ${String(this.ts)}`, 'tikv', limits.rpcBudgetMs);
  }
}

function errorsOf(pairs: readonly KvPairMessage[]) {
  return pairs.map((pair) => pair.error).filter((error) => error !== null);
}

/** −1: the error is the whole reply's. */
function indexOfError(pairs: readonly KvPairMessage[]): number {
  return pairs.findIndex((pair) => pair.error !== null);
}

/** As many rows as would fill a page, judged by those of the last one; at most four times as many. */
function nextLimit(limit: number, page: readonly KeyValue[]): number {
  if (page.length === 0) return limit;
  let bytes = 0;
  for (const { key, value } of page) bytes += key.length + value.length;
  const fitting = Math.ceil((limits.scanPageBytes * page.length) / Math.max(1, bytes));
  return Math.max(1, Math.min(fitting, limit * 4, limits.scanPageRows));
}
