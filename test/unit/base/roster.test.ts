import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { Roster } from '../../../src/base/roster.js';
import { seedOf } from '../../support/seed.js';
import { Random } from '../../support/random.js';

const member = (): { rosterPlace: number } => ({ rosterPlace: -1 });

describe('a roster', () => {
  it('has what a Set would have, whatever comes and goes', () => {
    const random = new Random(seedOf('roster'));
    const all = Array.from({ length: 20 }, member);
    const roster = new Roster<{ rosterPlace: number }>();
    const model = new Set<{ rosterPlace: number }>();
    for (let step = 0; step < 2_000; step++) {
      const one = random.pick(all);
      if (random.chance(0.5)) {
        expect(roster.delete(one)).to.equal(model.delete(one));
      } else if (!model.has(one)) {
        roster.add(one);
        model.add(one);
      }
      expect(roster.size).to.equal(model.size);
      expect([...roster].every((other) => model.has(other))).to.equal(true);
      for (const other of all) expect(roster.has(other)).to.equal(model.has(other));
    }
  });

  it('goes through those that were there when that began', () => {
    const roster = new Roster<{ rosterPlace: number }>();
    const [a, b, c] = [member(), member(), member()];
    roster.add(a);
    roster.add(b);
    const seen = new Set();
    for (const one of roster) {
      seen.add(one);
      roster.delete(a);
      roster.delete(b);
      if (c.rosterPlace < 0) roster.add(c);
    }
    expect([...seen].map((one) => [a, b].findIndex((other) => other === one)).sort()).to.deep.equal([0, 1]);
    expect([...roster][0]).to.equal(c);
    expect(roster.size).to.equal(1);
  });

  it('takes nothing that is in one', () => {
    const roster = new Roster<{ rosterPlace: number }>();
    const one = member();
    roster.add(one);
    expect(() => new Roster<{ rosterPlace: number }>().add(one)).to.throw(AssertionError);
    expect(new Roster<{ rosterPlace: number }>().has(one)).to.equal(false);
  });
});
