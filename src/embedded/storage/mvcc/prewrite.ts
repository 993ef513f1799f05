/**
 * The first phase: all of a request's keys get their locks, or none does.
 *
 * Ordinary transactions only: one that asks for async commit gets a `min_commit_ts` of 0, which is how TiKV says that
 * it has fallen back to two phases.
 *
 * @see tikv/tikv src/storage/txn/actions/prewrite.rs
 */
import { type KeyString, copyBytes, keyBytes } from '../../../base/bytes.js';
import {
  Assertion,
  AssertionLevel,
  ConflictReason,
  type MutationMessage,
  Op,
  type PrewriteRequest,
} from '../../../tikv/proto-types.js';
import { rawKey } from '../regions/store-region.js';
import { type KeyError, conflictError, lockedError } from './key-errors.js';
import type { MvccStore } from './mvcc-store.js';
import { type ChangeKind, newestRecord, recordOf, visibleRecord } from './records.js';

/** What a request says besides its mutations. */
export type PrewriteTerms = Pick<
  PrewriteRequest,
  'primaryLock' | 'startVersion' | 'lockTtl' | 'txnSize' | 'minCommitTs' | 'assertionLevel'
> & { readonly txnSource: bigint };

type Finding =
  | { readonly kind: 'place'; readonly change: ChangeKind }
  /** Nothing to do: a repetition, or only a check. */
  | { readonly kind: 'done' }
  | { readonly kind: 'locked' | 'refused'; readonly error: KeyError };

/**
 * Places the locks.
 *
 * @returns why it did not: all locks in the way, or one other reason; empty: it did.
 */
export function prewrite(
  store: MvccStore,
  mutations: readonly MutationMessage[],
  terms: PrewriteTerms,
): readonly KeyError[] {
  const locked: KeyError[] = [];
  const toPlace: { readonly key: KeyString; readonly change: ChangeKind; readonly value: Uint8Array }[] = [];
  for (const mutation of mutations) {
    const finding = examine(store, mutation, terms);
    if (finding.kind === 'refused') return [finding.error];
    if (finding.kind === 'locked') locked.push(finding.error);
    if (finding.kind === 'place') {
      toPlace.push({ key: rawKey(mutation.key), change: finding.change, value: mutation.value });
    }
  }
  if (locked.length > 0) return locked;
  const primary = copyBytes(terms.primaryLock);
  for (const { key, change, value } of toPlace) {
    store.placeLock(key, {
      kind: change,
      startTs: terms.startVersion,
      primary,
      // What comes in a message shares its memory.
      value: copyBytes(value),
      ttlMs: terms.lockTtl,
      txnSize: terms.txnSize,
      minCommitTs: terms.minCommitTs,
      txnSource: terms.txnSource,
    });
  }
  return [];
}

function examine(store: MvccStore, mutation: MutationMessage, terms: PrewriteTerms): Finding {
  const key = rawKey(mutation.key);
  const lock = store.lockOn(key);
  const change = changeOf(mutation.op);
  if (change === undefined && mutation.op !== Op.checkNotExists) {
    return { kind: 'refused', error: { abort: `mutation ${mutation.op} is not served` } };
  }
  if (lock !== undefined) {
    if (lock.startTs === terms.startVersion) return { kind: 'done' };
    return { kind: 'locked', error: lockedError(key, lock) };
  }
  const history = store.historyOf(key);
  const own = recordOf(history, terms.startVersion);
  // A repetition after the commit; TiKV says nothing of it.
  if (own !== undefined && own.kind !== 'rollback') return { kind: 'done' };
  const txn = { startTs: terms.startVersion, primary: terms.primaryLock };
  const newest = newestRecord(history);
  // Newer records count whatever they are: those of locks and of rollbacks too.
  if (newest !== undefined && newest.commitTs > terms.startVersion) {
    return { kind: 'refused', error: conflictError(key, txn, newest, ConflictReason.optimistic) };
  }
  if (own !== undefined) {
    return { kind: 'refused', error: conflictError(key, txn, own, ConflictReason.selfRolledBack) };
  }
  const error = violation(store, mutation, terms);
  if (error !== undefined) return { kind: 'refused', error };
  return change === undefined ? { kind: 'done' } : { kind: 'place', change };
}

/** What the mutation demands of the key's present value, and does not find. */
function violation(store: MvccStore, mutation: MutationMessage, terms: PrewriteTerms): KeyError | undefined {
  const { op, assertion } = mutation;
  const key = rawKey(mutation.key);
  const existing = visibleRecord(store.historyOf(key), terms.startVersion);
  const exists = existing?.kind === 'put';
  if (exists && (op === Op.insert || op === Op.checkNotExists)) {
    return { alreadyExist: { key: keyBytes(key) } };
  }
  const isViolated =
    (assertion === Assertion.exist && !exists) || (assertion === Assertion.notExist && exists);
  if (terms.assertionLevel === AssertionLevel.off || !isViolated) return undefined;
  return {
    assertionFailed: {
      startTs: terms.startVersion,
      key: keyBytes(key),
      assertion,
      // TiKV names a deletion too: these do not tell whether the key is there.
      existingStartTs: existing?.startTs ?? 0n,
      existingCommitTs: existing?.commitTs ?? 0n,
    },
  };
}

function changeOf(op: number): ChangeKind | undefined {
  switch (op) {
    case Op.put:
    case Op.insert:
      return 'put';
    case Op.del:
      return 'delete';
    case Op.lock:
      return 'lock';
    default:
      return undefined;
  }
}
