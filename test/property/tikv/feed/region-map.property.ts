import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, NO_BYTES, toHex } from '../../../../src/base/bytes.js';
import { ts } from '../../../../src/codec/tso.js';
import { KeyRange } from '../../../../src/tikv/feed/key-range.js';
import { rangeOf, RegionMap, type Segment } from '../../../../src/tikv/feed/region-map.js';

// A span of sixteen keys, 00 … 0f; the model keeps a ts and an owner for each.
const KEYS = 16;
const key = (n: number): Uint8Array => (n === KEYS ? NO_BYTES : fromHex(n.toString(16).padStart(2, '0')));
const keysOf = ({ start, end }: { start: Uint8Array; end: Uint8Array }): number[] => {
  const to = end.length === 0 ? KEYS : Number.parseInt(toHex(end), 16);
  const from = start.length === 0 ? 0 : Number.parseInt(toHex(start), 16);
  return Array.from({ length: to - from }, (_, i) => from + i);
};

const step = fc.record({
  action: fc.constantFrom('lock', 'lock', 'unlock', 'advance', 'advance', 'delay'),
  from: fc.nat(KEYS - 1),
  length: fc.integer({ min: 1, max: KEYS }),
  which: fc.nat(),
  by: fc.bigInt(1n, 5n),
});

describe('RegionMap', () => {
  it('keeps the least ts of every key, gap or not, and never loses one', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new RegionMap<number>(key(0), NO_BYTES, ts(100n), 0);
        const known = Array.from({ length: KEYS }, () => 100n);
        const owners = Array.from({ length: KEYS }, (): number | undefined => undefined);
        const notBefore = Array.from({ length: KEYS }, () => 0);
        const locked: Segment<number>[] = [];
        let owner = 0;
        let nowMs = 0;
        for (const { action, from, length, which, by } of steps) {
          nowMs++;
          const range = new KeyRange(key(from), key(Math.min(KEYS, from + length)));
          if (action === 'lock') {
            for (const gap of map.dueGaps(nowMs, range)) {
              owner++;
              const { segment } = map.lock(gap, owner, nowMs);
              const keys = keysOf(gap);
              const least = keys.reduce((a, k) => (known[k]! < a ? known[k]! : a), 1n << 60n);
              expect(segment.ts).to.equal(least);
              for (const k of keys) {
                expect(owners[k]).to.equal(undefined);
                expect(notBefore[k]).to.be.at.most(nowMs);
                [owners[k], known[k]] = [owner, least];
              }
              locked.push(segment);
            }
          } else if (action === 'delay') {
            map.delay(range, nowMs, (before) => ({ ...before, notBeforeMs: nowMs + 3 }));
            for (const k of keysOf(range)) {
              if (owners[k] === undefined && notBefore[k]! <= nowMs) notBefore[k] = nowMs + 3;
            }
          } else if (locked.length > 0) {
            const at = which % locked.length;
            const segment = locked[at]!;
            const keys = keysOf(rangeOf(segment));
            if (action === 'advance') {
              map.advance(segment, ts(segment.ts + by), nowMs);
              for (const k of keys) known[k] = known[k]! + by;
            } else {
              locked.splice(at, 1);
              map.unlock(segment, segment.ts, { failures: 1, silences: 0, notBeforeMs: nowMs + 1 });
              for (const k of keys) [owners[k], notBefore[k]] = [undefined, nowMs + 1];
            }
          }
          expect(map.resolved).to.equal(known.reduce((a, b) => (a < b ? a : b)));
          expect(map.slowest().ts).to.equal(map.resolved);
          expect(map.hasGaps).to.equal(owners.includes(undefined));
          const due = map.dueGaps(nowMs).flatMap(keysOf);
          expect(due).to.deep.equal(
            [...owners.keys()].filter((k) => owners[k] === undefined && notBefore[k]! <= nowMs),
          );
          const covered = [...map.segments()].flatMap((segment) => keysOf(rangeOf(segment)));
          expect(covered).to.deep.equal([...owners.keys()]);
        }
      }),
      { numRuns: 250 },
    );
  });
});
