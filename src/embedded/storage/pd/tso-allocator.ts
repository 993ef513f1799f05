/**
 * The one source of timestamps. Strictly increasing whatever the clock does: a clock that stands still or goes back
 * is counted on from, one that jumps ahead is followed.
 *
 * @see tikv/pd pkg/tso/tso.go
 */
import { assert } from '../../../base/assert.js';
import { type Ts, ZERO_TS, composeTs, maxTs, ts } from '../../../codec/tso.js';

/** Gives timestamps. */
export class TsoAllocator {
  #last = ZERO_TS;
  #aheadMs = 0;

  /** The greatest one given. */
  get last(): Ts {
    return this.#last;
  }

  /**
   * Takes some timestamps.
   *
   * @param nowMs - milliseconds since 1970.
   * @returns the last of them; the others lie just below.
   */
  next(nowMs: number, count = 1): Ts {
    assert(Number.isInteger(count) && count > 0, `${count} timestamps wanted`);
    const now = composeTs(BigInt(Math.floor(nowMs + this.#aheadMs)), 0n);
    // The counter within a millisecond may run over into the next: the physical part is then a little ahead.
    this.#last = ts(maxTs(this.#last, now) + BigInt(count));
    return this.#last;
  }

  /** Puts the clock forward for good, as a new leader of PD may. */
  jump(ms: number): void {
    assert(ms >= 0, 'timestamps never go back');
    this.#aheadMs += ms;
  }
}
