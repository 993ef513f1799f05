import { expect } from 'chai';
import { type WeightRule, weightOf } from '../../../../src/proxy/balance/balance-settings.js';

describe('weights', () => {
  const rules: readonly WeightRule[] = [
    { kind: 'label', name: 'rack', value: '3', weight: 4 },
    { kind: 'label', name: 'zone', value: 'east', weight: 5 },
    { kind: 'address', address: 'a:1', weight: 0 },
  ];
  const both = new Map([
    ['zone', 'east'],
    ['rack', '3'],
  ]);

  it('are given by address rather than by label, and by the first label that a server has', () => {
    expect(weightOf(rules, 'a:1', both)).to.equal(0);
    expect(weightOf(rules, 'a:2', both)).to.equal(4);
    expect(weightOf(rules, 'a:2', new Map([['zone', 'east']]))).to.equal(5);
    expect(weightOf(rules, 'a:2', new Map([['zone', 'west']]))).to.equal(1);
    expect(weightOf([], 'a:1', both)).to.equal(1);
  });
});
