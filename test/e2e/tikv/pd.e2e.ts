import { expect } from 'chai';
import { compareBytes, equalBytes, prefixEnd, utf8 } from '../../../src/base/bytes.js';
import { composeTs, physicalMs } from '../../../src/codec/tso.js';
import { collationId } from '../../../src/tikv/coprocessor/collation-id.js';
import { HistoryGoneError } from '../../../src/tikv/pd/gc-barrier.js';
import type { Region } from '../../../src/tikv/region.js';
import { failureOf } from '../../support/failure.js';
import { Harness, NEVER } from './harness.js';

describe('tikv and the placement driver', function () {
  this.timeout(120_000);
  let h: Harness;

  before(async () => {
    h = await Harness.start({ stores: 3 });
  });
  after(async () => {
    expect(h.crashes).to.deep.equal([]);
    await h[Symbol.asyncDispose]();
  });
  afterEach(() => h.rig.clearFaults());

  it('knows the cluster', () => {
    expect(h.cluster.clusterId).to.equal(h.rig.clusterId);
  });

  it('gives everybody who asks at once a timestamp of his own, in the order of asking', async () => {
    const before = await h.rig.tso();
    const stamps = await Promise.all(Array.from({ length: 5000 }, () => h.tso()));
    for (let i = 1; i < stamps.length; i++) expect(stamps[i]! > stamps[i - 1]!).to.equal(true);
    expect(stamps[0]! > before).to.equal(true);
    expect((await h.rig.tso()) > stamps.at(-1)!).to.equal(true);
    expect((await h.rig.stats()).rpc['Tso'] ?? 1).to.be.below(100);
  });

  it('gives timestamps that only grow while streams break and PD has no leader', async () => {
    await h.rig.setFaults('pd-tso-break=0.05,pd-not-leader=0.1');
    let last = 0n;
    const ask = async (): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        const stamps = await Promise.all([h.tso(), h.tso(), h.tso()]);
        for (const stamp of stamps) {
          expect(stamp > last).to.equal(true);
          last = stamp;
        }
        if (i === 30) await h.rig.pdStepsDown(300);
      }
    };
    await ask();
    expect((await h.rig.stats()).faults['pd-tso-break'] ?? 0).to.be.above(0);
  });

  it('gives up on a timestamp when its caller does', async () => {
    await h.rig.pdStepsDown(1500);
    const impatient = new AbortController();
    const asked = h.cluster.tso.next(impatient.signal);
    impatient.abort(new Error('no time'));
    expect((await failureOf(asked))?.message).to.equal('no time');
    expect((await h.tso()) > 0n).to.equal(true);
  });

  it('covers a range with regions, without a hole, while they split and merge', async () => {
    const table = await h.create('regions', '(id bigint primary key)');
    const { start, end } = table.recordRanges[0]!;
    await h.rig.setFaults('pd-hole,pd-no-leader');
    await h.rig.setPdLag(60);
    const rowKey = (n: number): Uint8Array =>
      Buffer.concat([start.subarray(0, 11), Buffer.from([0x80, 0, 0, 0, 0, 0, 0, n])]);
    for (let round = 0; round < 40; round++) {
      const regions = await h.cluster.regions.cover(start, end, NEVER);
      check(regions, start, end);
      const region = regions[round % regions.length]!;
      if (round % 3 === 2 && regions.length > 2) await h.rig.merge(region.id).catch(() => undefined);
      else await h.rig.split(rowKey((round * 37) % 256));
      // What a store would say about the region, half of the time.
      if (round % 2 === 0) h.cluster.regions.invalidate(region);
    }
    await h.rig.setPdLag(40);
  });

  function check(regions: readonly Region[], start: Uint8Array, end: Uint8Array): void {
    expect(compareBytes(regions[0]!.start, start)).to.be.at.most(0);
    for (let i = 1; i < regions.length; i++) {
      expect(
        equalBytes(regions[i - 1]!.end, regions[i]!.start),
        `hole before region ${regions[i]!.id}`,
      ).to.equal(true);
    }
    const last = regions.at(-1)!;
    expect(last.end.length === 0 || compareBytes(last.end, end) >= 0).to.equal(true);
  }

  it('holds the garbage collection, and says when it is too late', async () => {
    const barrier = h.cluster.gc.barrier('tiview/e2e');
    const old = await h.tso();
    await h.query('create table gc1 (id int primary key, v int)');
    const held = await h.tso();
    await barrier.hold(held, 60, NEVER);
    const wanted = await h.tso();
    expect((await h.rig.collectGarbage(wanted)).safePoint).to.equal(held);
    await barrier.refresh(NEVER);
    expect(barrier.heldTs).to.equal(held);
    const late = h.cluster.gc.barrier('tiview/late');
    const failure = await failureOf(late.hold(old, 60, NEVER));
    expect(failure).to.be.instanceOf(HistoryGoneError);
    const later = await h.tso();
    await barrier.hold(later, 60, NEVER);
    expect((await h.rig.collectGarbage(await h.tso())).safePoint).to.equal(later);
    await barrier.release(NEVER);
    const free = await h.tso();
    expect((await h.rig.collectGarbage(free)).safePoint).to.equal(free);
    const gone = await failureOf(barrier.hold(held, 60, NEVER));
    expect(gone).to.be.instanceOf(HistoryGoneError);
  });

  it('refuses a timestamp that PD has not given, before TiKV dies of it', async () => {
    const future = composeTs(physicalMs(await h.tso()) + 600_000n, 0n);
    const asked = h.cluster.snapshots.get(utf8('tx'), future, NEVER);
    expect((await failureOf(asked))?.name).to.equal('AssertionError');
    // One that PD has given to somebody else is fine, although this client has not seen it.
    const given = await h.rig.tso();
    expect(await h.cluster.snapshots.get(utf8('tx'), given, NEVER)).to.equal(undefined);
  });

  it('finds another leader when a store dies, and the store when it is back', async () => {
    const table = await h.create('died', '(id int primary key, v int)');
    await h.query('insert into died values (1, 1), (2, 2)');
    const ts = await h.tso();
    const { start, end } = table.recordRanges[0]!;
    const region = await h.cluster.regions.locate(start, NEVER);
    await h.rig.stopStore(region.leader.storeId);
    const count = async (): Promise<number> => {
      let rows = 0;
      for await (const page of h.cluster.snapshots.at(ts).scan(start, end, {}, NEVER)) rows += page.length;
      return rows;
    };
    expect(await count()).to.equal(2);
    const moved = await h.cluster.regions.locate(start, NEVER);
    expect(moved.leader.storeId).to.not.equal(region.leader.storeId);
    await h.rig.startStore(region.leader.storeId);
    expect(await count()).to.equal(2);
  });

  it('numbers collations as TiDB does', async () => {
    for (const row of await h.query('show collation')) {
      const name = String(row['Collation']);
      expect(collationId(name, false), name).to.equal(Number(row['Id']));
      expect(collationId(name, true), name).to.equal(-Number(row['Id']));
    }
    expect(prefixEnd(utf8('a'))).to.deep.equal(utf8('b'));
  });
});
