/**
 * What TiKV stores, as far as the feed shows it: versions, locks, and the log of all commits that the checker compares
 * deliveries with. Keys are hex strings. Every change is told to a listener, at the moment at which it is applied.
 */
import type { RowInit } from '../../unit/tikv/feed/cdc-proto.js';

/** A commit; undefined: no row. */
export interface Commit {
  readonly key: string;
  readonly startTs: bigint;
  readonly commitTs: bigint;
  readonly value: string | undefined;
  readonly old: string | undefined;
}

/** A prewritten row. */
export interface Lock {
  readonly key: string;
  readonly startTs: bigint;
  readonly value: string | undefined;
  readonly old: string | undefined;
  /** Nobody will ever finish it; whoever resolves it rolls it back, or commits it at this ts. */
  deadCommitTs?: bigint | 'rolledBack';
}

/** Values up to so many bytes are in lock and write records, so COMMIT brings them (255 in TiKV). */
const SHORT = 6;

/** Versions and locks. */
export class ModelMvcc {
  /** In order of application. */
  readonly log: Commit[] = [];
  readonly locks = new Map<string, Lock>();
  readonly #versions = new Map<string, Commit[]>();
  readonly #tell: (row: RowInit) => void;

  constructor(tell: (row: RowInit) => void) {
    this.#tell = tell;
  }

  latest(key: string): Commit | undefined {
    return this.#versions.get(key)?.at(-1);
  }

  /** All versions of a key, oldest first. */
  versions(key: string): readonly Commit[] {
    return this.#versions.get(key) ?? [];
  }

  keys(): string[] {
    return [...new Set([...this.#versions.keys(), ...this.locks.keys()])].sort();
  }

  /** @returns false on a conflict: a rollback record is written, as TiDB does when it gives up. */
  prewrite(key: string, startTs: bigint, value: string | undefined, isPessimistic: boolean): boolean {
    const latest = this.latest(key);
    if (this.locks.has(key)) return false;
    if (!isPessimistic && latest !== undefined && latest.commitTs > startTs) {
      this.#tell({ type: 'ROLLBACK', start_ts: startTs, key: bytes(key) });
      return false;
    }
    const lock: Lock = { key, startTs, value, old: latest?.value };
    this.locks.set(key, lock);
    this.#tell(prewriteRow(lock));
    return true;
  }

  /** A heartbeat or a pushed min_commit_ts rewrites the lock. @param isOld - as TiKV of old does with long values. */
  rewrite(key: string, isOld: boolean): void {
    const lock = this.locks.get(key);
    if (lock === undefined) return;
    if (lock.value === undefined || lock.value.length / 2 <= SHORT) this.#tell(prewriteRow(lock));
    else if (isOld) this.#tell({ ...prewriteRow(lock), value: bytes('') });
  }

  commit(key: string, startTs: bigint, commitTs: bigint): void {
    const lock = this.locks.get(key);
    if (lock?.startTs !== startTs) return;
    this.locks.delete(key);
    this.#write({ key, startTs, commitTs, value: lock.value, old: lock.old });
    const isShort = lock.value !== undefined && lock.value.length / 2 <= SHORT;
    this.#tell({
      type: 'COMMIT',
      op_type: lock.value === undefined ? 'DELETE' : 'PUT',
      start_ts: startTs,
      commit_ts: commitTs,
      key: bytes(key),
      value: bytes(isShort ? lock.value : ''),
    });
  }

  rollback(key: string, startTs: bigint): void {
    if (this.locks.get(key)?.startTs === startTs) this.locks.delete(key);
    this.#tell({ type: 'ROLLBACK', start_ts: startTs, key: bytes(key), value: bytes('70') });
  }

  /** A one-phase commit. */
  write(key: string, startTs: bigint, commitTs: bigint, value: string | undefined): void {
    if (this.locks.has(key)) return;
    const commit = { key, startTs, commitTs, value, old: this.latest(key)?.value };
    this.#write(commit);
    this.#tell(committedRow(commit));
  }

  #write(commit: Commit): void {
    const versions = this.#versions.get(commit.key) ?? [];
    versions.push(commit);
    versions.sort((a, b) => (a.commitTs < b.commitTs ? -1 : 1));
    this.#versions.set(commit.key, versions);
    this.log.push(commit);
  }
}

/** A change as a scan, or a one-phase commit, sends it. */
export function committedRow(commit: Commit): RowInit {
  return {
    type: 'COMMITTED',
    op_type: commit.value === undefined ? 'DELETE' : 'PUT',
    start_ts: commit.startTs,
    commit_ts: commit.commitTs,
    key: bytes(commit.key),
    value: bytes(commit.value ?? ''),
    old_value: bytes(commit.old ?? ''),
  };
}

/** A lock as it is sent. */
export function prewriteRow(lock: Lock): RowInit {
  return {
    type: 'PREWRITE',
    op_type: lock.value === undefined ? 'DELETE' : 'PUT',
    start_ts: lock.startTs,
    key: bytes(lock.key),
    value: bytes(lock.value ?? ''),
    old_value: bytes(lock.old ?? ''),
  };
}

/** Hex as bytes. */
export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
