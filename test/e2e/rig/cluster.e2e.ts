import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { type Rig, startRig } from '../../support/rig.js';
import { decode, encode, type Region, TestClient } from './client.js';
import { Feed } from './feed.js';
import { rowsOf } from './keys.js';
import { connect, query, TestTable } from './table.js';

const safePoint = { request: 'ServiceSafePointRequest', reply: 'ServiceSafePointResponse' };

interface SafePointReply {
  readonly serviceId: Uint8Array;
  readonly minSafePoint: bigint;
}

describe('rig: PD and several stores', function () {
  this.timeout(60_000);
  let rig: Rig;
  let client: TestClient;
  let sql: Connection;

  before(async () => {
    rig = await startRig({ stores: 3, resolvedIntervalMs: 20, pdLagMs: 300 });
    client = new TestClient(rig);
    sql = await connect(rig);
  });
  after(async () => {
    client.close();
    await sql.end();
    await rig.stop();
  });

  /** Asks PD until it sees what `wanted` wants. */
  async function seen(key: Uint8Array, wanted: (region: Region) => boolean): Promise<Region> {
    for (;;) {
      const region = await client.regionOf(key);
      if (wanted(region)) return region;
    }
  }

  it('§12.9: PD knows of a split and of a new table later than the stores', async () => {
    await sql.query('create database if not exists rig');
    await sql.query('create table rig.fresh (id int primary key)');
    const [row] = await query(
      sql,
      "select tidb_table_id id from information_schema.tables where table_name = 'fresh'",
    );
    const key = rowsOf(Number(row!['id']));
    const believed = await client.regionOf(key);
    const answer = await client.kv('KvGet', believed, { key, version: await rig.tso() });
    expect(answer.regionError?.epochNotMatch?.currentRegions.length, 'a table just made').to.be.at.least(1);

    const table = await TestTable.create(sql, client);
    const before = await client.regionOf(table.key(0));
    await rig.split(table.key(0));
    expect((await client.regionOf(table.key(0))).region).to.deep.equal(before.region);
    const stale = await client.kv('KvGet', before, { key: table.key(0), version: await rig.tso() });
    expect(stale.regionError?.epochNotMatch).not.to.equal(null);
    const now = await seen(
      table.key(0),
      (region) => region.region.regionEpoch.version > before.region.regionEpoch.version,
    );
    expect(
      (await client.kv('KvGet', now, { key: table.key(0), version: await rig.tso() })).regionError,
    ).to.equal(null);
  });

  it('§12.14: UpdateServiceGCSafePoint always answers for gc_worker, ignores what comes too late, and HTTP lists it', async () => {
    const hold = async (id: string, at: bigint, ttl = 60n): Promise<SafePointReply> =>
      client.pd<SafePointReply>('UpdateServiceGCSafePoint', safePoint, {
        serviceId: Buffer.from(id),
        ttl,
        safePoint: at,
      });
    const now = await rig.tso();
    const first = await hold('tiview', now);
    expect(Buffer.from(first.serviceId).toString()).to.equal('gc_worker');
    expect(first.minSafePoint <= now, 'accepted').to.equal(true);
    const later = await rig.tso();
    expect((await hold('gc_worker', later, 0x7fff_ffff_ffff_ffffn)).minSafePoint, 'stopped by ours').to.equal(
      now,
    );
    expect((await hold('late', now - 1n)).minSafePoint, 'refused').to.equal(now);
    const list = await (await fetch(`http://${rig.pd}/pd/api/v1/gc/safepoint`)).text();
    expect(list).to.contain('"tiview"').and.not.contain('"late"');
    await hold('tiview', 0n, 0n);
    expect((await hold('gc_worker', later, 0x7fff_ffff_ffff_ffffn)).minSafePoint).to.equal(later);
  });

  it('does not know GC barriers, as PD 8.5', async () => {
    const code = await client.unary(rig.pd, '/pdpb.PD/SetGCBarrier', new Uint8Array()).then(
      () => 0,
      (error: unknown) => (error as { code: number }).code,
    );
    expect(code).to.equal(12);
  });

  it('loses PD’s leader for a while: UNAVAILABLE "not leader", the timestamp stream breaks, TiDB gets over it', async () => {
    const stream = client.stream(rig.pd, '/pdpb.PD/Tso');
    const ask = encode('TsoRequest', { header: { clusterId: rig.clusterId }, count: 1 });
    const broken = new Promise<number>((resolve) =>
      stream.on('error', (error: Error & { code: number }) => resolve(error.code)),
    );
    const answered = new Promise<Uint8Array>((resolve) => stream.once('data', resolve));
    stream.write(ask);
    expect(decode('TsoResponse', await answered)).to.have.property('count', 1);
    await rig.pdStepsDown(300);
    expect(await broken).to.equal(14);
    const refused = await client.regionOf(Buffer.from('t')).then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(refused).to.contain('not leader');
    expect(await query(sql, 'select 1 x')).to.deep.equal([{ x: '1' }]);
    expect(await query(sql, 'select count(*) > 0 x from mysql.user')).to.deep.equal([{ x: '1' }]);
  });

  it('answers NotLeader to requests and not_leader to subscriptions when the leader moves, and goes on at the new one', async () => {
    const table = await TestTable.create(sql, client);
    await sql.query(`insert into ${table.name} values (1, 'x')`);
    const old = await table.settled(client);
    const target = (old.leader.storeId % 3n) + 1n;
    const feed = new Feed(client, old.leader.storeId);
    feed.register(old);
    await feed.initialized();
    await rig.transferLeader(old.region.id, target);
    expect((await feed.until('its end', () => feed.failures[0])).cause).to.equal('notLeader');
    feed.register(old, { requestId: 8n });
    const refused = await feed.until('the refusal', () => feed.failures[1]);
    expect(refused.leader?.storeId, 'the registration names the leader').to.equal(target);
    const answer = await client.kv('KvGet', old, { key: table.key(1), version: await rig.tso() });
    expect(answer.regionError?.notLeader?.leader?.storeId).to.equal(target);
    const wrong = await client.kv('KvGet', old, { key: table.key(1), version: await rig.tso() }, target);
    expect(wrong.regionError, 'served there, with a peer of that store').to.equal(null);

    const moved = await seen(table.key(1), (region) => region.leader.storeId === target);
    expect(moved.region.regionEpoch).to.deep.equal(old.region.regionEpoch);
    const next = new Feed(client, target);
    next.register(moved);
    await next.initialized();
    await next.ticks(2);
    expect(next.rows.some((row) => row.type === 'COMMITTED')).to.equal(true);
    expect(await query(sql, `select v from ${table.name}`)).to.deep.equal([{ v: 'x' }]);
    feed.close();
    next.close();
  });

  it('stops a store: connections break and are refused, the others take over; starts it again', async () => {
    const table = await TestTable.create(sql, client);
    await sql.query(`insert into ${table.name} values (1, 'x')`);
    const region = await table.settled(client);
    const { storeId } = region.leader;
    const feed = new Feed(client, storeId);
    feed.register(region);
    await feed.initialized();
    await rig.stopStore(storeId);
    expect(await feed.until('its end', () => feed.log.find((entry) => entry.kind === 'end'))).to.include({
      code: 14,
    });
    const code = await client.kv('KvGet', region, { key: table.key(1), version: await rig.tso() }).then(
      () => 0,
      (error: unknown) => (error as { code: number }).code,
    );
    expect(code).to.equal(14);
    const taken = await seen(table.key(1), (now) => now.leader.storeId !== storeId);
    expect(
      (await client.kv('KvGet', taken, { key: table.key(1), version: await rig.tso() })).notFound,
    ).to.equal(false);
    await rig.startStore(storeId);
    client.close(); // its connection to that store is in a back-off; it opens new ones
    await rig.transferLeader(region.region.id, storeId);
    await seen(table.key(1), (now) => now.leader.storeId === storeId);
    await sql.query(`update ${table.name} set v = 'y'`);
    expect(await query(sql, `select v from ${table.name}`)).to.deep.equal([{ v: 'y' }]);
  });

  it('runs with five stores', async () => {
    await using five = await startRig({ stores: 5, tidb: false });
    const all = new TestClient(five);
    const region = await all.regionOf(Buffer.from('t'));
    for (const storeId of [5n, 4n]) {
      await five.transferLeader(region.region.id, storeId);
      await five.setPdLag(0);
      const moved = await all.regionOf(Buffer.from('t'));
      expect(moved.leader.storeId).to.equal(storeId);
      const reply = await all.kv('KvGet', moved, { key: Buffer.from('t'), version: await five.tso() });
      expect(reply.notFound).to.equal(true);
    }
    all.close();
  });

  it('counts RPCs, feed events, subscriptions and locks', async () => {
    const table = await TestTable.create(sql, client);
    const region = await table.settled(client);
    const before = await rig.stats();
    const feed = new Feed(client, region.leader.storeId);
    feed.register(region);
    await feed.initialized();
    const startTs = await rig.tso();
    await client.prewrite(region, startTs, [table.put(1, 'a')]);
    await feed.until('PREWRITE', () => feed.rows.some((row) => row.type === 'PREWRITE'));
    const after = await rig.stats();
    expect(after.clientRpc['KvPrewrite']! - (before.clientRpc['KvPrewrite'] ?? 0)).to.equal(1);
    expect(after.feed['PREWRITE']! - (before.feed['PREWRITE'] ?? 0)).to.be.at.least(1);
    expect(after.subscriptions).to.be.at.least(1);
    expect(after.locks).to.be.at.least(1);
    await client.kv('KvBatchRollback', region, { keys: [table.key(1)], startVersion: startTs });
    feed.close();
  });
});
