/** A small seeded generator, so that a failed run can be repeated: SEED=… in the environment. */

/** Random choices. */
export class Chance {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    // xorshift over a Weyl sequence: short, and good enough for tests.
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) % limit;
  }

  /** Whether something with the probability percent/100 happens. */
  percent(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** Between `least` and `most` of them, in their order. */
  some<T>(from: readonly T[], least: number, most: number): readonly T[] {
    const count = least + this.below(Math.min(most, from.length) - least + 1);
    const left = [...from];
    while (left.length > count) left.splice(this.below(left.length), 1);
    return left;
  }
}

/** The seed of this run: from the environment, else the one given, else another one each time. */
export function seedOfRun(fallback?: number): number {
  const given = process.env['SEED'];
  return given === undefined ? (fallback ?? (Date.now() % 1_000_000_007) >>> 0) : Number(given);
}
