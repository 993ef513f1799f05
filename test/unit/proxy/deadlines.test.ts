import { expect } from 'chai';
import { type Deadline, Deadlines } from '../../../src/proxy/deadlines.js';

describe('deadlines', () => {
  let nowMs: number;
  let passed: string[];
  let deadlines: Deadlines;

  beforeEach(() => {
    nowMs = 1_000;
    passed = [];
    deadlines = new Deadlines({ monotonicMs: () => nowMs });
  });

  const of = (name: string): Deadline => deadlines.of({ expire: () => passed.push(name) });

  const lookAt = (ms: number): string[] => {
    nowMs = ms;
    passed = [];
    deadlines.look();
    return passed.sort();
  };

  it('pass when their time has come, again at each look', () => {
    of('a').set(10);
    of('b').set(20);
    of('never set');
    expect(lookAt(1_009)).to.deep.equal([]);
    expect(lookAt(1_010)).to.deep.equal(['a']);
    expect(lookAt(1_020)).to.deep.equal(['a', 'b']);
  });

  it('can be moved and taken away, also while they are looked at', () => {
    const [a, b] = [of('a'), of('b')];
    a.set(10);
    b.set(10);
    b.clear();
    b.clear();
    nowMs = 1_005;
    a.set(10);
    expect(lookAt(1_014)).to.deep.equal([]);
    expect(lookAt(1_015)).to.deep.equal(['a']);
    a.clear();
    const second = of('second');
    const first = deadlines.of({ expire: () => second.clear() });
    first.set(0);
    second.set(0);
    expect(lookAt(1_015)).to.deep.equal([]);
    second.set(0);
    first.clear();
    expect(lookAt(1_015)).to.deep.equal(['second']);
  });
});
