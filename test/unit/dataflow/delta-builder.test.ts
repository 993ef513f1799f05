import { expect } from 'chai';
import { DeltaBuilder } from '../../../src/dataflow/delta-builder.js';
import { emptyColumn } from '../../../src/dataflow/empty-column.js';
import { BIGINT, TEXT, deltaOf, rowsOf } from './rows.js';

const TYPES = [BIGINT, TEXT];
const EMPTY = TYPES.map(emptyColumn);

describe('dataflow/delta-builder', () => {
  const one = deltaOf(TYPES, [
    [1, 1n, 'a'],
    [-1, 2n, null],
    [3, 3n, 'c'],
  ]);
  const other = deltaOf(TYPES, [[-1, 9n, 'z']]);

  it('makes an empty delta of nothing', () => {
    const builder = new DeltaBuilder();
    builder.add(0, new Int32Array(0), one.columns);
    builder.addSelected(new Int32Array(0), 0, one.weights, one.columns);
    const delta = builder.finish(EMPTY);
    expect(delta).deep.equal({ rows: 0, weights: new Int32Array(0), columns: EMPTY, isConsolidated: true });
  });

  it('passes a single piece on as it is', () => {
    const builder = new DeltaBuilder();
    builder.add(3, one.weights, one.columns);
    const delta = builder.finish(EMPTY);
    expect(delta.columns).equal(one.columns);
    expect(delta.weights).equal(one.weights);
    expect(delta.isConsolidated).equal(false);
  });

  it('joins pieces in order, and starts anew', () => {
    const builder = new DeltaBuilder();
    builder.addSelected(Int32Array.of(2, 1), 2, one.weights, one.columns);
    builder.add(1, other.weights, other.columns);
    builder.add(2, one.weights, one.columns);
    expect(builder.rows).equal(5);
    expect(rowsOf(TYPES, builder.finish(EMPTY))).deep.equal([
      [3, 3n, 'c'],
      [-1, 2n, null],
      [-1, 9n, 'z'],
      [1, 1n, 'a'],
      [-1, 2n, null],
    ]);
    expect(builder.rows).equal(0);
    expect(builder.finish(EMPTY).rows).equal(0);
  });
});
