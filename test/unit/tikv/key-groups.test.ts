import { expect } from 'chai';
import { pieces } from '../../../src/tikv/key-groups.js';

describe('tikv/key-groups', () => {
  it('cuts by count', () => {
    expect(pieces([1, 2, 3, 4, 5], 2)).to.deep.equal([[1, 2], [3, 4], [5]]);
  });

  it('cuts by size, and gives what is too large a piece of its own', () => {
    expect(pieces([3, 3, 9, 1, 1, 1, 4], 6, (size) => size)).to.deep.equal([[3, 3], [9], [1, 1, 1], [4]]);
  });

  it('makes no piece of nothing', () => {
    expect(pieces([], 5)).to.deep.equal([]);
  });
});
