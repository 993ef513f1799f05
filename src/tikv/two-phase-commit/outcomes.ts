/** How the phases of a transaction can end. Nothing here is an exception: each is an answer that its caller acts on. */
import type { TiviewError } from '../../base/errors.js';
import type { Ts } from '../../codec/tso.js';
import type { LockInfo } from '../proto-types.js';

/** Why a write conflicts. */
export type ConflictCause =
  /** Somebody committed after our start. */
  | 'optimistic'
  /** Somebody has rolled this transaction back: a fence, or our time was over. */
  | 'selfRolledBack'
  | 'other';

/** Of the first phase. Anything but `ok` leaves locks behind, which the transaction's rollback removes. */
export type PrewriteOutcome =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'conflict';
      readonly key: Uint8Array;
      /** Start ts of the other transaction. */
      readonly conflictTs: bigint;
      /** Its commit ts; 0 if it has none. */
      readonly commitTs: bigint;
      readonly reason: ConflictCause;
    }
  /** A living transaction holds a key, for longer than we had patience. */
  | { readonly kind: 'locked'; readonly lock: LockInfo }
  | { readonly kind: 'alreadyExists'; readonly key: Uint8Array }
  | {
      readonly kind: 'assertionFailed';
      readonly key: Uint8Array;
      /** Of the version that is there; 0: none. */
      readonly existingStartTs: bigint;
      readonly existingCommitTs: bigint;
    }
  /** One mutation is more than a raft entry holds. */
  | { readonly kind: 'tooLarge'; readonly key: Uint8Array }
  | { readonly kind: 'rejected'; readonly error: TiviewError };

/** Of a transaction whose fate is known. */
type Settled = { readonly kind: 'committed'; readonly commitTs: Ts } | { readonly kind: 'rolledBack' };

/** Of the decisive request. */
export type CommitPrimaryOutcome =
  | Settled
  /** It may have been committed and may yet be: settle it before anything else. */
  | { readonly kind: 'undetermined'; readonly cause: Error };

/** Of settling. */
export type SettleOutcome =
  | Settled
  /** It lives for that long, unless its owner prolongs it. */
  | { readonly kind: 'alive'; readonly ttlMs: number };
