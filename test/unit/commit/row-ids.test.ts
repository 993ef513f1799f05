import { expect } from 'chai';
import { keyString, utf8 } from '../../../src/base/bytes.js';
import { RowIds } from '../../../src/commit/row-ids.js';

const key = (text: string) => keyString(utf8(text));

describe('row ids', () => {
  it('numbers equal rows, and takes the last away first', () => {
    const ids = new RowIds();
    const first = ids.plan([{ key: key('a'), row: 0, weight: 3 }]);
    expect(ids.size).to.equal(0);
    ids.absorb(first);
    expect(ids.size).to.equal(3);
    const added = first.operations.map(({ rowId }) => rowId);
    expect(new Set(added).size).to.equal(3);
    const second = ids.plan([{ key: key('a'), row: 7, weight: -2 }]);
    expect(second.operations).to.deep.equal([
      { kind: 'remove', row: 7, rowId: added[1] },
      { kind: 'remove', row: 7, rowId: added[2] },
    ]);
    ids.absorb(second);
    expect(ids.size).to.equal(1);
  });

  it('gives the same ids for the same content, and never a negative one', () => {
    const plan = () => new RowIds().plan([{ key: key('some row'), row: 0, weight: 2 }]).operations;
    expect(plan()).to.deep.equal(plan());
    for (const { rowId } of plan()) {
      expect(rowId >= 0n).to.equal(true);
      expect(rowId < 1n << 63n).to.equal(true);
    }
  });

  it('probes past rows whose hash is the same, in the table and in the plan', () => {
    const ids = new RowIds(1);
    const rows = ['a', 'b', 'c', 'd', 'e'].map((text, row) => ({ key: key(text), row, weight: 1 }));
    const plan = ids.plan(rows);
    expect(new Set(plan.operations.map(({ rowId }) => rowId)).size).to.equal(5);
    ids.absorb(plan);
    expect(ids.plan([{ key: key('f'), row: 0, weight: 1 }]).operations[0]?.rowId).not.to.be.oneOf(
      plan.operations.map(({ rowId }) => rowId),
    );
  });

  it('does not give an id again that the same plan takes away', () => {
    const ids = new RowIds(1);
    ids.absorb(ids.plan([{ key: key('a'), row: 0, weight: 1 }]));
    const { operations } = ids.plan([
      { key: key('a'), row: 0, weight: -1 },
      { key: key('b'), row: 1, weight: 1 },
    ]);
    expect(operations.map(({ kind }) => kind)).to.deep.equal(['remove', 'add']);
    expect(operations[0]?.rowId).not.to.equal(operations[1]?.rowId);
  });

  it('refuses to take away what is not there, and ids that are there twice', () => {
    const ids = new RowIds();
    expect(() => ids.plan([{ key: key('a'), row: 0, weight: -1 }])).to.throw('to be removed');
    ids.load(key('a'), 5n);
    expect(() => ids.load(key('b'), 5n)).to.throw('there twice');
    expect(() => new RowIds(64)).to.throw('64 bits');
  });

  it('knows how much memory it takes, about', () => {
    const ids = new RowIds();
    ids.load(key('abc'), 5n);
    ids.load(key('abc'), 6n);
    expect(ids.bytes).to.equal(3 + 240);
    ids.absorb(ids.plan([{ key: key('abc'), row: 0, weight: -2 }]));
    expect(ids.bytes).to.equal(0);
  });

  it('reads many equal rows back in linear time', () => {
    const ids = new RowIds();
    const same = key('the same row');
    for (let id = 0n; id < 100_000n; id++) ids.load(same, id);
    expect(ids.size).to.equal(100_000);
  }).timeout(2_000);
});
