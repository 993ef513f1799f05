import { expect } from 'chai';
import { compareBytes, equalBytes } from '../../../src/base/bytes.js';
import { NEVER, World, key, seeds } from './world.js';

const KEYS = 40;

describe('tikv regions while the cluster changes', function () {
  this.timeout(60_000);

  it('are covered in order and without a hole, however old PD’s map is', async () => {
    for (const seed of seeds(10)) {
      const world = new World(seed);
      const client = await world.connect();
      world.cluster.pd.lagMs = 50;
      const calm = new AbortController();
      const keys = Array.from({ length: KEYS }, (_, i) => key(i));
      const disturbing = world.disturb(keys, 10, calm.signal);
      for (let round = 0; round < 30; round++) {
        const from = key(world.random(KEYS));
        const to = world.random(4) === 0 ? new Uint8Array(0) : key(KEYS);
        const regions = await world.drive(client.regions.cover(from, to, NEVER));
        expect(compareBytes(regions[0]!.start, from)).to.be.at.most(0);
        for (let i = 1; i < regions.length; i++) {
          expect(equalBytes(regions[i - 1]!.end, regions[i]!.start)).to.equal(true);
        }
        const last = regions.at(-1)!.end;
        expect(last.length === 0 || (to.length > 0 && compareBytes(last, to) >= 0)).to.equal(true);
        // A reader corrects the map by what stores answer.
        const now = await world.drive(client.tso.next(NEVER));
        await world.drive(client.snapshots.get(key(world.random(KEYS)), now, NEVER));
      }
      calm.abort();
      await world.drive(disturbing);
      world.checkSafe();
      await world.close();
    }
  });

  it('look a key up once for all who ask at the same time', async () => {
    const world = new World(1);
    const client = await world.connect();
    let lookups = 0;
    const { pd } = world.cluster;
    const answer = pd.answer.bind(pd);
    pd.answer = (name, body) => {
      if (name === 'GetRegion') lookups++;
      return answer(name, body);
    };
    const asked = Array.from({ length: 20 }, () => client.regions.locate(key(1), NEVER));
    const found = await world.drive(Promise.all(asked));
    expect(new Set(found.map(({ id }) => id)).size).to.equal(1);
    expect(lookups).to.equal(1);
    await world.close();
  });
});
