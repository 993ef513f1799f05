import { expect } from 'chai';
import { fromUtf8, keyString, utf8 } from '../../../src/base/bytes.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import type { TikvCluster } from '../../../src/tikv/client.js';
import { limits } from '../../../src/base/limits.js';
import type { FakeLock } from '../../sim/tikv/fake-mvcc.js';
import { Op, type ResolveLockRequest, type LockInfo } from '../../../src/tikv/proto-types.js';
import { isPessimistic, remainingTtlMs, unwrapped } from '../../../src/tikv/locks/lock.js';
import { NEVER, World, key } from '../../sim/tikv/world.js';

describe('tikv/locks', () => {
  let world: World;
  let client: TikvCluster;

  beforeEach(async () => {
    world = new World(1);
    client = await world.connect();
  });
  afterEach(async () => {
    await world.close();
    world.checkSafe();
  });

  const tso = (): Promise<Ts> => world.drive(client.tso.next(NEVER));
  const count = (name: string): number => world.cluster.log.filter((entry) => entry.name === name).length;

  /** A lock as some other client has left it. */
  function leave(i: number, primary: number, startTs: bigint, more: Partial<FakeLock> = {}): void {
    world.cluster.mvcc.locks.set(keyString(key(i)), {
      startTs,
      primary: key(primary),
      op: Op.put,
      value: utf8(`v${i}`),
      ttl: 100n,
      txnSize: 3n,
      minCommitTs: startTs + 1n,
      useAsyncCommit: false,
      secondaries: [],
      ...more,
    });
  }

  async function read(i: number): Promise<string | undefined> {
    const value = await world.drive(client.snapshots.get(key(i), await tso(), NEVER));
    return value === undefined ? undefined : fromUtf8(value);
  }

  const resolveSpan = async (maxTs?: Ts): Promise<number> =>
    (await world.drive(client.locks.resolveSpan(key(0), key(9999), maxTs ?? (await tso()), NEVER))).locksLeft;

  it('passes a living transaction by pushing it, without waiting for it', async () => {
    leave(1, 1, await tso(), { ttl: 60_000n });
    const startedMs = world.runtime.monotonicMs();
    expect(await read(1)).to.equal(undefined);
    expect(world.runtime.monotonicMs() - startedMs).to.be.below(60);
    expect(world.cluster.mvcc.locks.size).to.equal(1);
  });

  it('waits for a living transaction that cannot be pushed, until it ends', async () => {
    leave(1, 1, await tso(), { ttl: 300n, minCommitTs: 0n });
    const startedMs = world.runtime.monotonicMs();
    expect(await read(1)).to.equal(undefined);
    expect(world.runtime.monotonicMs() - startedMs).to.be.within(250, 1500);
    expect(world.cluster.mvcc.locks.size).to.equal(0);
  });

  it('reads through the lock of a transaction that is committed below its ts, and removes it', async () => {
    const startTs = await tso();
    leave(1, 1, startTs);
    leave(2, 1, startTs);
    const commitTs = await tso();
    world.cluster.mvcc.commit([key(1)], startTs, commitTs);
    expect(await read(2)).to.equal('v2');
    expect(world.cluster.mvcc.locks.size).to.equal(0);
  });

  it('ignores the lock of a transaction that is committed above its ts', async () => {
    const startTs = await tso();
    leave(1, 1, startTs);
    leave(2, 1, startTs);
    const readTs = await tso();
    world.cluster.mvcc.commit([key(1)], startTs, await tso());
    expect(await world.drive(client.snapshots.get(key(2), readTs, NEVER))).to.equal(undefined);
  });

  it('waits for a primary that may yet come, and keeps it out when the time is over', async () => {
    const startTs = await tso();
    leave(2, 1, startTs, { ttl: 200n });
    expect(await read(2)).to.equal(undefined);
    expect(world.cluster.mvcc.locks.size).to.equal(0);
    const record = world.cluster.mvcc.writes.get(keyString(key(1)));
    expect(record?.[0]).to.include({ kind: 'rollback', startTs });
  });

  it('asks about a transaction once, however many of its locks are met', async () => {
    const startTs = await tso();
    for (let i = 1; i <= 20; i++) leave(i, 1, startTs, { ttl: 0n });
    await world.runtime.advance(200);
    const pages = client.snapshots.at(await tso()).scan(key(0), key(100), {}, NEVER);
    await world.drive(
      (async () => {
        for await (const page of pages) expect(page).to.deep.equal([]);
      })(),
    );
    expect(count('KvCheckTxnStatus')).to.equal(1);
  });

  it('commits an async commit at the greatest ts of its locks', async () => {
    const startTs = await tso();
    const secondaries = [key(2), key(3)];
    leave(1, 1, startTs, { useAsyncCommit: true, secondaries, minCommitTs: startTs + 5n });
    leave(2, 1, startTs, { useAsyncCommit: true, minCommitTs: startTs + 900n });
    leave(3, 1, startTs, { useAsyncCommit: true, minCommitTs: startTs + 7n });
    world.cluster.regions.split(key(3));
    await world.runtime.advance(500);
    expect(await read(3)).to.equal('v3');
    expect(world.cluster.mvcc.locks.size).to.equal(0);
    for (const i of [1, 2, 3]) {
      expect(world.cluster.mvcc.writes.get(keyString(key(i)))?.[0]?.commitTs).to.equal(startTs + 900n);
    }
  });

  it('takes the commit ts on record when a secondary of an async commit is committed already', async () => {
    const startTs = await tso();
    leave(1, 1, startTs, { useAsyncCommit: true, secondaries: [key(2)] });
    leave(2, 1, startTs, { useAsyncCommit: true });
    world.cluster.mvcc.commit([key(2)], startTs, startTs + 44n);
    await world.runtime.advance(500);
    expect(await read(1)).to.equal('v1');
    expect(world.cluster.mvcc.writes.get(keyString(key(1)))?.[0]?.commitTs).to.equal(startTs + 44n);
  });

  it('rolls an async commit back when a lock is missing', async () => {
    const startTs = await tso();
    leave(1, 1, startTs, { useAsyncCommit: true, secondaries: [key(2), key(3)] });
    leave(2, 1, startTs, { useAsyncCommit: true });
    await world.runtime.advance(500);
    expect(await read(2)).to.equal(undefined);
    expect(world.cluster.mvcc.locks.size).to.equal(0);
  });

  it('decides by the primary when an async commit had fallen back to two phases', async () => {
    const startTs = await tso();
    leave(1, 1, startTs, { useAsyncCommit: true, secondaries: [key(2)] });
    leave(2, 1, startTs, { useAsyncCommit: false });
    await world.runtime.advance(500);
    expect(await read(2)).to.equal(undefined);
    const record = world.cluster.mvcc.writes.get(keyString(key(1)));
    expect(record?.[0]?.kind).to.equal('rollback');
  });

  it('resolves a few locks by their keys, and many by their region', async () => {
    const startTs = await tso();
    for (let i = 0; i < 10; i++) leave(i, 0, startTs);
    await world.runtime.advance(500);
    expect(await resolveSpan()).to.equal(0);
    const small = world.cluster.log.filter(({ name }) => name === 'KvResolveLock');
    expect(small.map(({ request }) => (request as ResolveLockRequest).keys.length)).to.deep.equal([10]);
    const later = await tso();
    const many = limits.resolveLiteKeys + 10;
    for (let i = 0; i < many; i++) leave(i, 0, later, { txnSize: BigInt(many) });
    await world.runtime.advance(500);
    expect(await resolveSpan()).to.equal(0);
    const large = world.cluster.log.filter(({ name }) => name === 'KvResolveLock').slice(small.length);
    expect(large.map(({ request }) => (request as ResolveLockRequest).keys.length)).to.deep.equal([0]);
  });

  it('pages through more locks than one reply holds, over regions', async () => {
    world.cluster.regions.split(key(700));
    world.cluster.regions.split(key(1500));
    const count = limits.locksPerScan * 2 + 50;
    const startTs = await tso();
    for (let i = 0; i < count; i++) leave(i, i, startTs + BigInt(i), { ttl: 60_000n });
    await world.runtime.advance(50);
    expect(await resolveSpan()).to.equal(count);
    expect(world.cluster.mvcc.locks.size).to.equal(count);
  });

  it('counts living writers, leaves later ones alone, and does not count locks that write nothing', async () => {
    const early = await tso();
    leave(1, 1, early, { ttl: 60_000n });
    leave(2, 2, early, { ttl: 60_000n, op: Op.lock });
    leave(3, 3, early, { ttl: 60_000n, op: Op.pessimisticLock });
    const middle = await tso();
    leave(4, 4, await tso(), { ttl: 0n });
    expect(await resolveSpan(middle)).to.equal(1);
    expect(world.cluster.mvcc.locks.size).to.equal(4);
  });

  it('looks into shared locks, not at their wrapper', () => {
    const lock = (more: Partial<LockInfo>): LockInfo => ({
      primaryLock: key(1),
      lockVersion: 1n << 18n,
      key: key(1),
      lockTtl: 100n,
      txnSize: 1n,
      lockType: Op.put,
      lockForUpdateTs: 0n,
      useAsyncCommit: false,
      minCommitTs: 0n,
      secondaries: [],
      durationToLastUpdateMs: 0n,
      sharedLockInfos: [],
      ...more,
    });
    const inner = [lock({ lockVersion: 2n }), lock({ lockVersion: 3n })];
    expect(unwrapped(lock({ lockType: Op.sharedLock, sharedLockInfos: inner }))).to.deep.equal(inner);
    expect(isPessimistic(lock({ lockType: Op.sharedPessimisticLock }))).to.equal(true);
    expect(remainingTtlMs(lock({}), ts(51n << 18n))).to.equal(50);
    expect(remainingTtlMs(lock({}), ts(151n << 18n))).to.equal(-50);
  });
});
