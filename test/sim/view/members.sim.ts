/** An instance's row: it says good-bye at once, wherever its last beat has come to. */
import { expect } from 'chai';
import { keyString } from '../../../src/base/bytes.js';
import { silent } from '../../../src/base/telemetry.js';
import { MEMBER_BEAT_MS, MemberRow } from '../../../src/view/members.js';
import { CommitWorld } from '../commit/commit-world.js';
import { NEVER, seeds } from '../tikv/world.js';

const MEMBER = { id: 'one', address: 'a:1', statusAddress: 'a:2', host: 'a', version: '1' };
/** A lock that is left lives for 3 s. */
const AT_ONCE_MS = 500;

describe('the row of an instance that stops', () => {
  for (const seed of seeds(10)) {
    it(`goes although a beat has locked it, seed ${seed}`, async () => {
      const world = new CommitWorld(seed);
      const cluster = await world.connect();
      const { members } = world.tables;
      const { runtime } = world;
      const row = new MemberRow({ cluster, runtime, telemetry: silent }, members, MEMBER);
      const key = keyString(members.keyOf({ id: 'one' }));
      const { locks } = world.cluster.mvcc;
      const stop = new AbortController();
      const ended = row.run(stop.signal).catch(() => undefined);
      await runtime.advance(MEMBER_BEAT_MS * (1 + world.random(3)));
      for (let step = 0; !locks.has(key); step++) {
        if (step > 100_000) throw new Error('no beat locks the row');
        await runtime.advance(0.1);
      }
      stop.abort(new Error('told to stop'));
      await ended;
      await world.drive(row.remove(NEVER), AT_ONCE_MS);
      expect(locks.has(key)).to.equal(false);
      const newest = world.cluster.mvcc.committedAt(members.keyOf({ id: 'one' }), world.cluster.pd.highest);
      expect(newest?.kind).to.equal('delete');
      world.checkSafe();
    });
  }
});
