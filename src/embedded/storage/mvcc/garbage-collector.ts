/**
 * Forgets versions that nobody may read any more: of each key, what is older than the newest version at or below the
 * safe point, and that one too if it is a deletion. Works in small pieces, on keys that have something to collect.
 *
 * @see tikv/tikv src/storage/txn/actions/gc.rs
 */
import type { KeyString } from '../../../base/bytes.js';
import type { MvccStore } from './mvcc-store.js';
import { type History, type WriteRecord, visibleIndex } from './records.js';

/** Collects garbage up to a safe point that only grows. */
export class GarbageCollector {
  readonly #store: MvccStore;
  #safePoint = 0n;
  #round: IterableIterator<KeyString> | undefined;

  constructor(store: MvccStore) {
    this.#store = store;
  }

  get safePoint(): bigint {
    return this.#safePoint;
  }

  /** Whether {@link work} has something to do. */
  get isBusy(): boolean {
    return this.#round !== undefined;
  }

  /** Begins a round, unless there has been one at this safe point. */
  collectBelow(safePoint: bigint): void {
    if (safePoint <= this.#safePoint) return;
    this.#safePoint = safePoint;
    this.#round = this.#store.untidyKeys();
  }

  /** Looks at some keys. */
  work(keys: number): void {
    for (let i = 0; i < keys && this.#round !== undefined; i++) {
      const next = this.#round.next();
      if (next.done === true) this.#round = undefined;
      else this.#collect(next.value);
    }
  }

  #collect(key: KeyString): void {
    const history = this.#store.historyOf(key);
    const kept = keptRecords(history, this.#safePoint);
    if (kept.length < history.length) this.#store.keepRecords(key, kept);
  }
}

/** Records that remain. */
export function keptRecords(history: History, safePoint: bigint): readonly WriteRecord[] {
  const newestSeen = visibleIndex(history, safePoint);
  return history.filter(
    (record, i) => record.commitTs > safePoint || (i === newestSeen && record.kind === 'put'),
  );
}
