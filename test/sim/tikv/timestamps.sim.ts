import { expect } from 'chai';
import { failureOf } from '../../support/failure.js';
import { NEVER, World, seeds } from './world.js';

describe('tikv timestamps', function () {
  this.timeout(60_000);

  it('only grow, are never given twice, and respect who asked first, while streams break', async () => {
    for (const seed of seeds(10)) {
      const world = new World(seed);
      const client = await world.connect();
      world.cluster.pd.streamBreaks = 0.1;
      const given = new Set<bigint>();
      const asker = async (): Promise<void> => {
        for (let i = 0; i < 30; i++) {
          const floor = client.tso.highest;
          const stamps = await Promise.all([client.tso.next(NEVER), client.tso.next(NEVER)]);
          expect(stamps[0] > floor).to.equal(true);
          expect(stamps[1] > stamps[0]).to.equal(true);
          for (const stamp of stamps) {
            expect(given.has(stamp)).to.equal(false);
            given.add(stamp);
          }
          await world.runtime.sleep(world.random(3), NEVER);
        }
      };
      await world.drive(Promise.all([asker(), asker(), asker()]));
      expect(given.size).to.equal(180);
      world.checkSafe();
      await world.close();
    }
  });

  it('are asked for in one message by all who ask at once', async () => {
    const world = new World(1);
    const client = await world.connect();
    await world.drive(client.tso.next(NEVER));
    const before = world.cluster.pd.tsoMessages;
    await world.drive(Promise.all(Array.from({ length: 1000 }, () => client.tso.next(NEVER))));
    expect(world.cluster.pd.tsoMessages - before).to.equal(1);
    await world.close();
  });

  it('are given up with a typed error when PD is away for too long, and given again when it is back', async () => {
    const world = new World(1);
    const client = await world.connect();
    await world.drive(client.tso.next(NEVER));
    world.cluster.pd.streamBreaks = 1;
    const failure = await world.drive(failureOf(client.tso.next(NEVER)));
    expect(failure?.name).to.equal('BudgetError');
    world.cluster.pd.streamBreaks = 0;
    expect((await world.drive(client.tso.next(NEVER))) > 0n).to.equal(true);
    world.checkSafe();
    await world.close();
  });

  it('come over a new stream when the old one has gone silent', async () => {
    const world = new World(1);
    const client = await world.connect();
    const first = await world.drive(client.tso.next(NEVER));
    world.cluster.pd.isSilent = true;
    const asked = client.tso.next(NEVER);
    await world.runtime.advance(3000);
    world.cluster.pd.isSilent = false;
    expect((await world.drive(asked)) > first).to.equal(true);
    await world.close();
  });

  it('are not waited for by one who has left, nor after the client is closed', async () => {
    const world = new World(1);
    const client = await world.connect();
    const leaver = new AbortController();
    const asked = failureOf(client.tso.next(leaver.signal));
    leaver.abort(new Error('left'));
    expect((await world.drive(asked))?.message).to.equal('left');
    const late = failureOf(client.tso.next(NEVER));
    await world.close();
    expect((await late)?.name).to.equal('StoppedError');
    expect((await failureOf(client.tso.next(NEVER)))?.name).to.equal('StoppedError');
  });

  it('tell how old a timestamp is, by PD’s clock', async () => {
    const world = new World(1);
    const client = await world.connect();
    const start = await world.drive(client.tso.next(NEVER));
    await world.runtime.advance(1000);
    expect(client.tso.elapsedSinceMs(start)).to.be.within(1000, 1020);
    await world.drive(client.tso.next(NEVER));
    expect(client.tso.elapsedSinceMs(start)).to.be.within(1000, 1030);
    await world.close();
  });
});
