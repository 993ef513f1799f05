/** The transactions that have locks in a subscription's range: the oldest holds its resolved ts. */
import { assert } from '../../../base/assert.js';

/** Counts locks by start ts. */
export class LockTally {
  readonly #counts = new Map<bigint, number>();

  add(startTs: bigint): void {
    this.#counts.set(startTs, (this.#counts.get(startTs) ?? 0) + 1);
  }

  remove(startTs: bigint): void {
    const count = this.#counts.get(startTs) ?? 0;
    assert(count > 0, `a lock of transaction ${String(startTs)} goes that never came`);
    if (count === 1) this.#counts.delete(startTs);
    else this.#counts.set(startTs, count - 1);
  }

  /** Start ts of the oldest, or `none` if there is no lock. */
  least(none: bigint): bigint {
    let least = none;
    for (const startTs of this.#counts.keys()) if (startTs < least) least = startTs;
    return least;
  }
}
