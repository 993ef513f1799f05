import { expect } from 'chai';
import { EVENLY } from '../../../../src/proxy/balance/balance-settings.js';
import { type Contender, compareStandings, rank } from '../../../../src/proxy/balance/ranking.js';

interface Named extends Contender {
  readonly name: string;
}

const well = (name: string, more: Partial<Contender> = {}): Named => ({
  ...{ name, health: 'healthy', isListed: true, zone: undefined, weight: 1, warmth: 1 },
  ...{ connections: 0, load: undefined, ...more },
});

/** Names, the best first. */
function order(settings: Partial<typeof EVENLY>, ...contenders: readonly Named[]): string {
  const standings = rank(contenders, { ...EVENLY, ...settings });
  return standings
    .sort(compareStandings)
    .map(({ contender }) => contender.name)
    .join(' ');
}

describe('the ranking of servers', () => {
  it('goes by health, list, memory and zone, in this order, and then by connections', () => {
    const full = { cpu: 0, memory: 0.9 };
    const free = { cpu: 0, memory: 0.8 };
    const east = { policy: 'load', zone: 'east' } as const;
    const servers = [
      well('unwell', { health: 'unhealthy', zone: 'east' }),
      well('unknown', { health: 'unknown', zone: 'east' }),
      well('seed', { isListed: false, zone: 'east' }),
      well('full', { zone: 'east', load: full }),
      well('west', { zone: 'west', load: free }),
      well('busier', { zone: 'east', connections: 9, load: free }),
      well('best', { zone: 'east', connections: 8, load: free }),
    ];
    expect(order(east, ...servers)).to.equal('best busier west full seed unknown unwell');
    expect(order({}, ...servers.slice(3))).to.equal('full west best busier');
  });

  it('divides connections by weight and warmth', () => {
    const servers = [
      well('a', { connections: 10 }),
      well('b', { connections: 25, weight: 3 }),
      well('c', { connections: 3, warmth: 0.25 }),
    ];
    expect(order({}, ...servers)).to.equal('b a c');
    // With no connection the larger share comes first.
    expect(order({}, well('cold', { warmth: 0.05 }), well('heavy', { weight: 2 }), well('usual'))).to.equal(
      'heavy usual cold',
    );
  });

  it('does not prefer a zone of which all that is well is cold, or has not been checked', () => {
    const zone = { zone: 'east' };
    const cold = well('cold', { ...zone, warmth: 0.1, connections: 5 });
    const west = well('west', { zone: 'west', connections: 20 });
    expect(order(zone, cold, west)).to.equal('west cold');
    expect(order(zone, cold, west, well('warm', { ...zone, connections: 90 }))).to.equal('cold warm west');
    expect(order(zone, well('new', { ...zone, health: 'unknown' }), west)).to.equal('west new');
  });

  it('takes a server of which nothing is known to be as idle as the others', () => {
    const load = (cpu: number) => ({ load: { cpu, memory: 0.1 } });
    const servers = [
      well('busy', { connections: 4, ...load(0.9) }),
      well('idle', { connections: 4, ...load(0.1) }),
      well('silent', { connections: 4 }),
    ];
    expect(order({ policy: 'load' }, ...servers)).to.equal('idle silent busy');
    expect(order({ policy: 'load' }, well('a', { connections: 4 }), well('b', { connections: 3 }))).to.equal(
      'b a',
    );
  });

  it('leaves the busiest something', () => {
    const load = { cpu: 1, memory: 0.1 };
    const busy = well('busy', { connections: 1, load });
    const idle = well('idle', { connections: 21, load: { cpu: 0, memory: 0.1 } });
    expect(order({ policy: 'load' }, busy, idle)).to.equal('busy idle');
  });
});
