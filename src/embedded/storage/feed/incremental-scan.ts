/**
 * What a subscription has missed: the versions above its checkpoint and the locks, as they were at the moment of its
 * registration. Done in steps, between which the store changes and live rows go out: so a COMMIT may go out before
 * the scan comes to the lock that it was, and sends PREWRITE (TRUTH §1).
 */
import type { KeyString } from '../../../base/bytes.js';
import { RowType } from '../../../tikv/feed/event-decoder.js';
import type { MvccStore } from '../mvcc/mvcc-store.js';
import { type History, type Lock, type WriteRecord, isData } from '../mvcc/records.js';
import { type SourcedRow, committedRow, newestValue, prewriteRow } from './change-rows.js';
import type { FeedRow } from './feed-messages.js';
import type { Subscription } from './subscription.js';

/** Keys that one step visits, and rows after which it ends. */
const STEP_KEYS = 4096;
const STEP_ROWS = 1024;

/** The scan of one subscription. */
export class IncrementalScan {
  readonly subscription: Subscription;
  readonly #store: MvccStore;
  readonly #moment: number;
  #from: KeyString;

  /** Of the store as it is now. */
  constructor(store: MvccStore, subscription: Subscription) {
    this.subscription = subscription;
    this.#store = store;
    this.#moment = store.moment;
    this.#from = subscription.spec.start;
    for (const [, lock] of store.locksIn(subscription.spec.start, subscription.spec.end)) {
      if (isData(lock)) subscription.locks.add(lock.startTs);
    }
  }

  /** Sends some rows. @returns whether that was all: INITIALIZED has been sent. */
  step(): boolean {
    const { spec, id } = this.subscription;
    const rows: FeedRow[] = [];
    let keys = 0;
    for (const key of this.#store.keysIn(this.#from, spec.end)) {
      if (keys++ >= STEP_KEYS || rows.length >= STEP_ROWS) {
        this.#from = key;
        spec.outbox.addRows(id, rows);
        return false;
      }
      for (const { row, txnSource } of this.#rowsOf(key)) {
        if (this.subscription.wantsSource(txnSource)) rows.push(row);
      }
    }
    spec.outbox.addRows(id, [...rows, { type: RowType.initialized }]);
    this.subscription.isInitialized = true;
    return true;
  }

  /** The lock first, then versions, the newest first. */
  #rowsOf(key: KeyString): readonly SourcedRow[] {
    const { checkpoint } = this.subscription.spec;
    const history = this.#store.historyOf(key);
    const then = history.filter((record) => record.writtenAt <= this.#moment);
    const rows: SourcedRow[] = [];
    const lock = this.#lockThen(this.#store.lockOn(key), history);
    if (lock !== undefined) rows.push(prewriteRow(key, lock, newestValue(then)));
    for (let i = then.length - 1; i >= 0; i--) {
      const record = then[i];
      if (record === undefined || record.commitTs <= checkpoint) break;
      if (isData(record)) rows.push(committedRow(key, record, newestValue(then, i)));
    }
    return rows;
  }

  /** The lock that was there: it still is, or it has been committed since. */
  #lockThen(
    now: Lock | undefined,
    history: History,
  ): Pick<Lock, 'kind' | 'startTs' | 'value' | 'txnSource'> | undefined {
    if (now !== undefined && now.placedAt <= this.#moment) return isData(now) ? now : undefined;
    const since = history.find((record) => this.#wasLockThen(record));
    if (since === undefined || !isData(since)) return undefined;
    return { ...since, kind: since.kind === 'delete' ? 'delete' : 'put' };
  }

  #wasLockThen({ placedAt, writtenAt }: WriteRecord): boolean {
    return placedAt !== undefined && placedAt <= this.#moment && writtenAt > this.#moment;
  }
}
