import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { equalBytes, toHex } from '../../../src/base/bytes.js';
import type { Ts } from '../../../src/codec/tso.js';
import { type Rig, startRig } from '../../support/rig.js';
import { type Region, TestClient } from './client.js';
import { Feed, type FeedRow } from './feed.js';
import { connect, TestTable } from './table.js';

describe('rig: the change feed', function () {
  this.timeout(60_000);
  let rig: Rig;
  let client: TestClient;
  let sql: Connection;
  let table: TestTable;
  let region: Region;
  let snapshot: Ts;
  const feeds: Feed[] = [];

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 20 });
    client = new TestClient(rig);
    sql = await connect(rig);
  });
  after(async () => {
    client.close();
    await sql.end();
    await rig.stop();
  });
  beforeEach(async () => {
    table = await TestTable.create(sql, client);
    region = await table.settled(client);
    snapshot = await rig.tso();
  });
  afterEach(async () => {
    for (const feed of feeds.splice(0)) feed.close();
    await rig.clearFaults();
  });

  function open(dialect: ConstructorParameters<typeof Feed>[2] = {}): Feed {
    const feed = new Feed(client, 1n, dialect);
    feeds.push(feed);
    return feed;
  }

  /** A feed of the table's rows from the snapshot on, initialized. */
  async function follow(): Promise<Feed> {
    const feed = open();
    feed.register(region, { checkpointTs: snapshot, start: table.start, end: table.end });
    await feed.initialized();
    return feed;
  }

  const of = (feed: Feed, handle: number): readonly FeedRow[] =>
    feed.rows.filter((row) => equalBytes(row.key, table.key(handle)));

  it('sends the rows of every kind of commit as TiKV does', async () => {
    const feed = await follow();
    await sql.query(`insert into ${table.name} values (1, 'one')`);
    await sql.query('set tidb_enable_1pc = 0');
    await sql.query(`update ${table.name} set v = 'uno' where id = 1`);
    await sql.query('set tidb_enable_async_commit = 0');
    await sql.query(`insert into ${table.name} values (2, '${'y'.repeat(600)}')`);
    await sql.query(`delete from ${table.name} where id = 1`);
    await sql.query('begin pessimistic');
    await sql.query(`select * from ${table.name} where id = 2 for update`);
    await sql.query('rollback');
    await sql.query('set tidb_enable_1pc = 1, tidb_enable_async_commit = 1');
    await feed.until('the delete', () =>
      of(feed, 1).some((row) => row.type === 'COMMIT' && row.opType === 'DELETE'),
    );

    const one = of(feed, 1).map((row) => [
      row.type,
      row.opType,
      row.value.length > 0,
      row.oldValue.length > 0,
    ]);
    expect(one).to.deep.equal([
      ['COMMITTED', 'PUT', true, false],
      ['PREWRITE', 'PUT', true, true],
      ['COMMIT', 'PUT', true, false],
      ['PREWRITE', 'DELETE', false, true],
      ['COMMIT', 'DELETE', false, false],
    ]);
    const two = of(feed, 2).map((row) => [row.type, row.value.length > 0]);
    expect(two, 'a long value comes with PREWRITE only').to.deep.equal([
      ['PREWRITE', true],
      ['COMMIT', false],
    ]);
  });

  it('scans what the checkpoint has not seen: keys ascending, newest first, old values, locks as PREWRITE', async () => {
    for (const text of ['a', 'b']) await table.write(client, region, 2, text);
    await table.write(client, region, 1, 'c');
    const startTs = await rig.tso();
    await client.prewrite(region, startTs, [table.put(2, 'open')]);
    const feed = await follow();
    const seen = feed.rows.map((row) => [
      row.type,
      Buffer.from(row.value).toString().slice(-1),
      row.oldValue.length > 0,
    ]);
    expect(seen.slice(0, 4)).to.deep.equal([
      ['COMMITTED', 'c', false],
      ['PREWRITE', 'n', true],
      ['COMMITTED', 'b', true],
      ['COMMITTED', 'a', false],
    ]);
    expect(feed.rows[4]!.type).to.equal('INITIALIZED');
    await client.kv('KvBatchRollback', region, { keys: [table.key(2)], startVersion: startTs });
  });

  it('§12.1: keeps the resolved ts of a running subscription where it was when an older transaction prewrites late, and starts a new one below its checkpoint', async () => {
    const old = await rig.tso();
    const feed = await follow();
    await feed.resolvedPast(old + 1n);
    await client.prewrite(region, old, [table.put(9, 'late')]);
    await feed.until('the late PREWRITE', () => of(feed, 9).length > 0);
    await feed.ticks(3);
    const ts = feed.resolved();
    const stopped = ts.at(-1)!;
    expect(
      [...ts].sort((a, b) => (a < b ? -1 : 1)),
      'never back',
    ).to.deep.equal(ts);
    expect(ts.at(-2), 'held').to.equal(stopped);

    const second = open();
    second.register(region, {
      requestId: 8n,
      checkpointTs: stopped as Ts,
      start: table.start,
      end: table.end,
    });
    await second.ticks(1, 8n);
    expect(second.resolved(8n)[0]).to.equal(old);
    expect(old < stopped).to.equal(true);

    const commitTs = await rig.tso();
    await client.commit(region, old, commitTs, [table.key(9)]);
    await feed.resolvedPast(commitTs);
    await second.resolvedPast(commitTs, 8n);
    const at = feed.log.findIndex((entry) => entry.kind === 'resolved' && entry.ts >= commitTs);
    expect(
      feed.log.slice(0, at).some((entry) => entry.kind === 'row' && entry.commitTs === commitTs),
    ).to.equal(true);
  });

  it('§12.2: sends resolved timestamps in the form that features and version call for, or never', async () => {
    const watch = await follow();
    const form = async (dialect: ConstructorParameters<typeof Feed>[2]): Promise<string> => {
      const feed = open(dialect);
      feed.register(region, { checkpointTs: snapshot, start: table.start, end: table.end });
      await feed.initialized();
      await watch.ticks(4);
      const first = feed.log.find((entry) => entry.kind === 'resolved');
      return first === undefined ? 'never' : `${first.form} ${first.requestId}`;
    };
    for (const version of ['8.5.0', '8.5.0-alpha', '4.0.8']) {
      expect(await form({ version }), version).to.equal('batched 7');
    }
    for (const version of ['v8.5.0', '', 'nonsense', '4.0.7', '08.5.0', '8.5']) {
      expect(await form({ version }), `"${version}"`).to.equal('never');
    }
    expect(await form({ features: '' })).to.equal('batched 0');
    expect(await form({ api: 'EventFeed', features: '' })).to.equal('batched 0');
    expect(await form({ api: 'EventFeed', features: '', version: '' })).to.equal('single 7');
    const unknown = open({ features: 'nonsense' });
    expect(
      await unknown.until('the end', (feed) => feed.log.find((entry) => entry.kind === 'end')),
    ).to.include({ code: 12 });
  });

  it('§12.3: answers a deregistration with region_not_found, and nothing if there was none', async () => {
    const feed = await follow();
    feed.register(region, { requestId: 8n, checkpointTs: snapshot });
    await feed.initialized(8n);
    feed.deregister(8n, region.region.id);
    feed.deregister(99n, region.region.id);
    await feed.until('the answer', () => feed.failures.length > 0);
    await feed.ticks(3);
    expect(feed.failures.map((failure) => [failure.cause, failure.requestId])).to.deep.equal([
      ['regionNotFound', 8n],
    ]);
    feed.register(region, { requestId: 8n, checkpointTs: snapshot });
    await feed.ticks(2, 8n);
  });

  it('§12.4: never sends a transaction whose source is 256 or more; a loop filter drops those with a lower one', async () => {
    const feed = await follow();
    feed.register(region, {
      requestId: 8n,
      checkpointTs: snapshot,
      start: table.start,
      end: table.end,
      more: { filterLoop: true },
    });
    await feed.initialized(8n);
    await table.write(client, region, 1, 'view', 17);
    await table.write(client, region, 2, 'reorg', 300);
    const last = await table.write(client, region, 3, 'user');
    await feed.resolvedPast(last);
    await feed.resolvedPast(last, 8n);
    const sources = (requestId: bigint): unknown =>
      feed.rows
        .filter((row) => row.requestId === requestId && row.type !== 'INITIALIZED')
        .map((row) => `${row.type} ${row.txnSource}`);
    expect(sources(7n)).to.deep.equal(['PREWRITE 17', 'COMMIT 17', 'PREWRITE 0', 'COMMIT 0']);
    expect(sources(8n)).to.deep.equal(['PREWRITE 0', 'COMMIT 0']);
    feed.register(region, { requestId: 9n, checkpointTs: snapshot, start: table.start, end: table.end });
    await feed.initialized(9n);
    expect(sources(9n), 'the scan knows the sources too').to.deep.equal(['COMMITTED 17', 'COMMITTED 0']);
  });

  it('§12.5: re-sends PREWRITE for the heartbeat of a short value, nothing for a long one (older TiKV: without the value)', async () => {
    const feed = await follow();
    const beat = async (handle: number, text: string): Promise<readonly number[]> => {
      const startTs = await rig.tso();
      await client.prewrite(region, startTs, [table.put(handle, text)], { lockTtl: 5000n });
      const heart = { primaryLock: table.key(handle), startVersion: startTs, adviseLockTtl: 9000n };
      expect((await client.kv('KvTxnHeartBeat', region, heart)).lockTtl).to.equal(9000n);
      await client.kv('KvBatchRollback', region, { keys: [table.key(handle)], startVersion: startTs });
      await feed.until('ROLLBACK', () => of(feed, handle).some((row) => row.type === 'ROLLBACK'));
      return of(feed, handle)
        .filter((row) => row.type === 'PREWRITE')
        .map((row) => row.value.length);
    };
    expect(await beat(1, 'short')).to.deep.equal([14, 14]);
    expect(await beat(2, 'L'.repeat(700))).to.deep.equal([709]);
    await rig.setFaults('feed-rewrite=1');
    const again = await beat(3, 'L'.repeat(700));
    expect(again[0]).to.equal(709);
    expect(again.slice(1)).to.satisfy(
      (lengths: readonly number[]) => lengths.length > 0 && lengths.every((length) => length === 0),
    );
  });

  it('§12.6: marks the protected rollback of a primary with the byte 70', async () => {
    const feed = await follow();
    const startTs = await rig.tso();
    await client.prewrite(region, startTs, [table.put(1, 'a'), table.put(2, 'b')]);
    await client.kv('KvBatchRollback', region, { keys: [table.key(1), table.key(2)], startVersion: startTs });
    const rollbacks = (): readonly FeedRow[] => feed.rows.filter((row) => row.type === 'ROLLBACK');
    await feed.until('both', () => rollbacks().length === 2);
    const values = rollbacks().map((row) => `${row.key.at(-1)}: ${toHex(row.value)}`);
    expect(values.sort()).to.deep.equal(['1: 70', '2: ']);
  });

  it('§12.7: can send a scanned PREWRITE after its live COMMIT', async () => {
    const startTs = await rig.tso();
    await client.prewrite(region, startTs, [table.put(1, 'overtaken')]);
    await rig.setFaults('', { delayMs: 400 });
    await rig.faultNext('feed-late-scan');
    const feed = open();
    feed.register(region, { checkpointTs: snapshot, start: table.start, end: table.end });
    await feed.until('the registration', () => true);
    while ((await rig.stats()).faults['feed-late-scan'] === undefined)
      await feed.until('nothing', () => true);
    await client.commit(region, startTs, await rig.tso(), [table.key(1)]);
    await feed.initialized();
    expect(feed.rows.map((row) => row.type)).to.deep.equal(['COMMIT', 'PREWRITE', 'INITIALIZED']);
  });

  it('§12.7: can send live rows that the checkpoint has seen, rows twice, and rollbacks of what never was', async () => {
    const seen = await table.write(client, region, 1, 'seen');
    const checkpointTs = await rig.tso();
    await table.write(client, region, 2, 'new');
    await rig.setFaults('feed-stale-row=1,feed-duplicate=1,feed-stray-rollback=1');
    const feed = open();
    feed.register(region, { checkpointTs, start: table.start, end: table.end });
    await feed.until('a rollback', () => feed.rows.some((row) => row.type === 'ROLLBACK'));
    expect(of(feed, 1).some((row) => row.commitTs === seen && row.commitTs <= checkpointTs)).to.equal(true);
    const initialized = feed.rows.findIndex((row) => row.type === 'INITIALIZED');
    const at = feed.rows.flatMap((row, index) =>
      equalBytes(row.key, table.key(2)) ? [index < initialized] : [],
    );
    expect(at).to.deep.equal([true, true, false]);
  });

  it('§12.8: wants the cluster id in every request of a stream that named a version', async () => {
    const feed = await follow();
    feed.register(region, { requestId: 8n, more: { header: {} } });
    const failure = await feed.until('the refusal', () => feed.failures[0]);
    expect(failure).to.include({ cause: 'clusterIdMismatch', requestId: 8n, request: 0n });
  });

  it('§12.9: ends both subscriptions of a merge with an epoch_not_match that names no region, or with region_not_found', async () => {
    await rig.split(table.key(100));
    const causes = new Set<string>();
    for (let round = 0; round < 12 && causes.size < 2; round++) {
      const left = await table.settled(client);
      const right = await table.settled(client, table.key(100));
      const feed = open();
      feed.register(left, { requestId: 1n });
      feed.register(right, { requestId: 2n });
      await feed.initialized(1n);
      await feed.initialized(2n);
      await rig.merge(left.region.id);
      await feed.until('both ends', () => feed.failures.length === 2);
      for (const { cause, currentRegions, requestId } of feed.failures) {
        expect(currentRegions).to.deep.equal([]);
        if (requestId === 2n) causes.add(cause);
        else expect(cause).to.equal('epochNotMatch');
      }
      await rig.split(table.key(100));
    }
    expect([...causes].sort()).to.deep.equal(['epochNotMatch', 'regionNotFound']);
  });

  it('ends a subscription of a split with all new regions, and refuses stale epochs, unknown regions and duplicates', async () => {
    const feed = await follow();
    feed.register(region);
    await feed.until('duplicate_request', () =>
      feed.failures.some((failure) => failure.cause === 'duplicateRequest'),
    );
    feed.register({ ...region, region: { ...region.region, id: 999_999n } }, { requestId: 9n });
    await feed.until('region_not_found', () =>
      feed.failures.some((failure) => failure.cause === 'regionNotFound'),
    );
    const pieces = await rig.split(table.key(50));
    const ended = await feed.until('epoch_not_match', () =>
      feed.failures.find((failure) => failure.cause === 'epochNotMatch'),
    );
    expect(ended.currentRegions.map((piece) => piece.id)).to.deep.equal(pieces);
    feed.register(region, { requestId: 10n });
    await feed.until('the stale epoch', () =>
      feed.failures.some((failure) => failure.cause === 'epochNotMatch' && failure.requestId === 10n),
    );
  });

  it('takes bounds that are no encoded keys for the whole region', async () => {
    await sql.query(`insert into ${table.name} values (1, 'x')`);
    const feed = open();
    feed.register(region, { checkpointTs: snapshot, more: { startKey: table.end, endKey: table.end } });
    await feed.initialized();
    expect(of(feed, 1).length).to.equal(1);
  });

  it('loses what GC has collected, without a word, unless a barrier holds it', async () => {
    await table.write(client, region, 1, 'first');
    const second = await table.write(client, region, 1, 'second');
    const scanned = async (): Promise<number> => {
      const feed = open();
      feed.register(region, { checkpointTs: snapshot, start: table.start, end: table.end });
      await feed.initialized();
      return of(feed, 1).length;
    };
    const hold = { serviceId: Buffer.from('rig-test'), ttl: 60n, safePoint: snapshot };
    const types = { request: 'ServiceSafePointRequest', reply: 'ServiceSafePointResponse' };
    await client.pd('UpdateServiceGCSafePoint', types, hold);
    expect(await rig.collectGarbage(second)).to.deep.equal({ safePoint: snapshot, blocker: 'rig-test' });
    expect(await scanned()).to.equal(2);
    await client.pd('UpdateServiceGCSafePoint', types, { ...hold, ttl: 0n });
    expect((await rig.collectGarbage(second)).safePoint).to.equal(second);
    expect(await scanned()).to.equal(1);
  });

  it('refuses registrations, breaks streams and stalls on demand', async () => {
    const kinds = {
      congested: 'congested',
      busy: 'serverIsBusy',
      'not-leader': 'notLeader',
      'region-not-found': 'regionNotFound',
    };
    for (const [kind, cause] of Object.entries(kinds)) {
      await rig.faultNext(`feed-${kind}`);
      const feed = open();
      feed.register(region);
      expect((await feed.until(kind, () => feed.failures[0])).cause).to.equal(cause);
    }
    const feed = await follow();
    const ticks = feed.resolved().length;
    await rig.pauseResolved(400);
    const marker = await table.write(client, region, 5, 'during the pause');
    await feed.until('its COMMIT', () => of(feed, 5).some((row) => row.type === 'COMMIT'));
    expect(feed.resolved().length - ticks, 'one tick may be under way').to.be.at.most(2);
    await feed.resolvedPast(marker);
    await rig.faultNext('feed-break');
    expect(await feed.until('the end', () => feed.log.find((entry) => entry.kind === 'end'))).to.include({
      code: 14,
    });
  });

  it('follows a change of cdc.min-ts-interval by SET CONFIG', async () => {
    await sql.query("set config tikv `cdc.min-ts-interval` = '10s'");
    const feed = await follow();
    const [rows] = await sql.query("show config where type = 'tikv' and name = 'cdc.min-ts-interval'");
    expect(rows).to.have.nested.property('[0].Value', '10s');
    expect(feed.resolved().length).to.equal(0);
    await rig.setResolvedInterval(20);
    await feed.ticks(3);
  });
});
