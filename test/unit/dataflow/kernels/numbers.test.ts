import { expect } from 'chai';
import { Decimal } from '../../../../src/codec/decimal.js';
import {
  compareExact,
  compareUnscaled,
  exactToDouble,
  unscaledAt,
} from '../../../../src/dataflow/kernels/decimal.js';
import type { ExactColumn } from '../../../../src/dataflow/kernels/decimal.js';
import { bigintAt, compareHalves, doubleAt, halvesOf } from '../../../../src/dataflow/kernels/i64.js';
import { HalvesSet } from '../../../../src/dataflow/kernels/sets.js';
import { BIGINT, DECIMAL, UNSIGNED, deltaOf } from '../rows.js';

const SIGNED = [
  0n,
  1n,
  -1n,
  2n ** 31n,
  -(2n ** 31n) - 1n,
  2n ** 32n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const POSITIVE = [0n, 1n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

function sign(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function columnOf(type: typeof BIGINT, values: readonly (bigint | Decimal)[]): ExactColumn {
  const [column] = deltaOf(
    [type],
    values.map((value): [number, bigint | Decimal] => [1, value]),
  ).columns;
  if (column?.kind !== 'i64' && column?.kind !== 'dec') throw new Error('neither integers nor decimals');
  return column;
}

describe('dataflow/kernels: numbers', () => {
  const all = [
    ...SIGNED.map((value) => ({ value, isUnsigned: false })),
    ...POSITIVE.map((value) => ({ value, isUnsigned: true })),
  ];

  it('compares integers of any sign as what they are', () => {
    for (const a of all) {
      for (const b of all) {
        const order = compareHalves(halvesOf(a.value), a.isUnsigned, halvesOf(b.value), b.isUnsigned);
        expect(Math.sign(order), `${a.value} and ${b.value}`).equal(sign(a.value, b.value));
      }
    }
  });

  it('reads integers back, exactly and as the nearest double', () => {
    for (const { value, isUnsigned } of all) {
      const column = columnOf(isUnsigned ? UNSIGNED : BIGINT, [value]);
      if (column.kind !== 'i64') throw new Error('no integers');
      expect(bigintAt(column, 0, isUnsigned)).equal(value);
      expect(doubleAt(column, 0, isUnsigned)).equal(Number(value));
    }
  });

  const unscaled = [
    0n,
    1n,
    -1n,
    150n,
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n) - 1n,
    10n ** 64n,
    -(10n ** 64n),
  ];

  it('compares decimals, small and wide, with each other and with integers', () => {
    const decimals = columnOf(
      DECIMAL,
      unscaled.map((value) => new Decimal(value, 2)),
    );
    if (decimals.kind !== 'dec') throw new Error('no decimals');
    unscaled.forEach((value, row) => {
      expect(unscaledAt(decimals, row)).equal(value);
      for (const other of unscaled) expect(compareUnscaled(decimals, row, other)).equal(sign(value, other));
      for (const { value: integer, isUnsigned } of all) {
        const integers = columnOf(
          isUnsigned ? UNSIGNED : BIGINT,
          unscaled.map(() => integer),
        );
        expect(compareExact(decimals, false, integers, isUnsigned, row)).equal(sign(value, integer * 100n));
        expect(compareExact(integers, isUnsigned, decimals, false, row)).equal(sign(integer * 100n, value));
      }
    });
  });

  it('turns decimals into the nearest double', () => {
    const texts = [
      '0.10',
      '-1.25',
      '90071992547409.93',
      '900719925474099301.07',
      '-12345678901234567890123456789.01',
    ];
    const column = columnOf(
      DECIMAL,
      texts.map((text) => Decimal.parse(text)!),
    );
    texts.forEach((text, row) => expect(exactToDouble(column, false, row)).equal(Number(text)));
  });

  it('finds in a set what is in it, and nothing else', () => {
    const values = Array.from({ length: 500 }, (_, i) => BigInt(i) * 0x1_0000_0001n - 250n);
    const set = new HalvesSet([...values, values[3]!].map(halvesOf));
    for (const value of values) {
      const { lo, hi } = halvesOf(value);
      expect(set.has(lo, hi)).equal(true);
      const next = halvesOf(value + 1n);
      expect(set.has(next.lo, next.hi)).equal(values.includes(value + 1n));
    }
    expect(new HalvesSet([]).has(0, 0)).equal(false);
    expect(new HalvesSet([halvesOf(0n)]).has(0, 0)).equal(true);
  });
});
