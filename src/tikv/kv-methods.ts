/**
 * TiKV's methods that this client calls: each with the codecs of its messages, and with what the guard has to check
 * about its requests.
 */
import { NO_BYTES } from '../base/bytes.js';
import type { Inspection } from './guard.js';
import { type MessageCodec, messageCodec } from './proto.js';
import type {
  BatchGetRequest,
  BatchRollbackRequest,
  CheckSecondaryLocksRequest,
  CheckSecondaryLocksResponse,
  CheckTxnStatusRequest,
  CheckTxnStatusResponse,
  CommitRequest,
  CommitResponse,
  GetRequest,
  GetResponse,
  PairsResponse,
  PessimisticRollbackRequest,
  PessimisticRollbackResponse,
  PrewriteRequest,
  PrewriteResponse,
  ResolveLockRequest,
  ScanLockRequest,
  ScanLockResponse,
  ScanRequest,
  TxnHeartBeatRequest,
  TxnHeartBeatResponse,
  WithContext,
  WithKeyError,
  WithRegionError,
} from './proto-types.js';
import type { CopRequest, CopResponse } from './coprocessor/cop-types.js';

/** A request without its context, which is region-request.ts' business. */
export type Body<Q extends WithContext> = Omit<Q, 'context'>;

/** A method that is sent to a region. */
export interface KvMethod<Q extends WithContext, R extends WithRegionError> {
  readonly name: KvMethodName;
  readonly path: string;
  readonly request: MessageCodec<Q>;
  readonly response: MessageCodec<R>;
  readonly inspect: (request: Body<Q>) => Inspection;
}

/** Names as in tikvpb.proto, their casing included. */
type KvMethodName =
  | 'KvGet'
  | 'KvBatchGet'
  | 'KvScan'
  | 'KvPrewrite'
  | 'KvCommit'
  | 'KvBatchRollback'
  | 'KvTxnHeartBeat'
  | 'KvCheckTxnStatus'
  | 'KvCheckSecondaryLocks'
  | 'KvScanLock'
  | 'KvResolveLock'
  | 'KVPessimisticRollback'
  | 'Coprocessor';

function kv<Q extends WithContext, R extends WithRegionError>(
  name: KvMethodName,
  messages: readonly [string, string],
  inspect: (request: Body<Q>) => Inspection,
): KvMethod<Q, R> {
  const [request, response] = messages;
  return {
    name,
    path: `/tikvpb.Tikv/${name}`,
    request: messageCodec<Q>(request),
    response: messageCodec<R>(response),
    inspect,
  };
}

function simple<Q extends WithContext, R extends WithRegionError>(
  name: KvMethodName,
  inspect: (request: Body<Q>) => Inspection,
): KvMethod<Q, R> {
  const message = name.slice('Kv'.length);
  return kv(name, [`kvrpcpb.${message}Request`, `kvrpcpb.${message}Response`], inspect);
}

export const kvMethods = {
  get: simple<GetRequest, GetResponse>('KvGet', (q) => ({ keys: [q.key], timestampsOrMax: [q.version] })),
  batchGet: simple<BatchGetRequest, PairsResponse>('KvBatchGet', (q) => ({
    keys: q.keys,
    timestamps: [q.version],
  })),
  scan: simple<ScanRequest, PairsResponse>('KvScan', (q) => ({
    bounds: [q.startKey, q.endKey],
    timestamps: [q.version],
  })),
  prewrite: simple<PrewriteRequest, PrewriteResponse>('KvPrewrite', (q) => ({
    keys: [q.primaryLock, ...keysOf(q.mutations)],
    values: q.mutations.map((mutation) => mutation.value),
    timestamps: [q.startVersion],
    ordered: [[q.startVersion, q.minCommitTs]],
  })),
  commit: simple<CommitRequest, CommitResponse>('KvCommit', (q) => ({
    keys: q.keys,
    timestamps: [q.commitVersion],
    ordered: [[q.startVersion, q.commitVersion]],
  })),
  batchRollback: simple<BatchRollbackRequest, WithKeyError>('KvBatchRollback', (q) => ({ keys: q.keys })),
  txnHeartBeat: simple<TxnHeartBeatRequest, TxnHeartBeatResponse>('KvTxnHeartBeat', (q) => ({
    keys: [q.primaryLock],
  })),
  checkTxnStatus: simple<CheckTxnStatusRequest, CheckTxnStatusResponse>('KvCheckTxnStatus', (q) => ({
    keys: [q.primaryKey],
    // 0: the caller reads nothing.
    timestampsOrMax: q.callerStartTs === 0n ? [q.currentTs] : [q.currentTs, q.callerStartTs],
  })),
  checkSecondaryLocks: simple<CheckSecondaryLocksRequest, CheckSecondaryLocksResponse>(
    'KvCheckSecondaryLocks',
    (q) => ({ keys: q.keys }),
  ),
  scanLock: simple<ScanLockRequest, ScanLockResponse>('KvScanLock', (q) => ({
    bounds: [q.startKey, q.endKey],
    timestamps: [q.maxVersion],
  })),
  // No keys: every lock of the transaction in the region, which TiKV understands.
  resolveLock: simple<ResolveLockRequest, WithKeyError>('KvResolveLock', (q) => ({ bounds: q.keys })),
  pessimisticRollback: simple<PessimisticRollbackRequest, PessimisticRollbackResponse>(
    'KVPessimisticRollback',
    (q) => ({ keys: q.keys }),
  ),
  coprocessor: kv<CopRequest, CopResponse>(
    'Coprocessor',
    ['coprocessor.Request', 'coprocessor.Response'],
    (q) => ({
      keys: q.ranges.flatMap((range) => [range.start, range.end]),
      timestamps: [q.startTs],
    }),
  ),
};

/** The keys of the mutations; empty for none, so that the guard sees an empty key where the first should be. */
function keysOf(mutations: PrewriteRequest['mutations']): readonly Uint8Array[] {
  return mutations.length === 0 ? [NO_BYTES] : mutations.map((mutation) => mutation.key);
}
