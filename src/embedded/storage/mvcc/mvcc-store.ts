/**
 * All locks and records, by key, in memory. Commands (the other files here) change it through a handful of methods,
 * each of which also writes down what a change feed has to know; whoever runs a command takes those notes afterwards.
 */
import { assert, present } from '../../../base/assert.js';
import { type KeyString, keyString } from '../../../base/bytes.js';
import { OrderedMap } from '../../../base/ordered-map.js';
import { isWithin } from '../regions/store-region.js';
import { type History, type Lock, type WriteRecord, insertRecord } from './records.js';

/** A change of the store that feeds may have to tell. */
export type StoreChange =
  | { readonly kind: 'prewrite'; readonly key: KeyString; readonly lock: Lock }
  /** A living lock was written again: a heartbeat, or a push. */
  | { readonly kind: 'rewrite'; readonly key: KeyString; readonly lock: Lock }
  | { readonly kind: 'commit'; readonly key: KeyString; readonly lock: Lock; readonly commitTs: bigint }
  /** `lock`: what was there of it; `isProtected`: it must keep a late prewrite out whatever happens. */
  | {
      readonly kind: 'rollback';
      readonly key: KeyString;
      readonly startTs: bigint;
      readonly lock: Lock | undefined;
      readonly isProtected: boolean;
    };

const NO_HISTORY: History = [];

/** The data of the cluster. */
export class MvccStore {
  readonly #locks = new OrderedMap<KeyString, Lock>();
  readonly #histories = new OrderedMap<KeyString, WriteRecord[]>();
  /** Keys with more than one record, or none that reads: garbage collection has a look at them. */
  readonly #untidy = new Set<KeyString>();
  #changes: StoreChange[] = [];
  #moment = 0;

  /** Counts commands: what is there now has come at this moment or before. */
  get moment(): number {
    return this.#moment;
  }

  get lockCount(): number {
    return this.#locks.size;
  }

  get keyCount(): number {
    return this.#histories.size;
  }

  lockOn(key: KeyString): Lock | undefined {
    return this.#locks.get(key);
  }

  historyOf(key: KeyString): History {
    return this.#histories.get(key) ?? NO_HISTORY;
  }

  /** The locks of [start, end), in key order. */
  *locksIn(start: KeyString, end: KeyString): Generator<readonly [KeyString, Lock]> {
    for (const entry of this.#locks.from(start)) {
      if (!isWithin(entry[0], start, end)) return;
      yield entry;
    }
  }

  /** The keys of [start, end) that have a lock or a record, in order. */
  *keysIn(start: KeyString, end: KeyString): Generator<KeyString> {
    const locks = this.locksIn(start, end);
    let lock = locks.next();
    for (const [key] of this.#histories.from(start)) {
      if (!isWithin(key, start, end)) break;
      while (lock.done !== true && lock.value[0] < key) {
        yield lock.value[0];
        lock = locks.next();
      }
      if (lock.done !== true && lock.value[0] === key) lock = locks.next();
      yield key;
    }
    for (; lock.done !== true; lock = locks.next()) yield lock.value[0];
  }

  /** Begins a command: what it writes comes at a moment of its own. */
  beginCommand(): void {
    assert(this.#changes.length === 0, 'the changes of the last command were not taken');
    this.#moment++;
  }

  /** What the command changed, in order. */
  takeChanges(): readonly StoreChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  placeLock(key: KeyString, lock: Omit<Lock, 'placedAt'>): void {
    assert(!this.#locks.has(key), 'a key has one lock');
    const placed = { ...lock, placedAt: this.#moment };
    this.#locks.set(key, placed);
    this.#changes.push({ kind: 'prewrite', key, lock: placed });
  }

  /** Writes a lock again that is there. */
  rewriteLock(key: KeyString, lock: Lock): void {
    assert(this.#locks.get(key)?.startTs === lock.startTs, 'a lock is rewritten by its own transaction');
    this.#locks.set(key, lock);
    this.#changes.push({ kind: 'rewrite', key, lock });
  }

  /** Turns the lock on a key into a record. */
  commitLock(key: KeyString, commitTs: bigint): void {
    const lock = present(this.#locks.get(key), 'the lock of a commit');
    assert(commitTs > lock.startTs, 'a commit comes after its start');
    this.#locks.delete(key);
    const { kind, startTs, value, txnSource, placedAt } = lock;
    this.#addRecord(key, { kind, startTs, commitTs, value, txnSource, placedAt, writtenAt: this.#moment });
    this.#changes.push({ kind: 'commit', key, lock, commitTs });
  }

  /** Records that a transaction never was, and takes its lock away if it has one. */
  addRollback(key: KeyString, startTs: bigint, options: { readonly isProtected: boolean }): void {
    const found = this.#locks.get(key);
    const lock = found?.startTs === startTs ? found : undefined;
    if (lock !== undefined) this.#locks.delete(key);
    this.#addRecord(key, {
      kind: 'rollback',
      startTs,
      commitTs: startTs,
      value: new Uint8Array(0),
      txnSource: 0n,
      placedAt: lock?.placedAt,
      writtenAt: this.#moment,
    });
    const isProtected = options.isProtected || (lock !== undefined && keyString(lock.primary) === key);
    this.#changes.push({ kind: 'rollback', key, startTs, lock, isProtected });
  }

  /** Keys that garbage collection should look at; it may go on while they come and go. */
  untidyKeys(): IterableIterator<KeyString> {
    return this.#untidy.values();
  }

  /** Replaces the records of a key by some of them; without any the key is gone. */
  keepRecords(key: KeyString, kept: readonly WriteRecord[]): void {
    if (kept.length === 0) this.#histories.delete(key);
    else this.#histories.set(key, [...kept]);
    if (isTidy(kept)) this.#untidy.delete(key);
  }

  #addRecord(key: KeyString, record: WriteRecord): void {
    let history = this.#histories.get(key);
    if (history === undefined) this.#histories.set(key, (history = []));
    insertRecord(history, record);
    if (!isTidy(history)) this.#untidy.add(key);
  }
}

/** Whether there is nothing that could ever be collected. */
function isTidy(history: History): boolean {
  return history.length === 0 || (history.length === 1 && history[0]?.kind === 'put');
}
