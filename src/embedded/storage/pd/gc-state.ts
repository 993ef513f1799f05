/**
 * How far history may be collected: the safe point follows the clock at a distance, but stops at the least barrier.
 * Service safe points of older clients are barriers as well.
 *
 * @see TRUTH §7, tikv/pd pkg/gc/gc_state_manager.go
 */
import { earlier, ts } from '../../../codec/tso.js';

interface Barrier {
  readonly ts: bigint;
  readonly endsMs: number;
}

/** What became of a barrier that was to be set. */
export type BarrierOutcome = 'set' | 'behindSafePoint';

/** Safe point and barriers. */
export class GcState {
  readonly #barriers = new Map<string, Barrier>();
  #safePoint = 0n;

  /** No transaction, snapshot or feed may begin below. */
  get safePoint(): bigint {
    return this.#safePoint;
  }

  /** Sets a barrier, or moves it; also to below where it was. */
  hold(
    name: string,
    barrier: { readonly ts: bigint; readonly ttlMs: number },
    nowMs: number,
  ): BarrierOutcome {
    if (barrier.ts < this.#safePoint) return 'behindSafePoint';
    this.#barriers.set(name, { ts: barrier.ts, endsMs: nowMs + barrier.ttlMs });
    return 'set';
  }

  /** @returns the ts at which it stood. */
  release(name: string): bigint | undefined {
    const barrier = this.#barriers.get(name);
    this.#barriers.delete(name);
    return barrier?.ts;
  }

  /**
   * Advances the safe point.
   *
   * @param latest - the greatest timestamp given.
   * @param lifeMs - how long history is kept that no barrier holds.
   */
  advance(latest: bigint, lifeMs: number, nowMs: number): void {
    let target: bigint = earlier(ts(latest), BigInt(Math.floor(lifeMs)));
    for (const [name, barrier] of this.#barriers) {
      if (barrier.endsMs <= nowMs) this.#barriers.delete(name);
      else if (barrier.ts < target) target = barrier.ts;
    }
    if (target > this.#safePoint) this.#safePoint = target;
  }
}
