import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { rowChanges, rowKey } from '../../../src/commit/row-bytes.js';
import { BIGINT, DECIMAL, DOUBLE, TEXT, type WeightedRow, dec, deltaOf } from '../dataflow/rows.js';

const TYPES = [BIGINT, DOUBLE, DECIMAL, TEXT];

function keys(...rows: readonly WeightedRow[]): string[] {
  const { columns } = deltaOf(TYPES, rows);
  const scratch = new ByteWriter(8);
  return rows.map((_, row) => rowKey(columns, row, scratch));
}

describe('row bytes', () => {
  it('are equal for equal rows', () => {
    const row = (weight: number): WeightedRow => [weight, 5n, 0.5, dec('1.50'), 'text'];
    const [one, two] = keys(row(1), row(-1));
    expect(one).to.equal(two);
  });

  it('are different for different rows, of whatever values', () => {
    const wide = dec('99999999999999999999999999999999999999.99');
    const all = keys(
      [1, 0n, 0, dec('0.00'), ''],
      [1, null, 0, dec('0.00'), ''],
      [1, 0n, null, dec('0.00'), ''],
      [1, 0n, 0, null, ''],
      [1, 0n, 0, dec('0.00'), null],
      [1, 1n, 0, dec('0.00'), ''],
      [1, 1n << 32n, 0, dec('0.00'), ''],
      [1, -1n, 0, dec('0.00'), ''],
      [1, 0n, -0, dec('0.00'), ''],
      [1, 0n, 0, dec('0.01'), ''],
      [1, 0n, 0, wide, ''],
      [1, 0n, 0, dec('-99999999999999999999999999999999999999.99'), ''],
      [1, 0n, 0, dec('0.00'), 'a'],
      [1, 0n, 0, dec('0.00'), 'A'],
      [1, 0n, 0, dec('0.00'), 'a '],
    );
    expect(new Set(all).size).to.equal(all.length);
  });

  it('do not run into each other', () => {
    const types = [TEXT, TEXT];
    const { columns } = deltaOf(types, [
      [1, 'ab', 'c'],
      [1, 'a', 'bc'],
    ]);
    const scratch = new ByteWriter(8);
    expect(rowKey(columns, 0, scratch)).not.to.equal(rowKey(columns, 1, scratch));
  });

  it('say how often each row is added or taken away', () => {
    const delta = deltaOf(TYPES, [
      [2, 1n, 0, null, 'a'],
      [0, 2n, 0, null, 'a'],
      [-1, 3n, 0, null, 'a'],
    ]);
    expect([...rowChanges(delta)].map(({ row, weight }) => [row, weight])).to.deep.equal([
      [0, 2],
      [2, -1],
    ]);
  });
});
