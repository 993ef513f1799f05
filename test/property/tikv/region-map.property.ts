import { expect } from 'chai';
import fc from 'fast-check';
import { compareBytes, utf8 } from '../../../src/base/bytes.js';
import type { Region } from '../../../src/tikv/region.js';
import { RegionMap } from '../../../src/tikv/region-map.js';

const LETTERS = 'abcdefghij';
const KEYS = LETTERS.split(/(?=.)/).map(utf8);

function region(id: number, from: number, to: number, version: number): Region {
  const peer = { peerId: 1n, storeId: 1n };
  return {
    id: BigInt(id),
    epoch: { confVer: 1n, version: BigInt(version) },
    start: utf8(LETTERS.slice(from, from + 1)),
    end: utf8(LETTERS.slice(to, to + 1)),
    leader: peer,
    peers: [peer],
  };
}

/** Ranges of letters; 10 as end is unbounded. */
const anyRegion = fc
  .record({
    id: fc.integer({ min: 1, max: 6 }),
    from: fc.integer({ min: 0, max: 9 }),
    length: fc.integer({ min: 1, max: 10 }),
    version: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ id, from, length, version }) => region(id, from, Math.min(10, from + length), version));

describe('tikv/region-map', () => {
  it('never holds two regions that overlap, and finds by key and by id what it holds', () => {
    fc.assert(
      fc.property(fc.array(anyRegion, { maxLength: 30 }), (regions) => {
        const map = new RegionMap(100, 1000);
        for (const one of regions) {
          const isTaken = map.insert(one, 0);
          expect(map.byId(one.id) === one).to.equal(isTaken);
          if (isTaken) expect(map.byKey(one.start, 0)).to.equal(one);
        }
        let end: Uint8Array | undefined = utf8('');
        const seen = new Set<bigint>();
        for (const key of KEYS) {
          const found = map.byKey(key, 0);
          if (found === undefined || seen.has(found.id)) continue;
          seen.add(found.id);
          expect(end !== undefined && compareBytes(end, found.start) <= 0).to.equal(true);
          end = found.end.length === 0 ? undefined : found.end;
          expect(map.byId(found.id)).to.equal(found);
        }
        expect(map.size).to.equal(seen.size);
      }),
    );
  });

  it('never lets an older shape replace a newer one', () => {
    fc.assert(
      fc.property(fc.array(anyRegion, { maxLength: 20 }), anyRegion, (regions, late) => {
        const map = new RegionMap(100, 1000);
        for (const one of regions) map.insert(one, 0);
        const before = KEYS.map((key) => map.byKey(key, 0)?.epoch.version ?? 0n);
        map.insert(late, 0);
        KEYS.forEach((key, i) => {
          const after = map.byKey(key, 0);
          if (after !== undefined) expect(after.epoch.version >= before[i]!).to.equal(true);
        });
      }),
    );
  });

  it('forgets what nobody has asked for in a while, and the least used when it is full', () => {
    const map = new RegionMap(2, 1000);
    map.insert(region(1, 0, 1, 1), 0);
    map.insert(region(2, 1, 2, 1), 0);
    expect(map.byKey(utf8('a'), 900)?.id).to.equal(1n);
    expect(map.byKey(utf8('b'), 1100)).to.equal(undefined);
    map.insert(region(3, 2, 3, 1), 1200);
    expect(map.byKey(utf8('a'), 1300)?.id).to.equal(1n);
    map.insert(region(4, 3, 4, 1), 1300);
    expect(map.byKey(utf8('c'), 1300)).to.equal(undefined);
    expect(map.byKey(utf8('a'), 1300)?.id).to.equal(1n);
    expect(map.size).to.equal(2);
  });
});
