/**
 * Finds subscriptions that are silent. TiKV sends every complete subscription a resolved ts every
 * `cdc.min-ts-interval`, moved or not; one that gets none was lost (a request that vanished, a stream with a header
 * TiKV did not like, a region that nobody confirms the leader of, a connection that is dead without knowing it).
 *
 * The first time it is subscribed anew, the next time its stream is opened anew, and so on in turn; each time with twice
 * the patience, since a cluster whose interval is longer than ours must not be disturbed for ever.
 */
import type { RegionFeed, Stream } from './region-feed.js';

/** How long silence is borne. */
export interface WatchdogLimits {
  /** Without a resolved ts, of a subscription whose scan is complete. */
  readonly silentMs: number;
  /** Without a row, of one whose scan is not: scans queue up in TiKV. */
  readonly scanSilentMs: number;
}

/** What seems to be lost. */
export interface Verdicts {
  readonly resubscribe: readonly RegionFeed[];
  readonly reconnect: ReadonlySet<Stream>;
}

const PATIENCE_DOUBLINGS = 6;

/** Looks through all subscriptions of the streams. */
export function findSilent(streams: Iterable<Stream>, limits: WatchdogLimits, nowMs: number): Verdicts {
  const resubscribe: RegionFeed[] = [];
  const reconnect = new Set<Stream>();
  for (const stream of streams) {
    const listenedMs = stream.listenedMs(nowMs);
    for (const feed of stream.feeds()) {
      const limitMs = feed.isScanning ? limits.scanSilentMs : limits.silentMs;
      const patienceMs = limitMs * 2 ** Math.min(feed.silences, PATIENCE_DOUBLINGS);
      // What was registered before the stream's first resolved ts is measured from there.
      if (feed.heardStoreMs === 0) feed.heardStoreMs = stream.storeMs;
      const isSilent =
        listenedMs - feed.heardMs > patienceMs || stream.storeMs - feed.heardStoreMs > patienceMs;
      if (!isSilent) continue;
      const isStreamSilent = !feed.isScanning && listenedMs - stream.heardMs > patienceMs;
      if (isStreamSilent || feed.silences % 2 === 1) reconnect.add(stream);
      resubscribe.push(feed);
    }
  }
  return { resubscribe, reconnect };
}
