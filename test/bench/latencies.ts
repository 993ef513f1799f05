/** Distributions, as benchmarks print them. */

/** In milliseconds, with one decimal. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Of at least one sample. */
export function quantiles(samples: readonly number[]): Quantiles {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (q: number): number => tenths(sorted[Math.floor(q * (sorted.length - 1))] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** Rounded to one decimal. */
export function tenths(value: number): number {
  return Math.round(10 * value) / 10;
}
