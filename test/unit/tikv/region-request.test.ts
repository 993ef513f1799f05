import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { TikvCluster } from '../../../src/tikv/client.js';
import { failureOf } from '../../support/failure.js';
import type { Scripted } from '../../sim/tikv/fake-cluster.js';
import { NEVER, World, key } from '../../sim/tikv/world.js';

describe('tikv/region-request', () => {
  let world: World;
  let client: TikvCluster;
  let now: Ts;

  beforeEach(async () => {
    world = new World(1);
    client = await world.connect();
    now = await world.drive(client.tso.next(NEVER));
    await get();
    world.cluster.log.length = 0;
  });
  afterEach(async () => {
    await world.close();
    world.checkSafe();
  });

  const get = (): Promise<unknown> => world.drive(client.snapshots.get(key(1), now, NEVER));
  const asked = (): number => world.cluster.log.length;

  /** Answers the first requests so, then lets them pass. */
  function answer(...answers: readonly Scripted[]): void {
    const left = [...answers];
    world.cluster.script = () => left.shift();
  }

  async function timeOfGet(): Promise<number> {
    const startedMs = world.runtime.monotonicMs();
    expect(await get()).to.equal(undefined);
    return world.runtime.monotonicMs() - startedMs;
  }

  const regionError = (error: Record<string, unknown>): Scripted => ({ regionError: error });

  it('follows a leader that is named at once, and an election with pauses', async () => {
    const region = world.cluster.regions.all[0]!;
    world.cluster.regions.transferLeader(region, 3n);
    expect(await timeOfGet()).to.be.below(20);
    expect(asked()).to.equal(2);
    const leader = region.peers[2]!;
    answer(...Array<Scripted>(8).fill(regionError({ notLeader: { regionId: region.id, leader } })));
    expect(await timeOfGet()).to.be.above(100);
  });

  it('tries the other peers when a store does not answer, then asks PD', async () => {
    answer('lost request', 'lost request', 'lost request');
    await get();
    const { script } = world.cluster;
    expect(script).to.be.a('function');
    expect(asked()).to.be.at.least(4);
  });

  it('does not run hot when an error brings no news', async () => {
    const region = world.cluster.regions.all[0]!;
    const { id, version, confVer } = region;
    const message = { id, regionEpoch: { version, confVer }, peers: region.peers };
    const errors: Record<string, unknown>[] = [
      { epochNotMatch: { currentRegions: [message] } },
      {
        epochNotMatch: { currentRegions: [{ ...message, regionEpoch: { version: version - 1n, confVer } }] },
      },
      { epochNotMatch: { currentRegions: [] } },
      { notLeader: { regionId: id, leader: { id: 999n, storeId: 2n } } },
      { notLeader: { regionId: id } },
      { regionNotFound: { regionId: id } },
      { storeNotMatch: { requestStoreId: 1n } },
      { staleCommand: {} },
      { undeterminedResult: { message: '?' } },
      {},
    ];
    for (const error of errors) {
      world.cluster.log.length = 0;
      world.cluster.script = () => regionError(error);
      const failure = await world.drive(failureOf(client.snapshots.get(key(1), now, NEVER)));
      expect(failure?.kind, JSON.stringify(Object.keys(error))).to.equal('budget');
      expect(asked(), JSON.stringify(Object.keys(error))).to.be.within(5, 400);
      world.cluster.script = () => undefined;
      await get();
    }
  });

  it('waits for a busy store as long as it says, or seconds if it says nothing', async () => {
    answer(regionError({ serverIsBusy: { backoffMs: 300n } }));
    expect(await timeOfGet()).to.be.within(140, 330);
    answer(regionError({ serverIsBusy: { reason: 'x' } }));
    expect(await timeOfGet()).to.be.within(990, 2100);
    answer(regionError({ diskFull: {} }));
    expect(await timeOfGet()).to.be.within(240, 600);
  });

  it('does not repeat what is refused, and says where', async () => {
    answer(regionError({ FlashbackInProgress: { regionId: 1n } }));
    const failure = await world.drive(failureOf(client.snapshots.get(key(1), now, NEVER)));
    expect(failure?.kind).to.equal('regionRefused');
    expect(failure?.message).to.include('FlashbackInProgress');
    expect(asked()).to.equal(1);
  });

  it('gives up a key error that nobody expects with its reason', async () => {
    answer({ error: { abort: 'because' } });
    const failure = await world.drive(failureOf(client.snapshots.get(key(1), now, NEVER)));
    expect(failure?.kind).to.equal('keyRefused');
    expect(failure?.message).to.include('because');
  });

  it('tells TiKV what it is a retry of, and for how long somebody listens', async () => {
    answer(regionError({ staleCommand: {} }));
    await get();
    const contexts = world.cluster.log.map(({ request }) => request.context!);
    expect(contexts.map(({ isRetryRequest }) => isRetryRequest)).to.deep.equal([false, true]);
    expect(contexts[0]!.maxExecutionDurationMs).to.equal(10_000n);
    expect(contexts[0]!.clusterId).to.equal(client.clusterId);
  });

  it('reads keys of several regions in one batch, whatever order they are given in', async () => {
    for (const i of [3, 6]) world.cluster.regions.split(key(i));
    const startTs = await world.drive(client.tso.next(NEVER));
    const mutations = [1, 4, 7].map((i) => ({ kind: 'put' as const, key: key(i), value: utf8(`v${i}`) }));
    const txn = client.transactions.begin({ startTs, primary: key(4), mutations, txnSource: 0 });
    await world.drive(txn.prewrite(0, NEVER));
    await world.drive(txn.commitPrimary(NEVER));
    await world.drive(txn.commitSecondaries(NEVER));
    const ts = await world.drive(client.tso.next(NEVER));
    const keys = [7, 1, 5, 4, 1].map(key);
    const found = await world.drive(client.snapshot(ts).batchGet(keys, NEVER));
    expect([...found.values()].map((value) => Buffer.from(value).toString()).sort()).to.deep.equal([
      'v1',
      'v4',
      'v7',
    ]);
    expect((await world.drive(client.snapshot(ts).batchGet([], NEVER))).size).to.equal(0);
  });
});
