import { expect } from 'chai';
import { composeTs } from '../../../../../src/codec/tso.js';
import { GcState } from '../../../../../src/embedded/storage/pd/gc-state.js';
import { TsoAllocator } from '../../../../../src/embedded/storage/pd/tso-allocator.js';

const at = (ms: number, logical = 0n): bigint => composeTs(BigInt(ms), logical);

describe('embedded/storage/pd: timestamps', () => {
  it('follow the clock, and are never given twice', () => {
    const tso = new TsoAllocator();
    expect(tso.next(1000, 3)).to.equal(at(1000, 3n));
    expect(tso.next(1000.9)).to.equal(at(1000, 4n));
    expect(tso.next(900)).to.equal(at(1000, 5n));
    expect(tso.next(2000)).to.equal(at(2000, 1n));
    expect(tso.last).to.equal(at(2000, 1n));
  });

  it('run on into the next millisecond when one is used up', () => {
    const tso = new TsoAllocator();
    tso.next(1000, (1 << 18) - 1);
    expect(tso.next(1000)).to.equal(at(1001));
    expect(tso.next(1001)).to.equal(at(1001, 1n));
  });

  it('jump ahead for good', () => {
    const tso = new TsoAllocator();
    tso.jump(5000);
    expect(tso.next(1000)).to.equal(at(6000, 1n));
    expect(tso.next(1001)).to.equal(at(6001, 1n));
  });
});

describe('embedded/storage/pd: GC', () => {
  it('follows the clock at a distance, up to the least barrier', () => {
    const gc = new GcState();
    gc.advance(at(100_000), 10_000, 0);
    expect(gc.safePoint).to.equal(at(90_000));
    gc.hold('a', { ts: at(95_000), ttlMs: 1000 }, 0);
    gc.hold('b', { ts: at(97_000), ttlMs: 5000 }, 0);
    gc.advance(at(200_000), 10_000, 999);
    expect(gc.safePoint).to.equal(at(95_000));
    gc.advance(at(200_000), 10_000, 1000);
    expect(gc.safePoint).to.equal(at(97_000));
    expect(gc.release('b')).to.equal(at(97_000));
    gc.advance(at(200_000), 10_000, 1000);
    expect(gc.safePoint).to.equal(at(190_000));
    gc.advance(at(100_000), 10_000, 1000);
    expect(gc.safePoint).to.equal(at(190_000));
  });

  it('lets no barrier stand below the safe point, and the one before stand', () => {
    const gc = new GcState();
    gc.advance(at(100_000), 0, 0);
    expect(gc.hold('a', { ts: at(99_999), ttlMs: 1000 }, 0)).to.equal('behindSafePoint');
    expect(gc.hold('a', { ts: at(150_000), ttlMs: 1000 }, 0)).to.equal('set');
    expect(gc.hold('a', { ts: at(120_000), ttlMs: 1000 }, 0)).to.equal('set');
    gc.advance(at(200_000), 0, 0);
    expect(gc.safePoint).to.equal(at(120_000));
    expect(gc.release('nobody')).to.equal(undefined);
  });
});
