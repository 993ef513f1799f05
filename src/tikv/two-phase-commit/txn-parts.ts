/** What the phases of a transaction share. */
import type { Ts } from '../../codec/tso.js';
import type { TsoClient } from '../pd/tso-client.js';
import type { LockResolver } from '../locks/lock-resolver.js';
import type { RegionRequester } from '../region-request.js';

/** Where timestamps and the passing of time come from. */
type TxnClock = Pick<TsoClient, 'next' | 'highest' | 'elapsedSinceMs'>;

/** What transactions are made with. */
export interface TxnParts {
  readonly requester: RegionRequester;
  readonly resolver: LockResolver;
  readonly tso: TxnClock;
}

/** A transaction's name: enough to find out what became of it. */
export interface TxnRef {
  readonly startTs: Ts;
  readonly primary: Uint8Array;
}

/** What every request of a transaction says. */
export interface TxnHeader extends TxnRef {
  /** Marks what it writes in change feeds: 1…255. From 256 on TiKV hides rows from all feeds (TRUTH §1). */
  readonly txnSource: number;
  readonly lockTtlMs: number;
}
