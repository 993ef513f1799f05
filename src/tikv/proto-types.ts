/**
 * The messages of metapb, errorpb and kvrpcpb as TypeScript sees them (see proto.ts for the rules). Decoded, every
 * field is there; to encode, give those that matter.
 *
 * @see proto/metapb.proto, proto/errorpb.proto, proto/kvrpcpb.proto
 */

/** What may be left out of a message that is to be encoded: everything, at every depth. */
export type MessageInput<T> = {
  readonly [K in keyof T]?: FieldInput<T[K]>;
};

type Scalar = bigint | number | string | boolean | Uint8Array | undefined;
type FieldInput<F> = F extends Scalar
  ? F
  : F extends readonly (infer E)[]
    ? readonly (E extends Scalar ? E : MessageInput<E>)[]
    : MessageInput<NonNullable<F>> | null;

// metapb

export interface RegionEpoch {
  readonly confVer: bigint;
  readonly version: bigint;
}

export const PeerRole = { voter: 0, learner: 1, incomingVoter: 2, demotingVoter: 3 } as const;

export interface PeerMessage {
  readonly id: bigint;
  readonly storeId: bigint;
  /** One of {@link PeerRole}. */
  readonly role: number;
  readonly isWitness: boolean;
}

/** A region as PD and TiKV's errors describe it: its bounds are memcomparable-encoded. */
export interface RegionMessage {
  readonly id: bigint;
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array;
  readonly regionEpoch: RegionEpoch | null;
  readonly peers: readonly PeerMessage[];
}

export const StoreState = { up: 0, offline: 1, tombstone: 2 } as const;

export interface StoreMessage {
  readonly id: bigint;
  readonly address: string;
  /** One of {@link StoreState}. */
  readonly state: number;
  readonly labels: readonly { readonly key: string; readonly value: string }[];
  readonly version: string;
  readonly statusAddress: string;
}

// errorpb

interface RegionIdOnly {
  readonly regionId: bigint;
}

/** A region error: at most one of the fields besides `message` is set, none for causes newer than this client. */
export interface RegionErrorMessage {
  readonly message: string;
  readonly notLeader: { readonly regionId: bigint; readonly leader: PeerMessage | null } | null;
  readonly regionNotFound: RegionIdOnly | null;
  readonly keyNotInRegion: { readonly key: Uint8Array; readonly regionId: bigint } | null;
  readonly epochNotMatch: { readonly currentRegions: readonly RegionMessage[] } | null;
  readonly serverIsBusy: {
    readonly reason: string;
    readonly backoffMs: bigint;
    readonly estimatedWaitMs: number;
  } | null;
  readonly staleCommand: object | null;
  readonly storeNotMatch: { readonly requestStoreId: bigint; readonly actualStoreId: bigint } | null;
  readonly raftEntryTooLarge: { readonly regionId: bigint; readonly entrySize: bigint } | null;
  readonly maxTimestampNotSynced: object | null;
  readonly readIndexNotReady: { readonly reason: string; readonly regionId: bigint } | null;
  readonly proposalInMergingMode: RegionIdOnly | null;
  readonly dataIsNotReady: RegionIdOnly | null;
  readonly regionNotInitialized: RegionIdOnly | null;
  readonly diskFull: { readonly storeId: readonly bigint[]; readonly reason: string } | null;
  readonly RecoveryInProgress: RegionIdOnly | null;
  readonly FlashbackInProgress: RegionIdOnly | null;
  readonly FlashbackNotPrepared: RegionIdOnly | null;
  readonly isWitness: RegionIdOnly | null;
  readonly mismatchPeerId: { readonly requestPeerId: bigint; readonly storePeerId: bigint } | null;
  readonly bucketVersionNotMatch: { readonly version: bigint } | null;
  readonly undeterminedResult: { readonly message: string } | null;
}

// kvrpcpb

export const CommandPriority = { normal: 0, low: 1, high: 2 } as const;

export const RequestOrigin = { unknown: 0, tidb: 1 } as const;

export interface Context {
  readonly regionId: bigint;
  readonly regionEpoch: RegionEpoch | null;
  readonly peer: PeerMessage | null;
  readonly priority: number;
  readonly notFillCache: boolean;
  readonly resolvedLocks: readonly bigint[];
  readonly maxExecutionDurationMs: bigint;
  readonly isRetryRequest: boolean;
  readonly committedLocks: readonly bigint[];
  readonly requestSource: string;
  readonly txnSource: bigint;
  readonly requestOrigin: number;
  readonly clusterId: bigint;
}

export const Op = {
  put: 0,
  del: 1,
  lock: 2,
  rollback: 3,
  insert: 4,
  pessimisticLock: 5,
  checkNotExists: 6,
  sharedLock: 7,
  sharedPessimisticLock: 8,
} as const;

export const Assertion = { none: 0, exist: 1, notExist: 2 } as const;

export const AssertionLevel = { off: 0, fast: 1, strict: 2 } as const;

export interface MutationMessage {
  /** One of {@link Op}. */
  readonly op: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** One of {@link Assertion}. */
  readonly assertion: number;
}

export interface LockInfo {
  readonly primaryLock: Uint8Array;
  /** Start ts of the transaction that holds it. */
  readonly lockVersion: bigint;
  readonly key: Uint8Array;
  /** Milliseconds from the physical part of {@link lockVersion}. */
  readonly lockTtl: bigint;
  /** Keys of the transaction in this region. */
  readonly txnSize: bigint;
  /** One of {@link Op}. */
  readonly lockType: number;
  readonly lockForUpdateTs: bigint;
  readonly useAsyncCommit: boolean;
  readonly minCommitTs: bigint;
  readonly secondaries: readonly Uint8Array[];
  readonly durationToLastUpdateMs: bigint;
  /** When {@link lockType} is sharedLock: the locks proper. Nothing else of the wrapper counts then. */
  readonly sharedLockInfos: readonly LockInfo[];
}

export const ConflictReason = {
  unknown: 0,
  optimistic: 1,
  pessimisticRetry: 2,
  selfRolledBack: 3,
  rcCheckTs: 4,
  lazyUniquenessCheck: 5,
  notLockedKeyConflict: 6,
} as const;

export interface KeyErrorMessage {
  readonly locked: LockInfo | null;
  /** Text only; a missing lock arrives here (TRUTH §4). */
  readonly retryable: string;
  readonly abort: string;
  readonly conflict: {
    readonly startTs: bigint;
    readonly conflictTs: bigint;
    readonly key: Uint8Array;
    readonly primary: Uint8Array;
    readonly conflictCommitTs: bigint;
    /** One of {@link ConflictReason}. */
    readonly reason: number;
  } | null;
  readonly alreadyExist: { readonly key: Uint8Array } | null;
  readonly deadlock: { readonly lockTs: bigint; readonly lockKey: Uint8Array } | null;
  readonly commitTsExpired: {
    readonly startTs: bigint;
    readonly attemptedCommitTs: bigint;
    readonly key: Uint8Array;
    readonly minCommitTs: bigint;
  } | null;
  readonly txnNotFound: { readonly startTs: bigint; readonly primaryKey: Uint8Array } | null;
  readonly commitTsTooLarge: { readonly commitTs: bigint } | null;
  readonly assertionFailed: {
    readonly startTs: bigint;
    readonly key: Uint8Array;
    readonly assertion: number;
    readonly existingStartTs: bigint;
    readonly existingCommitTs: bigint;
  } | null;
  readonly primaryMismatch: { readonly lockInfo: LockInfo | null } | null;
  readonly txnLockNotFound: { readonly key: Uint8Array } | null;
}

export interface KvPairMessage {
  readonly error: KeyErrorMessage | null;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What every request to a region begins with. */
export interface WithContext {
  readonly context: Context | null;
}

/** What every reply of a region may be instead of an answer. */
export interface WithRegionError {
  readonly regionError: RegionErrorMessage | null;
}

/** A reply with one error for the whole request. */
export interface WithKeyError extends WithRegionError {
  readonly error: KeyErrorMessage | null;
}

export interface GetRequest extends WithContext {
  readonly key: Uint8Array;
  readonly version: bigint;
}

export interface GetResponse extends WithKeyError {
  readonly value: Uint8Array;
  readonly notFound: boolean;
}

export interface BatchGetRequest extends WithContext {
  readonly keys: readonly Uint8Array[];
  readonly version: bigint;
}

export interface ScanRequest extends WithContext {
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array;
  readonly limit: number;
  readonly version: bigint;
  readonly keyOnly: boolean;
  readonly reverse: boolean;
}

/** Reply of both a scan and a batch get; pairs have errors of their own. */
export interface PairsResponse extends WithKeyError {
  readonly pairs: readonly KvPairMessage[];
}

export interface PrewriteRequest extends WithContext {
  readonly mutations: readonly MutationMessage[];
  readonly primaryLock: Uint8Array;
  readonly startVersion: bigint;
  readonly lockTtl: bigint;
  readonly txnSize: bigint;
  readonly minCommitTs: bigint;
  /** One of {@link AssertionLevel}. */
  readonly assertionLevel: number;
}

export interface PrewriteResponse extends WithRegionError {
  readonly errors: readonly KeyErrorMessage[];
  readonly minCommitTs: bigint;
}

export const CommitRole = { unknown: 0, primary: 1, secondary: 2 } as const;

export interface CommitRequest extends WithContext {
  readonly startVersion: bigint;
  readonly keys: readonly Uint8Array[];
  readonly commitVersion: bigint;
  /** One of {@link CommitRole}. */
  readonly commitRole: number;
  readonly primaryKey: Uint8Array;
}

export interface CommitResponse extends WithKeyError {
  readonly commitVersion: bigint;
}

export interface BatchRollbackRequest extends WithContext {
  readonly startVersion: bigint;
  readonly keys: readonly Uint8Array[];
}

export interface TxnHeartBeatRequest extends WithContext {
  readonly primaryLock: Uint8Array;
  readonly startVersion: bigint;
  readonly adviseLockTtl: bigint;
}

export interface TxnHeartBeatResponse extends WithKeyError {
  readonly lockTtl: bigint;
}

export const TxnAction = {
  none: 0,
  ttlExpireRollback: 1,
  lockNotExistRollback: 2,
  minCommitTsPushed: 3,
  ttlExpirePessimisticRollback: 4,
  lockNotExistDoNothing: 5,
} as const;

export interface CheckTxnStatusRequest extends WithContext {
  readonly primaryKey: Uint8Array;
  readonly lockTs: bigint;
  readonly callerStartTs: bigint;
  readonly currentTs: bigint;
  readonly rollbackIfNotExist: boolean;
  readonly forceSyncCommit: boolean;
  readonly resolvingPessimisticLock: boolean;
  readonly verifyIsPrimary: boolean;
}

export interface CheckTxnStatusResponse extends WithKeyError {
  readonly lockTtl: bigint;
  readonly commitVersion: bigint;
  /** One of {@link TxnAction}. */
  readonly action: number;
  readonly lockInfo: LockInfo | null;
}

export interface CheckSecondaryLocksRequest extends WithContext {
  readonly keys: readonly Uint8Array[];
  readonly startVersion: bigint;
}

export interface CheckSecondaryLocksResponse extends WithKeyError {
  readonly locks: readonly LockInfo[];
  readonly commitTs: bigint;
}

export interface ScanLockRequest extends WithContext {
  readonly maxVersion: bigint;
  readonly startKey: Uint8Array;
  readonly limit: number;
  readonly endKey: Uint8Array;
}

export interface ScanLockResponse extends WithKeyError {
  readonly locks: readonly LockInfo[];
}

export interface ResolveLockRequest extends WithContext {
  readonly startVersion: bigint;
  /** 0: rolled back. */
  readonly commitVersion: bigint;
  /** Empty: all locks of the transaction in the region. */
  readonly keys: readonly Uint8Array[];
}

export interface PessimisticRollbackRequest extends WithContext {
  readonly startVersion: bigint;
  readonly forUpdateTs: bigint;
  readonly keys: readonly Uint8Array[];
}

export interface PessimisticRollbackResponse extends WithRegionError {
  readonly errors: readonly KeyErrorMessage[];
}
