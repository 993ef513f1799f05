// However many servers there are, whatever their weights, health, zones and loads, and whichever clients come and go:
// nobody gets more than his share, and whoever is well comes before whoever is not.
import { expect } from 'chai';
import fc from 'fast-check';
import { silent } from '../../../src/base/telemetry.js';
import { type Backend, Backends } from '../../../src/proxy/backends.js';
import { type BalanceSettings, EVENLY } from '../../../src/proxy/balance/balance-settings.js';
import { type Contender, compareStandings, rank } from '../../../src/proxy/balance/ranking.js';

const contender: fc.Arbitrary<Contender> = fc.record({
  health: fc.constantFrom('healthy', 'unknown', 'unhealthy'),
  isListed: fc.boolean(),
  zone: fc.constantFrom(undefined, 'east', 'west'),
  weight: fc.integer({ min: 1, max: 1000 }),
  warmth: fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 1, noNaN: true })),
  connections: fc.nat(10_000),
  load: fc.option(
    fc.record({
      cpu: fc.double({ min: 0, max: 1, noNaN: true }),
      memory: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { nil: undefined },
  ),
});

const settings: fc.Arbitrary<BalanceSettings> = fc.record({
  policy: fc.constantFrom('connections', 'load'),
  zone: fc.constantFrom(undefined, 'east'),
  weights: fc.constant([]),
});

function backendsOf(weights: readonly number[]): Backends {
  const addresses = weights.map((_, i) => `a:${i + 1}`);
  const rules = weights.map((weight, i) => ({ kind: 'address' as const, address: `a:${i + 1}`, weight }));
  const made = new Backends(addresses, silent.log, {
    settings: { ...EVENLY, weights: rules },
    nowMs: () => 0,
  });
  for (const backend of made.all()) made.checking(backend)(undefined);
  return made;
}

describe('balancing', () => {
  it('gives nobody more than his share of the clients, rounded up', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 8 }), fc.nat(300), (weights, clients) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const backends = backendsOf(weights);
        for (let i = 0; i < clients; i++) {
          const best = backends.next(new Set());
          if (best === undefined) break;
          backends.opening(best);
        }
        for (const { weight, connections } of backends.all()) {
          expect(connections).to.be.at.most(total === 0 ? 0 : Math.ceil((clients * weight) / total));
        }
      }),
    );
  });

  it('fills up whoever has less than his share when clients come and go', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 }),
        fc.array(fc.oneof(fc.constant(undefined), fc.nat(1_000)), { maxLength: 300 }),
        (weights, events) => {
          const backends = backendsOf(weights);
          const open: (() => void)[] = [];
          for (const event of events) {
            const [close] = event === undefined ? [] : open.splice(event % Math.max(1, open.length), 1);
            close?.();
            if (event !== undefined) continue;
            const best = backends.next(new Set());
            if (best === undefined) throw new Error('none');
            const per = ({ connections, weight }: Backend): number => connections / weight;
            expect(per(best)).to.equal(Math.min(...backends.all().map(per)));
            open.push(backends.opening(best));
          }
        },
      ),
    );
  });

  it('prefers whoever is well, whatever else is said of him', () => {
    const order = { healthy: 0, unknown: 1, unhealthy: 2 };
    fc.assert(
      fc.property(fc.array(contender, { minLength: 1, maxLength: 8 }), settings, (contenders, by) => {
        const ranked = rank(contenders, by).sort(compareStandings);
        const ranks = ranked.map(({ contender: { health } }) => order[health]);
        expect(ranks).to.deep.equal([...ranks].sort());
        expect(ranked.every(({ share }) => share > 0)).to.equal(true);
        // Of servers of one kind that are well, one of the own zone comes first if it has warmed up.
        const isGood = ({ health, isListed, load }: Contender): boolean =>
          health === 'healthy' && isListed && !(by.policy === 'load' && (load?.memory ?? 0) > 0.8);
        const good = contenders.filter(isGood);
        const isHome = ({ zone }: Contender): boolean => zone === by.zone;
        if (by.zone !== undefined && good.some((one) => isHome(one) && one.warmth === 1)) {
          expect(ranked[0]?.contender).to.satisfy(isHome);
        }
      }),
    );
  });
});
