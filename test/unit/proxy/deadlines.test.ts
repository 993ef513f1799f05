import { expect } from 'chai';
import { Deadlines } from '../../../src/proxy/deadlines.js';

describe('deadlines', () => {
  let nowMs: number;
  let passed: string[];
  let deadlines: Deadlines<string>;

  beforeEach(() => {
    nowMs = 1_000;
    passed = [];
    deadlines = new Deadlines({ monotonicMs: () => nowMs }, (holder) => passed.push(holder));
  });

  const lookAt = (ms: number): string[] => {
    nowMs = ms;
    passed = [];
    deadlines.look();
    return passed;
  };

  it('pass when their time has come, again at each look', () => {
    deadlines.set('a', 10);
    deadlines.set('b', 20);
    expect(lookAt(1_009)).to.deep.equal([]);
    expect(lookAt(1_010)).to.deep.equal(['a']);
    expect(lookAt(1_020)).to.deep.equal(['a', 'b']);
  });

  it('can be moved and taken away, also while they are looked at', () => {
    deadlines.set('a', 10);
    deadlines.set('b', 10);
    deadlines.clear('b');
    nowMs = 1_005;
    deadlines.set('a', 10);
    expect(lookAt(1_014)).to.deep.equal([]);
    expect(lookAt(1_015)).to.deep.equal(['a']);
    const chained = new Deadlines<string>({ monotonicMs: () => nowMs }, (holder) => {
      passed.push(holder);
      chained.clear('second');
    });
    chained.set('first', 0);
    chained.set('second', 0);
    passed = [];
    chained.look();
    expect(passed).to.deep.equal(['first']);
  });
});
