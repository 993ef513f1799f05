/**
 * Looks after spans whose resolved ts stands still: a prewritten row holds it for as long as its lock is there, and the
 * lock of a transaction that died stays until somebody resolves it. TiKV itself never does (TRUTH §2).
 *
 * A region is looked after when its resolved ts lags by more than `lagMs` and did not move when TiKV last sent it. (The
 * lag alone would not do: with TiKV's default interval of one second every region lags by a second just before each
 * tick.) Locks younger than the lag are left alone; which of the others are dead the lock resolver finds out.
 */
import { messageOf } from '../../base/errors.js';
import type { Runtime, Task } from '../../base/runtime.js';
import { silent, type Telemetry } from '../../base/telemetry.js';
import { composeTs, physicalMs, type Ts } from '../../codec/tso.js';
import type { KeyRange } from './key-range.js';
import type { SpanLockResolver } from './ports.js';
import type { Segment } from './region-map.js';

/** Of a subscription, what matters here. */
interface HeldRegion {
  readonly region: { readonly id: bigint };
  readonly range: KeyRange;
  readonly segment: Pick<Segment<unknown>, 'ts' | 'start'>;
}

/** What the resolver needs, and its patience. */
export interface LagResolverOptions {
  readonly runtime: Runtime;
  readonly feed: { held(): Iterable<HeldRegion> };
  readonly resolver: SpanLockResolver;
  /** A timestamp that PD has given lately. */
  readonly latestTs: (signal: AbortSignal) => Promise<Ts>;
  readonly telemetry?: Telemetry;
  /** Default 1 s. */
  readonly lagMs?: number;
  /** Between two attempts at one region; doubles from the first to the second. Default 2 s … 10 s. */
  readonly pauseMsMin?: number;
  readonly pauseMsMax?: number;
}

interface Attempt {
  pauseMs: number;
  nextMs: number;
}

/** Regions looked after at once. */
const AT_ONCE = 4;

/** Resolves locks that hold spans back. */
export class LagResolver {
  readonly #options: LagResolverOptions;
  readonly #telemetry: Telemetry;
  readonly #lagMs: number;
  /** By region and where the subscription begins. */
  #attempts = new Map<string, Attempt>();

  constructor(options: LagResolverOptions) {
    this.#options = options;
    this.#telemetry = options.telemetry ?? silent;
    this.#lagMs = options.lagMs ?? 1000;
  }

  /** Looks after the feed until the task is stopped. */
  start(): Task {
    const { runtime } = this.#options;
    return runtime.spawn('change feed lag resolver', async (signal) => {
      for (;;) {
        await runtime.sleep(this.#lagMs / 2, signal);
        await this.tick(signal);
      }
    });
  }

  /** Looks after every region that is due. */
  async tick(signal: AbortSignal): Promise<void> {
    const held = [...this.#options.feed.held()];
    if (held.length === 0) {
      this.#attempts.clear();
      return;
    }
    let latest: Ts;
    try {
      latest = await this.#options.latestTs(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#telemetry.log.warn('no timestamp for resolving locks', { error: messageOf(error) });
      return;
    }
    const due = this.#due(held, latest);
    for (let from = 0; from < due.length; from += AT_ONCE) {
      await Promise.all(
        due.slice(from, from + AT_ONCE).map((region) => this.#resolve(region, latest, signal)),
      );
    }
  }

  /** Chooses the regions that lag and were not looked after lately, and forgets those that do not lag any more. */
  #due(held: readonly HeldRegion[], latest: Ts): readonly HeldRegion[] {
    const { pauseMsMin = 2000, pauseMsMax = 10_000 } = this.#options;
    const nowMs = this.#options.runtime.monotonicMs();
    const attempts = new Map<string, Attempt>();
    const due: HeldRegion[] = [];
    for (const region of held) {
      if (physicalMs(latest) - physicalMs(region.segment.ts) <= BigInt(this.#lagMs)) continue;
      const key = `${region.region.id}/${region.segment.start}`;
      const before = this.#attempts.get(key);
      if (before !== undefined && nowMs < before.nextMs) {
        attempts.set(key, before);
        continue;
      }
      const pauseMs = before === undefined ? pauseMsMin : Math.min(pauseMsMax, before.pauseMs * 2);
      attempts.set(key, { pauseMs, nextMs: nowMs + pauseMs });
      due.push(region);
    }
    this.#attempts = attempts;
    return due;
  }

  async #resolve({ region, range, segment }: HeldRegion, latest: Ts, signal: AbortSignal): Promise<void> {
    const { resolver } = this.#options;
    const maxTs = composeTs(physicalMs(latest) - BigInt(this.#lagMs), 0n);
    try {
      const { locksLeft } = await resolver.resolveSpan(range.start, range.end, maxTs, signal);
      this.#telemetry.log.info('looked for locks that hold a region back', {
        regionId: region.id,
        resolved: segment.ts,
        locksLeft,
      });
    } catch (error) {
      signal.throwIfAborted();
      this.#telemetry.log.warn('resolving locks failed', { regionId: region.id, error: messageOf(error) });
    }
  }
}
