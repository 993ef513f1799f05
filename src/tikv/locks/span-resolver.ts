/**
 * Clears a range of dead transactions' locks: they hold its resolved timestamp back for ever, and nobody else looks
 * for them (TRUTH §2). Locks of living transactions stay, and are counted.
 */
import { Backoff } from '../../base/backoff.js';
import { compareBytes, nextKey } from '../../base/bytes.js';
import { limits } from '../../base/limits.js';
import { type Ts, ts } from '../../codec/tso.js';
import { KeyRefusedError } from '../key-errors.js';
import { kvMethods } from '../kv-methods.js';
import type { LockInfo, ScanLockResponse } from '../proto-types.js';
import { lesserEnd } from '../region.js';
import type { RegionRequester } from '../region-request.js';
import { cleanUpKeys, cleanUpRegion } from './clean-up.js';
import { isWriting, locksOf, unwrapped } from './lock.js';
import type { LockResolver } from './lock-resolver.js';

/** What is left in a range. */
export interface SpanLocks {
  /** Locks that will write something and whose owners live. */
  readonly locksLeft: number;
}

/** Resolves locks by range. */
export class SpanResolver {
  readonly #requester: RegionRequester;
  readonly #resolver: LockResolver;

  constructor(requester: RegionRequester, resolver: LockResolver) {
    this.#requester = requester;
    this.#resolver = resolver;
  }

  /**
   * Resolves what is decided or dead in [start, end).
   *
   * @param start - raw key; empty: from the beginning.
   * @param end - raw key; empty: unbounded.
   * @param maxTs - locks of transactions that began later are left alone. From PD.
   */
  async resolveSpan(start: Uint8Array, end: Uint8Array, maxTs: Ts, signal: AbortSignal): Promise<SpanLocks> {
    const backoff = new Backoff(this.#requester.runtime, 'resolve a span', 'tikv', limits.rpcBudgetMs);
    let locksLeft = 0;
    let from = start;
    for (;;) {
      const region = await this.#requester.regions.locate(from, signal);
      const bound = lesserEnd(region.end, end);
      const body = { maxVersion: maxTs, startKey: from, limit: limits.locksPerScan, endKey: bound };
      const reply = await this.#requester.send(kvMethods.scanLock, region, body, { backoff }, signal);
      if (reply.kind !== 'reply') continue;
      const page = await this.#locksIn(reply.response, signal);
      if (page === undefined) continue;
      locksLeft += await this.#resolvePage(page, signal);
      const last = page.at(-1);
      if (last !== undefined && page.length >= limits.locksPerScan) {
        from = nextKey(last.key);
      } else {
        if (bound.length === 0 || compareBytes(bound, end) === 0) return { locksLeft };
        from = bound;
      }
      backoff.reset();
    }
  }

  /** undefined: a lock that is in memory only was in the way; ask again. */
  async #locksIn(response: ScanLockResponse, signal: AbortSignal): Promise<readonly LockInfo[] | undefined> {
    const { error, locks } = response;
    if (error === null) return locks;
    const met = locksOf(error);
    if (met.length === 0) throw new KeyRefusedError('scan for locks', error);
    const waitMs = await this.#resolver.resolveForWrite(met, signal);
    // An async commit in its last milliseconds: there is nothing to see yet.
    if (waitMs !== undefined) await this.#requester.runtime.sleep(Math.min(waitMs, 100), signal);
    return undefined;
  }

  async #resolvePage(page: readonly LockInfo[], signal: AbortSignal): Promise<number> {
    const byTxn = new Map<bigint, LockInfo[]>();
    for (const lock of page.flatMap(unwrapped).filter(isWriting)) {
      const known = byTxn.get(lock.lockVersion);
      if (known === undefined) byTxn.set(lock.lockVersion, [lock]);
      else known.push(lock);
    }
    let alive = 0;
    for (const [startTs, locks] of byTxn) {
      const [first] = locks;
      if (first === undefined) continue;
      const status = await this.#resolver.statusOf(first, 0n, signal);
      if (status.kind === 'alive') {
        alive += locks.length;
        continue;
      }
      const txn = { startTs: ts(startTs), commitTs: status.kind === 'committed' ? status.commitTs : 0n };
      if (locks.length < limits.resolveLiteKeys) {
        await cleanUpKeys(this.#requester, txn, keysOf(locks), signal);
      } else {
        await cleanUpRegion(this.#requester, txn, first.key, signal);
      }
    }
    return alive;
  }
}

function keysOf(locks: readonly LockInfo[]): readonly Uint8Array[] {
  return locks.map((lock) => lock.key);
}
