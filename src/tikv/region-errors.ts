/**
 * What a region error means for who sent the request. Pure; what is done about it is in region-request.ts.
 *
 * @see tikv/client-go internal/locate/region_request.go (onRegionError)
 */
import type { RegionErrorMessage, RegionMessage } from './proto-types.js';
import { type Peer, peerFrom } from './region.js';

/** The ways in which a region can fail to serve a request. */
export type RegionTrouble =
  /** Another peer leads it; undefined: nobody knows who. */
  | { readonly kind: 'notLeader'; readonly leader: Peer | undefined }
  /** Its shape has changed; the regions that are there now, as far as the store knows. */
  | { readonly kind: 'epochNotMatch'; readonly regions: readonly RegionMessage[] }
  /** It is not there (any more): look it up. */
  | { readonly kind: 'gone'; readonly name: string }
  /** Another store lives at that address. */
  | { readonly kind: 'storeNotMatch' }
  /** Too much to do; come back later. */
  | { readonly kind: 'busy'; readonly pauseMs: number }
  /** In the middle of something that ends soon. */
  | { readonly kind: 'notReady'; readonly name: string }
  | { readonly kind: 'diskFull' }
  /** The request is more than one raft entry holds: it will never pass. */
  | { readonly kind: 'tooLarge' }
  /** It may or may not have been done. */
  | { readonly kind: 'undetermined' }
  /** Not for this request, not now, not later. */
  | { readonly kind: 'refused'; readonly name: string };

/** Reads a region error. A cause that is newer than this client counts as `gone`: looking again never hurts. */
export function troubleOf(error: RegionErrorMessage): RegionTrouble {
  if (error.notLeader !== null) return { kind: 'notLeader', leader: leaderOf(error.notLeader) };
  if (error.epochNotMatch !== null)
    return { kind: 'epochNotMatch', regions: error.epochNotMatch.currentRegions };
  if (error.storeNotMatch !== null) return { kind: 'storeNotMatch' };
  if (error.serverIsBusy !== null) {
    return {
      kind: 'busy',
      pauseMs: Math.max(Number(error.serverIsBusy.backoffMs), error.serverIsBusy.estimatedWaitMs),
    };
  }
  if (error.diskFull !== null) return { kind: 'diskFull' };
  if (error.raftEntryTooLarge !== null) return { kind: 'tooLarge' };
  if (error.undeterminedResult !== null) return { kind: 'undetermined' };
  const refusal = firstSet(error, ['FlashbackInProgress', 'FlashbackNotPrepared']);
  if (refusal !== undefined) return { kind: 'refused', name: refusal };
  const notReady = firstSet(error, [
    'staleCommand',
    'maxTimestampNotSynced',
    'readIndexNotReady',
    'proposalInMergingMode',
    'dataIsNotReady',
    'regionNotInitialized',
    'RecoveryInProgress',
  ]);
  if (notReady !== undefined) return { kind: 'notReady', name: notReady };
  const gone = firstSet(error, [
    'regionNotFound',
    'keyNotInRegion',
    'mismatchPeerId',
    'isWitness',
    'bucketVersionNotMatch',
  ]);
  return { kind: 'gone', name: gone ?? 'unknown' };
}

function leaderOf(notLeader: NonNullable<RegionErrorMessage['notLeader']>): Peer | undefined {
  const { leader } = notLeader;
  return leader === null || leader.id === 0n ? undefined : peerFrom(leader);
}

function firstSet(
  error: RegionErrorMessage,
  names: readonly (keyof RegionErrorMessage)[],
): keyof RegionErrorMessage | undefined {
  return names.find((name) => error[name] !== null);
}
