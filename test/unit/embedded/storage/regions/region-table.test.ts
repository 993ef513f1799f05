import { expect } from 'chai';
import type { KeyString } from '../../../../../src/base/bytes.js';
import { RegionDirectory } from '../../../../../src/embedded/storage/pd/region-directory.js';
import {
  type RegionChange,
  RegionTable,
  regionsAfter,
} from '../../../../../src/embedded/storage/regions/region-table.js';
import type { StoreRegion } from '../../../../../src/embedded/storage/regions/store-region.js';

const key = (text: string): KeyString => text as KeyString;
const shape = ({ start, end, version, leader }: StoreRegion): string =>
  `[${start},${end}) v${version} s${leader.storeId}`;

describe('embedded/storage: regions', () => {
  let changes: RegionChange[];
  let table: RegionTable;
  beforeEach(() => {
    changes = [];
    table = new RegionTable([1n, 2n], (change) => changes.push(change));
  });

  const shapes = (): string[] => [...table.all()].map(shape);

  it('split: the right piece keeps the id, both get the next version', () => {
    const { id } = table.byKey(key('x'));
    expect(table.split(key('m'))).to.equal(true);
    expect(shapes()).to.deep.equal(['[,m) v2 s1', '[m,) v2 s1']);
    expect(table.byId(id)?.start).to.equal('m');
    expect(table.byKey(key('lzz')).end).to.equal('m');
    expect(table.split(key('m'))).to.equal(false);
    expect(changes.map(({ kind }) => kind)).to.deep.equal(['split']);
  });

  it('merge: the left one survives, above both versions', () => {
    table.split(key('m'));
    table.split(key('t'));
    const left = table.byKey(key('a'));
    const gone = table.byKey(key('m'));
    expect(table.mergeRight(left.id)).to.equal(true);
    expect(shapes()).to.deep.equal(['[,t) v5 s1', '[t,) v3 s1']);
    expect(table.byId(gone.id)).to.equal(undefined);
    expect(table.mergeRight(gone.id)).to.equal(false);
    expect(table.mergeRight(table.byKey(key('z')).id)).to.equal(false);
  });

  it('move to another leader without a new version', () => {
    const { id } = table.byKey(key('a'));
    expect(table.moveLeader(id, 2n)).to.equal(true);
    expect(shapes()).to.deep.equal(['[,) v1 s2']);
    expect([table.moveLeader(id, 2n), table.moveLeader(id, 9n)]).to.deep.equal([false, false]);
  });

  it('know their left neighbours', () => {
    table.split(key('m'));
    expect(table.before(table.byKey(key('a')))).to.equal(undefined);
    expect(table.before(table.byKey(key('m')))?.end).to.equal('m');
  });

  describe('as PD sees them', () => {
    it('are what was reported, when it comes', () => {
      const directory = new RegionDirectory(table.all());
      table.split(key('m'));
      for (const region of changes.flatMap(regionsAfter)) directory.report(region, 10);
      expect(directory.byKey(key('a'))?.version).to.equal(1n);
      directory.advance(9);
      expect(directory.overlapping(key(''), key(''))).to.have.length(1);
      directory.advance(10);
      expect(directory.overlapping(key(''), key('')).map(shape)).to.deep.equal(shapes());
      expect(directory.overlapping(key('b'), key('c')).map(({ end }) => end)).to.deep.equal(['m']);
      expect(directory.overlapping(key('b'), key(''), 1)).to.have.length(1);
      expect(directory.before(key('z'))?.end).to.equal('m');
    });

    it('have a hole between two reports, and never go back', () => {
      const directory = new RegionDirectory(table.all());
      const first = table.byKey(key(''));
      table.split(key('m'));
      const [left, right] = [...table.all()];
      directory.report(right!, 1);
      directory.report(left!, 2);
      directory.advance(1);
      expect(directory.byKey(key('a'))).to.equal(undefined);
      directory.advance(2);
      directory.report(first, 3);
      directory.advance(3);
      expect(directory.overlapping(key(''), key('')).map(shape)).to.deep.equal(shapes());
    });

    it('follow merges and leaders', () => {
      table.split(key('m'));
      const directory = new RegionDirectory(table.all());
      changes = [];
      table.mergeRight(table.byKey(key('a')).id);
      table.moveLeader(table.byKey(key('a')).id, 2n);
      for (const region of changes.flatMap(regionsAfter)) directory.report(region, 1);
      directory.advance(1);
      expect(directory.overlapping(key(''), key('')).map(shape)).to.deep.equal(['[,) v4 s2']);
    });
  });
});
