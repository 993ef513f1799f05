import { expect } from 'chai';
import fc from 'fast-check';
import type { BigValue } from '../../../../src/dataflow/operators/aggregate/ordered-value.js';
import { OrderedCounts } from '../../../../src/dataflow/operators/aggregate/ordered-counts.js';
import {
  addToExpansion,
  roundExpansion,
} from '../../../../src/dataflow/operators/aggregate/exact-double-sum.js';

function walk(counts: OrderedCounts, isFromEnd: boolean): readonly (readonly [number, BigValue, number])[] {
  const values: (readonly [number, BigValue, number])[] = [];
  const cursor = counts.cursor(isFromEnd);
  while (!cursor.isAtEnd) {
    values.push([cursor.high, cursor.big, cursor.count]);
    cursor.next();
  }
  return values;
}

describe('dataflow/operators/aggregate/ordered-counts', () => {
  it('holds a multiset in order', () => {
    const change = fc.tuple(
      fc.integer({ min: -300, max: 300 }),
      fc.constantFrom(undefined, 1n, 2n),
      fc.integer({ min: -3, max: 3 }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 1500, size: 'max' }), (changes) => {
        const counts = new OrderedCounts();
        const model = new Map<string, { high: number; big: BigValue; count: number }>();
        for (const [high, value, by] of changes) {
          // Values with equal words all have something that tells them apart, or none.
          const big = high % 2 === 0 ? (value ?? 3n) : undefined;
          const name = `${high} ${String(big)}`;
          const there = model.get(name)?.count ?? 0;
          if (by === 0 || there + by < 0) continue;
          counts.add(high, 7, big, by);
          if (there + by === 0) model.delete(name);
          else model.set(name, { high, big, count: there + by });
          expect(counts.countOf(high, 7, big)).equal(there + by);
        }
        const sorted = [...model.values()].sort((a, b) =>
          a.high === b.high ? Number((a.big as bigint) - (b.big as bigint)) : a.high - b.high,
        );
        const expected = sorted.map(({ high, big, count }) => [high, big, count]);
        expect(walk(counts, false)).deep.equal(expected);
        expect(walk(counts, true)).deep.equal(expected.reverse());
        expect(counts.values).equal(model.size);
      }),
      { numRuns: 60 },
    );
  });
});

describe('dataflow/operators/aggregate/exact-double-sum', () => {
  const double = fc.oneof(
    fc.double({ noNaN: true, min: -1e200, max: 1e200 }),
    fc.constantFrom(1e200, -1e200, 1, 0.1, 2 ** -1074, -0, 2 ** 53, 1 - 2 ** -53),
  );

  it('gives back exactly what is left, in whatever order values come and go', () => {
    fc.assert(
      fc.property(fc.array(double, { maxLength: 30 }), fc.array(double, { maxLength: 3 }), (gone, left) => {
        const parts: number[] = [];
        for (const value of gone) addToExpansion(parts, value, 3);
        for (const value of left) addToExpansion(parts, value, 1);
        for (const value of [...gone].reverse()) addToExpansion(parts, value, -3);
        const alone: number[] = [];
        for (const value of [...left].reverse()) addToExpansion(alone, value, 1);
        expect(roundExpansion(parts)).equal(roundExpansion(alone));
        if (left.length === 1) expect(roundExpansion(parts)).equal(left[0]! + 0);
      }),
    );
  });

  it('rounds once, to the nearest double', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -(2 ** 53), max: 2 ** 53 }), { maxLength: 20 }), (values) => {
        const parts: number[] = [];
        for (const value of values) addToExpansion(parts, value, 1);
        expect(roundExpansion(parts)).equal(Number(values.reduce((sum, value) => sum + BigInt(value), 0n)));
      }),
    );
  });
});
