import { expect } from 'chai';
import { Decimal } from '../../../../../src/codec/decimal.js';
import { averageOf } from '../../../../../src/dataflow/operators/aggregate/average.js';

// What TiDB 8.5 gives for AVG over a DECIMAL(30, scale) with this sum and 11 rows.
const BY_TIDB = [
  [0, '23', '2.0909'],
  [1, '23.6', '2.14545'],
  [2, '23.62', '2.147273'],
  [4, '23.6235', '2.14759091'],
  [5, '23.62347', '2.147588181'],
  [6, '23.623467', '2.1475879091'],
  [8, '23.62346679', '2.147587890000'],
  [9, '23.623466789', '2.1475878899091'],
  [10, '23.6234667891', '2.14758788991818'],
  [18, '23.623466789123000000', '2.1475878899202727272727'],
  [26, '23.62346678912300000000000000', '2.147587889920272727272727272727'],
] as const;

describe('dataflow/operators/aggregate/average', () => {
  for (const [scale, sum, average] of BY_TIDB) {
    it(`rounds or cuts as TiDB does at scale ${scale}`, () => {
      const { unscaled } = Decimal.parse(sum)!;
      const to = Math.min(30, scale + 4);
      expect(new Decimal(averageOf(unscaled, 11n, scale, to), to).toString()).equal(average);
      expect(new Decimal(averageOf(-unscaled, 11n, scale, to), to).toString()).equal(`-${average}`);
    });
  }
});
