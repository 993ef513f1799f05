/**
 * How long answers took, counted in buckets of powers of two, so that finding the bucket is one machine instruction: the
 * i-th holds what took less than 2^i / 8 ms, the last all the rest.
 */

/** Buckets with an upper bound: 0.125 ms … 32.768 s. The metric's declaration has the same. */
const BOUNDED_BUCKETS = 19;

/** Units of the first bound in a millisecond. */
const UNITS_PER_MS = 8;

/** The bound of the last one that has any. */
const BOUND_MS_MAX = 2 ** (BOUNDED_BUCKETS - 1) / UNITS_PER_MS;

/** Counts since they were last taken. */
export class LatencyCounts {
  #counts = newCounts();
  #ms = 0;

  /** @param ms - not negative. */
  add(ms: number): void {
    const bucket = ms < BOUND_MS_MAX ? 32 - Math.clz32(ms * UNITS_PER_MS) : BOUNDED_BUCKETS;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#ms += ms;
  }

  /** What has been added since this was last called: by bucket, and in all. */
  take(): { readonly counts: readonly number[]; readonly seconds: number } {
    const counts = this.#counts;
    const seconds = this.#ms / 1000;
    this.#counts = newCounts();
    this.#ms = 0;
    return { counts, seconds };
  }
}

function newCounts(): number[] {
  return new Array<number>(BOUNDED_BUCKETS + 1).fill(0);
}
