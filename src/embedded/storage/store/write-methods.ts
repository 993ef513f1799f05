/** Transactions' commands, as requests and replies. */
import { assert } from '../../../base/assert.js';
import { type KeyString, keyBytes } from '../../../base/bytes.js';
import { limits } from '../../../base/limits.js';
import { kvMethods } from '../../../tikv/kv-methods.js';
import type {
  LockInfo,
  MessageInput,
  PrewriteRequest,
  PrewriteResponse,
  ResolveLockRequest,
  ScanLockRequest,
} from '../../../tikv/proto-types.js';
import { commitKeys, resolveKeys, rollBackKeys } from '../mvcc/decide.js';
import { type KeyError, keyTooLargeError } from '../mvcc/key-errors.js';
import type { MvccStore } from '../mvcc/mvcc-store.js';
import { prewrite } from '../mvcc/prewrite.js';
import { checkTxnStatus, heartBeat } from '../mvcc/primary.js';
import { lockInfo } from '../mvcc/records.js';
import { type StoreRegion, greaterKey, lesserBound, rawKey } from '../regions/store-region.js';
import { type RegionMethod, regionMethod } from './region-method.js';
import { type GivenTimestamps, checkExactTs } from './ts-check.js';

/** What one entry of a raft log holds at most. */
const ENTRY_BYTES = 8 * 1024 * 1024;

/** Prewrite, commit, rollback, heartbeat, and everything about other people's locks. */
export function writeMethods(mvcc: MvccStore, given: GivenTimestamps): readonly RegionMethod[] {
  return [
    regionMethod(
      kvMethods.prewrite,
      (q) => q.mutations.map((mutation) => mutation.key),
      (q, region) => answerPrewrite(mvcc, q, region),
    ),
    regionMethod(
      kvMethods.commit,
      (q) => mustNotBeEmpty('KvCommit', q.keys),
      (q) => {
        const decision = { startTs: q.startVersion, commitTs: q.commitVersion };
        return withError(commitKeys(mvcc, q.keys.map(rawKey), decision));
      },
    ),
    regionMethod(
      kvMethods.batchRollback,
      (q) => mustNotBeEmpty('KvBatchRollback', q.keys),
      (q) => withError(rollBackKeys(mvcc, q.keys.map(rawKey), q.startVersion)),
    ),
    regionMethod(
      kvMethods.resolveLock,
      (q) => q.keys,
      (q, region) => {
        const decision = { startTs: q.startVersion, commitTs: q.commitVersion };
        return withError(resolveKeys(mvcc, keysToResolve(mvcc, q, region), decision));
      },
    ),
    regionMethod(
      kvMethods.txnHeartBeat,
      (q) => [q.primaryLock],
      (q) => heartBeat(mvcc, q),
    ),
    regionMethod(
      kvMethods.checkTxnStatus,
      (q) => [q.primaryKey],
      (q) => {
        for (const ts of [q.lockTs, q.callerStartTs, q.currentTs])
          checkExactTs(given, 'KvCheckTxnStatus', ts);
        return checkTxnStatus(mvcc, q);
      },
    ),
    regionMethod(
      kvMethods.scanLock,
      () => [],
      (q, region) => {
        checkExactTs(given, 'KvScanLock', q.maxVersion);
        return { locks: locksIn(mvcc, q, region) };
      },
    ),
  ];
}

function answerPrewrite(
  mvcc: MvccStore,
  request: PrewriteRequest,
  region: StoreRegion,
): MessageInput<PrewriteResponse> {
  assert(request.mutations.length > 0, 'TiKV would abort: KvPrewrite without mutations');
  let bytes = 0;
  for (const { key, value } of request.mutations) {
    if (key.length > limits.keyBytes) return { errors: [keyTooLargeError(key.length, limits.keyBytes)] };
    bytes += key.length + value.length;
  }
  if (bytes > ENTRY_BYTES) {
    const raftEntryTooLarge = { regionId: region.id, entrySize: BigInt(bytes) };
    return { regionError: { message: `raft entry is too large, ${bytes} bytes`, raftEntryTooLarge } };
  }
  const terms = { ...request, txnSource: request.context?.txnSource ?? 0n };
  return { errors: prewrite(mvcc, request.mutations, terms) };
}

/** All locks of the transaction in the region, unless the request names keys. */
function keysToResolve(mvcc: MvccStore, request: ResolveLockRequest, region: StoreRegion): KeyString[] {
  if (request.keys.length > 0) return request.keys.map(rawKey);
  const keys: KeyString[] = [];
  for (const [key, lock] of mvcc.locksIn(region.start, region.end)) {
    if (lock.startTs === request.startVersion) keys.push(key);
  }
  return keys;
}

function locksIn(mvcc: MvccStore, request: ScanLockRequest, region: StoreRegion): MessageInput<LockInfo>[] {
  const start = greaterKey(rawKey(request.startKey), region.start);
  const end = lesserBound(rawKey(request.endKey), region.end);
  const most = request.limit === 0 ? Infinity : request.limit;
  const locks: MessageInput<LockInfo>[] = [];
  for (const [key, lock] of mvcc.locksIn(start, end)) {
    if (locks.length >= most) break;
    if (lock.startTs <= request.maxVersion) locks.push(lockInfo(keyBytes(key), lock));
  }
  return locks;
}

function mustNotBeEmpty(method: string, keys: readonly Uint8Array[]): readonly Uint8Array[] {
  assert(keys.length > 0, `TiKV would abort: ${method} without keys`);
  return keys;
}

function withError(error: KeyError | undefined): { readonly error?: KeyError } {
  return error === undefined ? {} : { error };
}
