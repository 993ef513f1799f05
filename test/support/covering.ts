/** Cases that cover all pairs of factors' values: most faults of settings are faults of two of them together. */
import type { Random } from './random.js';

/** Values by factor. */
export type Factors<T> = { readonly [K in keyof T]: readonly T[K][] };

/** Candidates looked at for each case. */
const CANDIDATES = 40;

/** A random case. */
export function randomCase<T extends object>(factors: Factors<T>, random: Random): T {
  const entries = Object.entries<readonly unknown[]>(factors);
  return Object.fromEntries(entries.map(([name, values]) => [name, random.pick(values)])) as T;
}

/** Cases in which each value of each factor meets each value of every other: few, not fewest. */
export function pairwiseCases<T extends object>(factors: Factors<T>, random: Random): T[] {
  const missing = new Set(allPairs(factors));
  const cases: T[] = [];
  while (missing.size > 0) {
    const [pair] = missing;
    const forced = Object.fromEntries(JSON.parse(pair ?? '[]') as [string, unknown][]);
    let best: T | undefined;
    let bestCount = 0;
    for (let i = 0; i < CANDIDATES; i++) {
      const candidate = { ...randomCase(factors, random), ...forced };
      const count = pairsOf(candidate).filter((each) => missing.has(each)).length;
      if (count > bestCount) [best, bestCount] = [candidate, count];
    }
    if (best === undefined) throw new Error(`no case has ${String(pair)}`);
    cases.push(best);
    for (const each of pairsOf(best)) missing.delete(each);
  }
  return cases;
}

function allPairs<T extends object>(factors: Factors<T>): string[] {
  const entries = Object.entries<readonly unknown[]>(factors);
  return entries.flatMap(([a, as], i) =>
    entries.slice(i + 1).flatMap(([b, bs]) =>
      as.flatMap((x) =>
        bs.map((y) =>
          JSON.stringify([
            [a, x],
            [b, y],
          ]),
        ),
      ),
    ),
  );
}

function pairsOf(candidate: object): string[] {
  const entries = Object.entries(candidate) as [string, unknown][];
  return entries.flatMap((a, i) => entries.slice(i + 1).map((b) => JSON.stringify([a, b])));
}
