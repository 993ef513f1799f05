import { expect } from 'chai';
import { Accumulation } from '../../../src/dataflow/accumulation.js';
import { BIGINT, TEXT, deltaOf, rowsOf } from './rows.js';

const TYPES = [BIGINT, TEXT];

describe('dataflow/accumulation', () => {
  it('is the sum of what was added, consolidated', () => {
    const sum = new Accumulation();
    sum.add(
      deltaOf(TYPES, [
        [1, 1n, 'a'],
        [1, 2n, 'b'],
      ]),
    );
    sum.add(deltaOf(TYPES, []));
    sum.add(
      deltaOf(TYPES, [
        [-1, 1n, 'a'],
        [2, 2n, 'b'],
      ]),
    );
    expect(sum.rows).equal(4);
    const taken = sum.take()!;
    expect(taken.isConsolidated).equal(true);
    expect(rowsOf(TYPES, taken)).deep.equal([[3, 2n, 'b']]);
  });

  it('begins anew when it was taken', () => {
    const sum = new Accumulation();
    expect(sum.take()).equal(undefined);
    sum.add(deltaOf(TYPES, [[1, 1n, 'a']]));
    sum.take();
    expect(sum.rows).equal(0);
    expect(sum.take()).equal(undefined);
  });

  it('holds no more than twice the distinct rows, however often they come', () => {
    const sum = new Accumulation();
    let most = 0;
    for (let round = 0; round < 200; round++) {
      sum.add(
        deltaOf(
          TYPES,
          Array.from({ length: 100 }, (_, i) => [round % 2 === 0 ? 1 : -1, BigInt(i), 'x']),
        ),
      );
      most = Math.max(most, sum.rows);
    }
    expect(most).below(5000);
    expect(sum.take()?.rows).equal(0);
  });
});
