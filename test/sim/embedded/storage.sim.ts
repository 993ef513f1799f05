/** The parts of our own client, one by one, against the embedded storage over gRPC. */
import { expect } from 'chai';
import { keyBytes, type KeyString, utf8 } from '../../../src/base/bytes.js';
import { GrpcTransport } from '../../../src/tikv/grpc-transport.js';
import { RpcCode, RpcError } from '../../../src/tikv/rpc-error.js';
import { LagResolver } from '../../../src/tikv/feed/lag-resolver.js';
import { HistoryGoneError } from '../../../src/tikv/pd/gc-barrier.js';
import { ts } from '../../../src/codec/tso.js';
import { Replica } from '../../e2e/feed/replica.js';
import { NEVER, StorageWorld, commit, key, put } from './storage-world.js';

describe('the embedded storage, part by part', function () {
  this.timeout(60_000);
  let world: StorageWorld;
  beforeEach(async () => {
    world = await StorageWorld.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    expect(world.crashes).to.deep.equal([]);
  });

  it('commits over several regions, stores and phases', async () => {
    const commitTs = await world.commit(put('a', '1'), put('p', '2'), put('t', '3'));
    expect(await Promise.all(['a', 'p', 't'].map((at) => world.get(at, commitTs)))).to.deep.equal([
      '1',
      '2',
      '3',
    ]);
    expect(await world.get('a', ts(commitTs - 1n))).to.equal(undefined);
    const found = await world.cluster.snapshot(commitTs).batchGet([key('t'), key('a'), key('zz')], NEVER);
    expect(found.size).to.equal(2);
    expect(await world.scan(utf8(''), utf8(''), commitTs)).to.have.property('size', 3);
  });

  it('tells conflicts, and its own rollback', async () => {
    await using late = await world.begin([put('t', 'late')]);
    await world.commit(put('t', 'first'));
    expect((await late.prewrite(0, NEVER)).kind).to.equal('conflict');
    await late.rollback(NEVER);
    expect(await world.get('t')).to.equal('first');
  });

  it('settles a commit whose reply was lost', async () => {
    for (const [lose, kind] of [
      ['loseReplies', 'committed'],
      ['loseRequests', 'rolledBack'],
    ] as const) {
      await using txn = await world.begin([put('t', kind)]);
      expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
      world.faults[lose]('KvCommit');
      expect((await txn.commitPrimary(NEVER)).kind).to.equal('undetermined');
      expect((await txn.settle({ force: true, patienceMs: 5000 }, NEVER)).kind).to.equal(kind);
    }
    expect(await world.get('t')).to.equal('committed');
  });

  it('lets readers pass a living lock, and its owner commits above them', async () => {
    await world.commit(put('t', 'old'));
    await using txn = await world.begin([put('t', 'new'), put('a', 'new')]);
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    const readTs = await world.tso();
    expect([await world.get('t', readTs), await world.get('a', readTs)]).to.deep.equal(['old', undefined]);
    const outcome = await txn.commitPrimary(NEVER);
    expect(outcome.kind === 'committed' && outcome.commitTs > readTs).to.equal(true);
    expect(await world.get('a')).to.equal('new');
  });

  it('frees keys of the dead for readers and writers', async () => {
    const dead = await world.begin([put('t', 'dead'), put('a', 'dead')], { lockTtlMs: 20 });
    expect((await dead.prewrite(0, NEVER)).kind).to.equal('ok');
    await dead[Symbol.asyncDispose]();
    await world.pause(60);
    expect(await world.get('a')).to.equal(undefined);
    await using next = await world.begin([put('a', 'next'), put('t', 'next')]);
    expect((await next.prewrite(2000, NEVER)).kind).to.equal('ok');
    await next.rollback(NEVER);
  });

  it('holds history for who asks in time', async () => {
    const barrier = world.cluster.gcBarrier('tiview/test');
    const now = await world.tso();
    await barrier.hold(now, 60, NEVER);
    await barrier.refresh(NEVER);
    await barrier.release(NEVER);
    // More than ten minutes pass at PD.
    world.faults.jumpTso(3_600_000);
    world.faults.collectGarbage();
    expect(world.faults.safePoint > now).to.equal(true);
    const late = await barrier.hold(now, 60, NEVER).catch((error: unknown) => error);
    expect(late).to.be.instanceOf(HistoryGoneError);
  });

  it('resolves what holds a feed back, if its owner is dead', async () => {
    const feed = world.feed();
    const replica = new Replica(0n);
    feed.subscribe({ id: 't', start: key('t'), end: key('u'), checkpoint: ts(0n) });
    world.spawn('consumer', async (abort) => {
      for (;;) replica.take(await feed.take(abort));
    });
    await world.until(() => replica.resolved > 0n);
    const dead = await world.begin([put('t', 'dead')], { lockTtlMs: 100 });
    await dead.prewrite(0, NEVER);
    await dead[Symbol.asyncDispose]();
    // What was resolved before the lock was there may be beyond its start, and still be on its way.
    await world.pause(200);
    const held = replica.resolved;
    await world.pause(200);
    expect(replica.resolved).to.equal(held);
    const resolver = new LagResolver({
      runtime: world.runtime,
      feed,
      latestTs: (signal) => world.cluster.tso.next(signal),
      resolver: world.cluster.locks.spans,
    });
    world.ending(resolver.start());
    await world.until(() => replica.resolved > held, 20_000);
    expect({ rows: replica.rows, wrong: replica.wrong }).to.deep.equal({ rows: 0, wrong: [] });
  });

  it('delivers a large scan to a client that is slow to read', async () => {
    const mutations = Array.from({ length: 3000 }, (_, i) =>
      put(`t${String(i).padStart(5, '0')}`, 'x'.repeat(2000)),
    );
    await world.commit(...mutations);
    const feed = world.feed();
    const replica = new Replica(0n);
    feed.subscribe({ id: 't', start: key('t'), end: key('u'), checkpoint: ts(0n) });
    await world.pause(300);
    world.spawn('consumer', async (abort) => {
      for (;;) replica.take(await feed.take(abort));
    });
    await world.until(() => replica.resolved > 0n, 20_000);
    expect({ rows: replica.rows, wrong: replica.wrong }).to.deep.equal({ rows: 3000, wrong: [] });
  });

  it('has no leader of PD for as long as it was told, also after a rest', async () => {
    await world.pause(1500);
    const before = world.runtime.monotonicMs();
    world.faults.losePdLeader(300);
    await world.tso();
    expect(world.runtime.monotonicMs() - before).to.be.greaterThan(290);
  });

  it('goes on when its stores stop in turn', async () => {
    for (const storeId of [1n, 2n, 3n]) {
      world.faults.stopStore(storeId);
      await using txn = await world.begin([
        put('a', `${storeId}`),
        put('p', `${storeId}`),
        put('t', `${storeId}`),
      ]);
      await commit(txn);
      world.faults.startStore(storeId);
    }
    expect(await world.get('p')).to.equal('3');
  });

  it('says that it has never heard of what nobody needs', async () => {
    const transport = new GrpcTransport();
    for (const method of ['/pdpb.PD/Bootstrap', '/tikvpb.Tikv/RawGet', '/cdcpb.ChangeData/EventFeed']) {
      const call = transport.unary(world.pdAddress, method, new Uint8Array(0), NEVER);
      const error = await call.catch((thrown: unknown) => thrown);
      expect(error instanceof RpcError && error.isUnimplemented, method).to.equal(true);
    }
    transport.close();
  });

  it('refuses what is no request, and lives', async () => {
    const transport = new GrpcTransport();
    const garbage = new Uint8Array(9).fill(0xff);
    const { id } = (await world.cluster.pd.stores(NEVER))[0]!;
    const store = await world.cluster.regions.storeAddress(id, NEVER);
    for (const [address, method] of [
      [world.pdAddress, '/pdpb.PD/GetRegion'],
      [store, '/tikvpb.Tikv/KvGet'],
    ] as const) {
      const error = await transport.unary(address, method, garbage, NEVER).catch((thrown: unknown) => thrown);
      expect(error instanceof RpcError && error.code, method).to.equal(RpcCode.invalidArgument);
    }
    for (const [address, method] of [
      [world.pdAddress, '/pdpb.PD/Tso'],
      [store, '/cdcpb.ChangeData/EventFeedV2'],
    ] as const) {
      const stream = transport.duplex(address, method, { features: 'stream-multiplexing' }, NEVER);
      await stream.write(garbage);
      const error = await stream[Symbol.asyncIterator]()
        .next()
        .catch((thrown: unknown) => thrown);
      expect(error instanceof RpcError && error.code, method).to.equal(RpcCode.invalidArgument);
    }
    transport.close();
    await world.commit(put('t', 'lives'));
  });

  it('keeps keys of any bytes apart and in order', async () => {
    const names = ['\x00', '\x00\x00', 'a\x00', 'a', '\xff', '\xff\xff', 't\xff'].map(
      (name) => name as KeyString,
    );
    await world.commit(
      ...names.map((name) => ({ kind: 'put' as const, key: keyBytes(name), value: utf8('v') })),
    );
    const found = await world.scan(utf8(''), utf8(''), await world.tso());
    const expected = names.map((name) => Buffer.from(name, 'latin1').toString('hex')).sort();
    expect([...found.keys()]).to.deep.equal(expected);
  });
});
