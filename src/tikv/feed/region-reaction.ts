/**
 * What to do when TiKV ends or refuses the subscription of a region. Pure: the error and how often it has failed go
 * in, an action comes out.
 *
 * PD learns of splits and merges some 10 ms after TiKV, so whoever asks it at once gets the old region and the next
 * refusal; waiting 20–100 ms saves most of that (TRUTH §3). What keeps failing is asked ever more rarely.
 *
 * @see TIKV-FACTS §4.4, pingcap/ticdc logservice/logpuller/region_failure_handler.go
 */
import { unreachable } from '../../base/assert.js';
import type { TiviewError } from '../../base/errors.js';
import { decodeRegionKey } from '../region-key.js';
import { FeedRefusedError } from './feed-errors.js';
import type { FeedRegion } from './ports.js';
import type { ErrorPeer, ErrorRegion, RegionError } from './region-error.js';

/** What is to be done about where the region is believed to be. */
type Correction =
  | { readonly kind: 'none' }
  | { readonly kind: 'invalidate' }
  | { readonly kind: 'setLeader'; readonly leader: ErrorPeer }
  | { readonly kind: 'learn'; readonly regions: readonly FeedRegion[] };

/** What is to be done about the subscription. */
export type Reaction =
  | { readonly kind: 'retry'; readonly correction: Correction; readonly delayMs: number }
  | { readonly kind: 'resetStream' }
  | { readonly kind: 'giveUp'; readonly error: TiviewError };

/** Failures in a row after which a region is thought to have more than PD's ordinary lag. */
const PATIENT_AFTER = 8;

/**
 * @param failures - subscriptions of these keys that have failed before, since one was complete.
 * @param storeId - the store that said it: the likeliest leader of regions that came of a split.
 * @param random - in [0, 1).
 */
export function reactTo(error: RegionError, failures: number, storeId: bigint, random: number): Reaction {
  const missMs = missDelayMs(failures, random);
  switch (error.kind) {
    case 'notLeader':
      return error.leader === undefined
        ? retry({ kind: 'invalidate' }, missMs)
        : retry({ kind: 'setLeader', leader: error.leader }, failures === 0 ? 0 : missMs);
    case 'epochNotMatch': {
      const regions = error.regions.flatMap((region) => feedRegionOf(region, storeId));
      return regions.length === 0
        ? retry({ kind: 'invalidate' }, missMs)
        : retry({ kind: 'learn', regions }, failures === 0 ? 0 : missMs);
    }
    case 'regionNotFound':
      return retry({ kind: 'invalidate' }, missMs);
    case 'congested':
    case 'unknown':
      return retry({ kind: 'none' }, busyDelayMs(failures, random));
    case 'serverIsBusy':
      return retry(
        { kind: 'none' },
        Math.max(Math.min(error.backoffMs, 60_000), busyDelayMs(failures, random)),
      );
    case 'duplicateRequest':
      return { kind: 'resetStream' };
    case 'compatibility':
      return giveUp(`TiKV's change feed asks for version ${error.requiredVersion} of its client`);
    case 'clusterIdMismatch':
      return giveUp(`the change feed belongs to cluster ${error.current}, not ${error.request}`);
    default:
      return unreachable(error);
  }
}

/** 20 to 100 ms; up to 2 s for what goes on failing. */
export function missDelayMs(failures: number, random: number): number {
  const fullMs =
    failures < PATIENT_AFTER ? Math.min(100, 40 * 2 ** failures) : backoffMs(100, failures - PATIENT_AFTER);
  return fullMs * (0.5 + random / 2);
}

/** 25 ms to 2 s. */
export function busyDelayMs(failures: number, random: number): number {
  return backoffMs(50, failures) * (0.5 + random / 2);
}

function backoffMs(baseMs: number, failures: number): number {
  return Math.min(2000, baseMs * 2 ** Math.min(failures, 10));
}

function retry(correction: Correction, delayMs: number): Reaction {
  return { kind: 'retry', correction, delayMs };
}

function giveUp(message: string): Reaction {
  return { kind: 'giveUp', error: new FeedRefusedError(message) };
}

/** None if the region has no peer (which TiKV does not send). */
function feedRegionOf(region: ErrorRegion, storeId: bigint): FeedRegion[] {
  const leader = region.peers.find((peer) => peer.storeId === storeId) ?? region.peers[0];
  if (leader === undefined) return [];
  const { id, epoch } = region;
  const [start, end] = [decodeRegionKey(region.encodedStart), decodeRegionKey(region.encodedEnd)];
  return [{ id, epoch, start, end, leader }];
}
