/**
 * Percolator as TiKV does it, in memory: locks and versions by key, without regions. Slow and plain, so that it can
 * be checked by reading. A request that would abort a TiKV process (TRUTH §0) throws {@link StoreAborted}.
 */
import { type KeyString, compareBytes, keyBytes, keyString } from '../../../src/base/bytes.js';
import {
  Assertion,
  ConflictReason,
  type CheckTxnStatusRequest,
  type KeyErrorMessage,
  type LockInfo,
  type MessageInput,
  type MutationMessage,
  Op,
  TxnAction,
} from '../../../src/tikv/proto-types.js';

export type KeyErrorInput = MessageInput<KeyErrorMessage>;

/** TiKV's process would have died. */
export class StoreAborted extends Error {}

export interface FakeLock {
  startTs: bigint;
  primary: Uint8Array;
  op: number;
  value: Uint8Array;
  ttl: bigint;
  txnSize: bigint;
  minCommitTs: bigint;
  useAsyncCommit: boolean;
  secondaries: readonly Uint8Array[];
}

export interface FakeWrite {
  readonly kind: 'put' | 'delete' | 'lock' | 'rollback';
  readonly startTs: bigint;
  /** Of a rollback: the start ts. */
  readonly commitTs: bigint;
  readonly value: Uint8Array;
}

/** What a prewrite says besides its mutations. */
export interface PrewriteFacts {
  readonly startVersion: bigint;
  readonly primaryLock: Uint8Array;
  readonly lockTtl: bigint;
  readonly txnSize: bigint;
  readonly minCommitTs: bigint;
  readonly useAsyncCommit?: boolean;
  readonly secondaries?: readonly Uint8Array[];
}

export interface Reading {
  readonly ts: bigint;
  readonly resolved: readonly bigint[];
  readonly committed: readonly bigint[];
}

const MAX = 0xffff_ffff_ffff_ffffn;
const physical = (ts: bigint): bigint => ts >> 18n;

/** The store. */
export class FakeMvcc {
  readonly locks = new Map<KeyString, FakeLock>();
  /** Newest first by the order of commits, rollbacks included. */
  readonly writes = new Map<KeyString, FakeWrite[]>();

  /** Keys with anything under them, in order. */
  keysIn(start: Uint8Array, end: Uint8Array): Uint8Array[] {
    const [from, to] = [keyString(start), keyString(end)];
    const names = new Set([...this.locks.keys(), ...this.writes.keys()]);
    return [...names]
      .filter((name) => name >= from && (to === '' || name < to))
      .sort()
      .map(keyBytes);
  }

  /** The version visible at a ts, locks left aside. */
  committedAt(key: Uint8Array, ts: bigint): FakeWrite | undefined {
    const visible = this.#writesOf(key).filter(
      (write) => (write.kind === 'put' || write.kind === 'delete') && write.commitTs <= ts,
    );
    return visible.reduce<FakeWrite | undefined>(
      (best, write) => (best === undefined || write.commitTs > best.commitTs ? write : best),
      undefined,
    );
  }

  read(key: Uint8Array, reading: Reading): { value: Uint8Array | undefined } | { error: KeyErrorInput } {
    const lock = this.locks.get(keyString(key));
    const isInTheWay =
      lock !== undefined &&
      lock.startTs <= reading.ts &&
      (lock.op === Op.put || lock.op === Op.del) &&
      !reading.resolved.includes(lock.startTs) &&
      !(reading.ts === MAX && compareBytes(key, lock.primary) === 0);
    if (isInTheWay) {
      if (!reading.committed.includes(lock.startTs)) return { error: { locked: this.lockInfo(key, lock) } };
      return { value: lock.op === Op.put ? lock.value : undefined };
    }
    const write = this.committedAt(key, reading.ts);
    return { value: write?.kind === 'put' ? write.value : undefined };
  }

  prewrite(mutations: readonly MutationMessage[], facts: PrewriteFacts): KeyErrorInput[] {
    if (mutations.length === 0) throw new StoreAborted('prewrite without mutations');
    const errors = mutations.map((m) => this.#conflict(m, facts.startVersion)).filter((e) => e !== undefined);
    if (errors.length > 0) return errors;
    for (const { key, op, value } of mutations) {
      const name = keyString(key);
      const isRepeated = this.locks.get(name)?.startTs === facts.startVersion;
      if (isRepeated || this.#ownWrite(key, facts.startVersion) !== undefined) continue;
      this.locks.set(name, {
        startTs: facts.startVersion,
        primary: facts.primaryLock,
        op,
        value,
        ttl: facts.lockTtl,
        txnSize: facts.txnSize,
        minCommitTs: facts.minCommitTs,
        useAsyncCommit: facts.useAsyncCommit ?? false,
        secondaries: facts.secondaries ?? [],
      });
    }
    return [];
  }

  commit(keys: readonly Uint8Array[], startTs: bigint, commitTs: bigint): KeyErrorInput | undefined {
    if (keys.length === 0) throw new StoreAborted('commit without keys');
    if (commitTs <= startTs) return { abort: 'InvalidTxnTso' };
    for (const key of keys) {
      const lock = this.locks.get(keyString(key));
      if (lock?.startTs === startTs) {
        if (commitTs >= lock.minCommitTs) continue;
        const { minCommitTs } = lock;
        return { commitTsExpired: { startTs, attemptedCommitTs: commitTs, key, minCommitTs } };
      }
      const own = this.#ownWrite(key, startTs);
      // Whatever ts it was committed at: TiKV does not look.
      if (own !== undefined && own.kind !== 'rollback') continue;
      return { retryable: 'Error(Txn(Error(Mvcc(Error(TxnLockNotFound { .. })))))' };
    }
    for (const key of keys) {
      if (this.locks.get(keyString(key))?.startTs === startTs) this.#commitKey(key, commitTs);
    }
    return undefined;
  }

  rollback(keys: readonly Uint8Array[], startTs: bigint): KeyErrorInput | undefined {
    if (keys.length === 0) throw new StoreAborted('rollback without keys');
    for (const key of keys) {
      const own = this.#ownWrite(key, startTs);
      if (own !== undefined && own.kind !== 'rollback') return { abort: `Committed at ${own.commitTs}` };
      this.#rollbackKey(key, startTs);
    }
    return undefined;
  }

  rollbackPessimistic(keys: readonly Uint8Array[], startTs: bigint): Readonly<Record<string, never>> {
    for (const key of keys) {
      const lock = this.locks.get(keyString(key));
      if (lock?.startTs === startTs && lock.op === Op.pessimisticLock) this.locks.delete(keyString(key));
    }
    return {};
  }

  heartbeat(primary: Uint8Array, startTs: bigint, ttl: bigint): { ttl: bigint } | { error: KeyErrorInput } {
    const lock = this.locks.get(keyString(primary));
    if (lock?.startTs !== startTs) return { error: { txnNotFound: { startTs, primaryKey: primary } } };
    if (ttl > lock.ttl) lock.ttl = ttl;
    return { ttl: lock.ttl };
  }

  checkStatus(q: CheckTxnStatusRequest): {
    error?: KeyErrorInput;
    lockTtl?: bigint;
    commitVersion?: bigint;
    action?: number;
    lockInfo?: MessageInput<LockInfo>;
  } {
    const key = q.primaryKey;
    const lock = this.locks.get(keyString(key));
    if (lock?.startTs === q.lockTs) {
      if (compareBytes(lock.primary, key) !== 0) {
        return { error: { primaryMismatch: { lockInfo: this.lockInfo(key, lock) } } };
      }
      const lockInfo = this.lockInfo(key, lock);
      if (lock.useAsyncCommit && !q.forceSyncCommit) return { lockTtl: lock.ttl, lockInfo };
      if (physical(lock.startTs) + lock.ttl < physical(q.currentTs)) {
        this.#rollbackKey(key, q.lockTs);
        return { action: TxnAction.ttlExpireRollback };
      }
      if (q.callerStartTs === MAX)
        return { lockTtl: lock.ttl, lockInfo, action: TxnAction.minCommitTsPushed };
      if (q.callerStartTs === 0n || lock.minCommitTs === 0n) return { lockTtl: lock.ttl, lockInfo };
      if (lock.minCommitTs <= q.callerStartTs) lock.minCommitTs = q.callerStartTs + 1n;
      return { lockTtl: lock.ttl, lockInfo, action: TxnAction.minCommitTsPushed };
    }
    const own = this.#ownWrite(key, q.lockTs);
    if (own?.kind === 'rollback') return {};
    if (own !== undefined) return { commitVersion: own.commitTs };
    if (!q.rollbackIfNotExist) return { error: { txnNotFound: { startTs: q.lockTs, primaryKey: key } } };
    this.#rollbackKey(key, q.lockTs);
    return { action: TxnAction.lockNotExistRollback };
  }

  checkSecondaries(
    keys: readonly Uint8Array[],
    startTs: bigint,
  ): { locks: MessageInput<LockInfo>[]; commitTs: bigint } {
    if (keys.length === 0) throw new StoreAborted('check of no secondaries');
    const locks: MessageInput<LockInfo>[] = [];
    for (const key of keys) {
      const lock = this.locks.get(keyString(key));
      if (lock?.startTs === startTs) {
        locks.push(this.lockInfo(key, lock));
        continue;
      }
      const own = this.#ownWrite(key, startTs);
      if (own !== undefined && own.kind !== 'rollback') return { locks: [], commitTs: own.commitTs };
      this.#rollbackKey(key, startTs);
      return { locks: [], commitTs: 0n };
    }
    return { locks, commitTs: 0n };
  }

  /** @param keys - those of them that the transaction has locked are resolved. */
  resolve(keys: readonly Uint8Array[], startTs: bigint, commitTs: bigint): void {
    for (const key of keys) {
      if (this.locks.get(keyString(key))?.startTs !== startTs) continue;
      if (commitTs > 0n) this.#commitKey(key, commitTs);
      else this.#rollbackKey(key, startTs);
    }
  }

  lockInfo(key: Uint8Array, lock: FakeLock): MessageInput<LockInfo> {
    return {
      primaryLock: lock.primary,
      lockVersion: lock.startTs,
      key,
      lockTtl: lock.ttl,
      txnSize: lock.txnSize,
      lockType: lock.op,
      useAsyncCommit: lock.useAsyncCommit,
      minCommitTs: lock.minCommitTs,
      secondaries: lock.secondaries,
    };
  }

  #conflict(mutation: MutationMessage, startTs: bigint): KeyErrorInput | undefined {
    const { key } = mutation;
    const lock = this.locks.get(keyString(key));
    if (lock !== undefined) {
      return lock.startTs === startTs ? undefined : { locked: this.lockInfo(key, lock) };
    }
    const own = this.#ownWrite(key, startTs);
    if (own?.kind === 'rollback') {
      return { conflict: { startTs, conflictTs: startTs, key, reason: ConflictReason.selfRolledBack } };
    }
    if (own !== undefined) return undefined;
    const newer = this.#writesOf(key).find((write) => write.kind !== 'rollback' && write.commitTs > startTs);
    if (newer !== undefined) {
      const { startTs: conflictTs, commitTs: conflictCommitTs } = newer;
      const reason = ConflictReason.optimistic;
      return { conflict: { startTs, conflictTs, conflictCommitTs, key, reason } };
    }
    const existing = this.committedAt(key, startTs);
    const exists = existing?.kind === 'put';
    const isViolated =
      (mutation.assertion === Assertion.exist && !exists) ||
      (mutation.assertion === Assertion.notExist && exists);
    if (!isViolated) return undefined;
    // TiKV names the deletion where it found one, so that these do not tell whether the key is there.
    const existingStartTs = existing?.startTs ?? 0n;
    const existingCommitTs = existing?.commitTs ?? 0n;
    const { assertion } = mutation;
    return { assertionFailed: { startTs, key, assertion, existingStartTs, existingCommitTs } };
  }

  #commitKey(key: Uint8Array, commitTs: bigint): void {
    const name = keyString(key);
    const lock = this.locks.get(name);
    if (lock === undefined) return;
    this.locks.delete(name);
    const kind = lock.op === Op.put ? 'put' : lock.op === Op.del ? 'delete' : 'lock';
    this.#writesOf(key).unshift({ kind, startTs: lock.startTs, commitTs, value: lock.value });
  }

  #rollbackKey(key: Uint8Array, startTs: bigint): void {
    const name = keyString(key);
    if (this.locks.get(name)?.startTs === startTs) this.locks.delete(name);
    if (this.#ownWrite(key, startTs) !== undefined) return;
    this.#writesOf(key).unshift({ kind: 'rollback', startTs, commitTs: startTs, value: new Uint8Array(0) });
  }

  #ownWrite(key: Uint8Array, startTs: bigint): FakeWrite | undefined {
    return this.#writesOf(key).find((write) => write.startTs === startTs);
  }

  #writesOf(key: Uint8Array): FakeWrite[] {
    const name = keyString(key);
    let writes = this.writes.get(name);
    if (writes === undefined) this.writes.set(name, (writes = []));
    return writes;
  }
}
