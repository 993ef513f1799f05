/**
 * The named pauses of this layer, one for each kind of trouble.
 *
 * @see tikv/client-go config/retry/config.go
 */
import type { BackoffKind } from '../base/backoff.js';

/** How each kind of trouble is waited out. */
export const backoffKinds = {
  /** A call got no answer. */
  rpc: { name: 'rpc', baseMs: 100, capMs: 2000 },
  /** PD has no leader, or none that we can reach. */
  pd: { name: 'pd', baseMs: 50, capMs: 3000 },
  /** PD's or our own map of regions is behind the stores. */
  regionMiss: { name: 'regionMiss', baseMs: 2, capMs: 500 },
  /** The region is changing its leader, merging or starting. */
  regionNotReady: { name: 'regionNotReady', baseMs: 2, capMs: 1000 },
  serverBusy: { name: 'serverBusy', baseMs: 2000, capMs: 10_000 },
  diskFull: { name: 'diskFull', baseMs: 500, capMs: 5000 },
  /** A reader waits for somebody's lock. */
  lockForRead: { name: 'lockForRead', baseMs: 2, capMs: 3000 },
  /** A writer waits for somebody's lock. */
  lockForWrite: { name: 'lockForWrite', baseMs: 100, capMs: 3000 },
  /** Readers have pushed our lock above the commit ts. */
  pushed: { name: 'pushed', baseMs: 1, capMs: 50 },
} as const satisfies Record<string, BackoffKind>;
