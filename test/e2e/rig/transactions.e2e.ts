import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { utf8 } from '../../../src/base/bytes.js';
import { MAX_TS, type Ts } from '../../../src/codec/tso.js';
import { type Rig, startRig } from '../../support/rig.js';
import { decode, encode, type Region, type Reply, TestClient } from './client.js';
import { encodeBytes } from './keys.js';
import { connect, query, TestTable } from './table.js';

describe('rig: transactions of a client that is not TiDB', function () {
  this.timeout(60_000);
  let rig: Rig;
  let client: TestClient;
  let sql: Connection;
  let table: TestTable;
  let region: Region;

  before(async () => {
    rig = await startRig();
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
  });
  afterEach(() => rig.clearFaults());

  const lock = (handle: number): { op: 'Lock'; key: Uint8Array } => ({ op: 'Lock', key: table.key(handle) });
  const rollback = async (startTs: Ts, ...handles: readonly number[]): Promise<Reply> =>
    client.kv('KvBatchRollback', region, {
      startVersion: startTs,
      keys: handles.map((handle) => table.key(handle)),
    });
  const status = async (startTs: Ts, handle: number, more: object = {}): Promise<Reply> =>
    client.kv('KvCheckTxnStatus', region, {
      primaryKey: table.key(handle),
      lockTs: startTs,
      callerStartTs: 0n,
      currentTs: await rig.tso(),
      ...more,
    });
  const ok = (reply: Reply): void => {
    expect(reply.regionError).to.equal(null);
    expect(reply).to.satisfy((given: Partial<Reply>) => (given.errors ?? []).length === 0);
    expect(reply).to.satisfy((given: Partial<Reply>) => (given.error ?? null) === null);
  };

  it('writes a row that TiDB reads, and reads what TiDB wrote, at a snapshot', async () => {
    await sql.query(`insert into ${table.name} values (1, 'of TiDB')`);
    const before = await rig.tso();
    await table.write(client, region, 2, 'of ours');
    expect(await query(sql, `select v from ${table.name} order by id`)).to.deep.equal([
      { v: 'of TiDB' },
      { v: 'of ours' },
    ]);
    const scan = async (version: Ts): Promise<number> =>
      (await client.kv('KvScan', region, { startKey: table.start, endKey: table.end, limit: 10, version }))
        .pairs.length;
    expect(await scan(before)).to.equal(1);
    expect(await scan(await rig.tso())).to.equal(2);
    expect((await client.kv('KvGet', region, { key: table.key(2), version: before })).notFound).to.equal(
      true,
    );
    const absent = await client.kv('KvScan', region, {
      startKey: table.end,
      endKey: table.start,
      limit: 10,
      version: before,
    });
    expect(absent.pairs).to.deep.equal([]);
  });

  it('lets TiDB resolve a lock that its owner has abandoned', async () => {
    const startTs = await rig.tso();
    ok(await client.prewrite(region, startTs, [table.put(1, 'gone')], { lockTtl: 1n }));
    expect(await query(sql, `select * from ${table.name} where id >= 0`)).to.deep.equal([]);
    expect(
      (await client.commit(region, startTs, await rig.tso(), [table.key(1)])).error?.retryable,
    ).to.contain('TxnLockNotFound');
  });

  it('§12.12: says in exec_details_v2 where the time went', async () => {
    const got = await client.kv('KvGet', region, { key: table.key(1), version: await rig.tso() });
    expect(got.execDetailsV2?.timeDetailV2?.totalRpcWallTimeNs).to.satisfy((ns: bigint) => ns > 0n);
    const startTs = await rig.tso();
    const prewritten = await client.prewrite(region, startTs, [table.put(1, 'x')]);
    ok(await rollback(startTs, 1));
    expect(prewritten.execDetailsV2?.timeDetailV2).not.to.equal(null);
  });

  it('§12.13: calls a prewrite after the own rollback a conflict, SelfRolledBack, on every key', async () => {
    const startTs = await rig.tso();
    ok(await client.prewrite(region, startTs, [table.put(1, 'a'), table.put(2, 'b')]));
    ok(await rollback(startTs, 1, 2));
    for (const more of [{}, { tryOnePc: true }, { useAsyncCommit: true }]) {
      for (const handle of [1, 2]) {
        const [error] = (
          await client.prewrite(region, startTs, [table.put(handle, 'again')], {
            primaryLock: table.key(1),
            ...more,
          })
        ).errors;
        expect(error?.conflict).to.include({ reason: 'SelfRolledBack', conflictTs: startTs });
      }
    }
    const unheardOf = await rig.tso();
    expect((await status(unheardOf, 3)).error?.txnNotFound).not.to.equal(null);
    ok(await status(unheardOf, 3, { rollbackIfNotExist: true }));
    const [late] = (await client.prewrite(region, unheardOf, [table.put(3, 'late')])).errors;
    expect(late?.conflict?.reason, 'the fence holds').to.equal('SelfRolledBack');
  });

  it('§12.13: answers a late commit with TxnLockNotFound, as text', async () => {
    const startTs = await rig.tso();
    ok(await client.prewrite(region, startTs, [table.put(1, 'a')]));
    ok(await status(startTs, 1, { currentTs: MAX_TS }));
    const commitTs = await rig.tso();
    const { error } = await client.commit(region, startTs, commitTs, [table.key(1)]);
    const key = [...table.key(1)].join(', ');
    expect(error?.retryable).to.equal(
      `Error(Txn(Error(Mvcc(Error(TxnLockNotFound { start_ts: TimeStamp(${startTs}), commit_ts: TimeStamp(${commitTs}), key: [${key}] })))))`,
    );
  });

  it('takes a repeated commit for done, at any timestamp and for Lock mutations too, and never rolls it back', async () => {
    const startTs = await rig.tso();
    ok(await client.prewrite(region, startTs, [table.put(1, 'a'), lock(2), table.put(3, 'c')]));
    const commitTs = await rig.tso();
    const keys = [1, 2, 3].map((handle) => table.key(handle));
    ok(await client.commit(region, startTs, commitTs, keys.slice(0, 2)));
    ok(await client.commit(region, startTs, commitTs, keys));
    ok(await client.commit(region, startTs, await rig.tso(), keys));
    for (const handle of [1, 2, 3]) {
      expect((await rollback(startTs, handle)).error?.abort).to.contain(
        `Committed { start_ts: TimeStamp(${startTs}), commit_ts: TimeStamp(${commitTs})`,
      );
      expect((await status(startTs, handle)).commitVersion).to.equal(commitTs);
    }
    expect((await client.commit(region, startTs, startTs, keys)).error?.abort).to.contain('InvalidTxnTso');
  });

  it('takes a repeated prewrite for done: before the commit, after it, in part, and in one phase', async () => {
    const startTs = await rig.tso();
    const mutations = [table.put(1, 'a'), table.put(2, 'b')];
    ok(await client.prewrite(region, startTs, mutations.slice(0, 1)));
    ok(await client.prewrite(region, startTs, mutations));
    const commitTs = await rig.tso();
    const keys = mutations.map((mutation) => mutation.key);
    ok(await client.commit(region, startTs, commitTs, keys));
    await table.write(client, region, 1, 'newer');
    const again = await client.prewrite(region, startTs, mutations);
    ok(again);
    expect(again.minCommitTs).to.equal(0n);
    for (const handle of [1, 2]) {
      const beat = { primaryLock: table.key(handle), startVersion: startTs, adviseLockTtl: 1000n };
      expect((await client.kv('KvTxnHeartBeat', region, beat)).error?.txnNotFound, 'no lock').not.to.equal(
        null,
      );
    }
    expect(await query(sql, `select v from ${table.name} order by id`)).to.deep.equal([
      { v: 'newer' },
      { v: 'b' },
    ]);

    const onePc = await rig.tso();
    const once = await client.prewrite(region, onePc, [table.put(5, 'one')], { tryOnePc: true });
    const twice = await client.prewrite(region, onePc, [table.put(5, 'one')], { tryOnePc: true });
    expect(once.onePcCommitTs > onePc).to.equal(true);
    expect(twice.onePcCommitTs).to.equal(once.onePcCommitTs);

    const async = await rig.tso();
    const asked = { useAsyncCommit: true, secondaries: [table.key(7)] };
    const locked = await client.prewrite(region, async, [table.put(6, 'p'), table.put(7, 's')], asked);
    expect(locked.minCommitTs > async).to.equal(true);
    expect(
      (await client.prewrite(region, async, [table.put(6, 'p'), table.put(7, 's')], asked)).minCommitTs,
    ).to.equal(locked.minCommitTs);
    ok(await client.commit(region, async, locked.minCommitTs as Ts, [table.key(6), table.key(7)]));
  });

  it('lets committed Lock mutations and rollbacks conflict with writers that began before them', async () => {
    const old = await rig.tso();
    const startTs = await rig.tso();
    ok(await client.prewrite(region, startTs, [table.put(1, 'row'), lock(2)]));
    const commitTs = await rig.tso();
    ok(await client.commit(region, startTs, commitTs, [table.key(1), table.key(2)]));
    const [error] = (await client.prewrite(region, old, [table.put(2, 'stale')])).errors;
    expect(error?.conflict).to.deep.include({
      reason: 'Optimistic',
      conflictTs: startTs,
      conflictCommitTs: commitTs,
    });
    const later = await rig.tso();
    ok(await rollback(later, 3));
    expect(
      (await client.prewrite(region, old, [table.put(3, 'stale')])).errors[0]?.conflict?.reason,
    ).to.equal('Optimistic');
    ok(await client.prewrite(region, await rig.tso(), [table.put(2, 'fresh'), table.put(3, 'fresh')]));
  });

  it('guards a table by a Lock on its meta key: any finished schema change in between is a conflict', async () => {
    const info = await fetch(`http://${rig.status}/db-table/${table.id}`);
    const { db_info: db } = (await info.json()) as { db_info: { id: number } };
    const key = metaKey(db.id, table.id);
    const where = await client.regionOf(key);
    const before = await rig.tso();
    await sql.query(`alter table ${table.name} add column w int`);
    const guard = (startTs: Ts): Promise<Reply> => client.prewrite(where, startTs, [{ op: 'Lock', key }]);
    expect((await guard(before)).errors[0]?.conflict?.reason).to.equal('Optimistic');
    const now = await rig.tso();
    ok(await guard(now));
    ok(await client.kv('KvBatchRollback', where, { keys: [key], startVersion: now }));
  });

  it('pushes min_commit_ts for a reader, so that the owner must take a newer timestamp', async () => {
    const startTs = await rig.tso();
    ok(await client.prewrite(region, startTs, [table.put(1, 'a')], { minCommitTs: startTs + 1n }));
    const commitTs = await rig.tso();
    expect(await query(sql, `select * from ${table.name} where id >= 0`)).to.deep.equal([]);
    expect(
      (await client.commit(region, startTs, commitTs, [table.key(1)])).error?.commitTsExpired,
    ).not.to.equal(null);
    ok(await client.commit(region, startTs, await rig.tso(), [table.key(1)]));
    const beat = { primaryLock: table.key(1), startVersion: startTs, adviseLockTtl: 1000n };
    expect((await client.kv('KvTxnHeartBeat', region, beat)).error?.txnNotFound).not.to.equal(null);
  });

  it('refuses keys beyond 8 KiB and entries beyond 8 MiB', async () => {
    const key = Buffer.concat([table.key(1), Buffer.alloc(9000, 1)]);
    const [error] = (
      await client.prewrite(region, await rig.tso(), [{ op: 'Put', key, value: Buffer.from('x') }])
    ).errors;
    expect(error?.abort).to.contain('KeyTooLarge');
    const value = Buffer.alloc(9 << 20, 1);
    const big = await client.prewrite(region, await rig.tso(), [{ op: 'Put', key: table.key(1), value }]);
    expect(big.regionError?.raftEntryTooLarge).not.to.equal(null);
  });

  it('commits some thousand keys in one call without delay', async () => {
    const startTs = await rig.tso();
    const handles = Array.from({ length: 5000 }, (_, handle) => handle);
    ok(
      await client.prewrite(
        region,
        startTs,
        handles.map((handle) => table.put(handle, 'many')),
      ),
    );
    const began = performance.now();
    ok(
      await client.commit(
        region,
        startTs,
        await rig.tso(),
        handles.map((handle) => table.key(handle)),
      ),
    );
    expect(performance.now() - began).to.be.below(2000);
    expect(await query(sql, `select count(*) n from ${table.name}`)).to.deep.equal([{ n: '5000' }]);
  });

  it('answers region errors on demand, and for keys and epochs that do not fit', async () => {
    const get = async (): Promise<Reply> =>
      client.kv('KvGet', region, { key: table.key(1), version: await rig.tso() });
    const strikes = {
      busy: 'serverIsBusy',
      'stale-command': 'staleCommand',
      'not-leader': 'notLeader',
      'region-not-found': 'regionNotFound',
    };
    for (const [kind, field] of Object.entries(strikes)) {
      await rig.faultNext(`kv-${kind}`, { method: 'KvGet' });
      expect((await get()).regionError, kind)
        .to.have.property(field)
        .that.is.not.equal(null);
      expect((await get()).regionError).to.equal(null);
    }
    await rig.faultNext('kv-epoch-empty');
    expect((await get()).regionError?.epochNotMatch?.currentRegions).to.deep.equal([]);
    await rig.faultNext('kv-epoch-not-match');
    expect((await get()).regionError?.epochNotMatch?.currentRegions.length).to.equal(1);
    const outside = await client.kv('KvGet', region, { key: Buffer.from('zzz'), version: await rig.tso() });
    expect(outside.regionError?.keyNotInRegion).not.to.equal(null);
    const stale = { ...region, region: { ...region.region, regionEpoch: { confVer: 1n, version: 1n } } };
    const refused = await client.kv('KvGet', stale, { key: table.key(1), version: await rig.tso() });
    expect(refused.regionError?.epochNotMatch?.currentRegions.length).to.be.at.least(1);
  });

  it('loses a reply after the write: the caller cannot know, a status check tells', async () => {
    const startTs = await rig.tso();
    ok(await client.prewrite(region, startTs, [table.put(1, 'undetermined')]));
    const commitTs = await rig.tso();
    await rig.dropNextReply('KvCommit');
    const code = await client.commit(region, startTs, commitTs, [table.key(1)]).then(
      () => undefined,
      (error: unknown) => (error as { code: number }).code,
    );
    expect([4, 14]).to.include(code);
    expect((await status(startTs, 1)).commitVersion).to.equal(commitTs);
    const lost = await rig.tso();
    ok(await client.prewrite(region, lost, [table.put(2, 'never')]));
    await rig.faultNext('kv-drop-request', { method: 'KvCommit' });
    const dropped = await client.commit(region, lost, await rig.tso(), [table.key(2)]).then(
      () => undefined,
      (error: unknown) => (error as { code: number }).code,
    );
    expect(dropped).to.equal(14);
    expect((await status(lost, 2)).lockTtl > 0n).to.equal(true);
    ok(await rollback(lost, 2));
  });

  it('answers batched commands', async () => {
    const stream = client.stream(client.storeAddress(region.leader.storeId), '/tikvpb.Tikv/BatchCommands');
    const context = {
      regionId: region.region.id,
      regionEpoch: region.region.regionEpoch,
      peer: region.leader,
    };
    const version = await rig.tso();
    const seen = new Map<bigint, string>();
    const answered = new Promise<void>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('data', (bytes: Uint8Array) => {
        const batch = decode('BatchCommandsResponse', bytes) as {
          requestIds: bigint[];
          responses: { cmd: string }[];
        };
        batch.requestIds.forEach((id, index) => seen.set(id, batch.responses[index]!.cmd));
        if (seen.size === 2) resolve();
      });
    });
    const get = { context, key: table.key(1), version };
    const scan = { context, startKey: table.start, endKey: table.end, limit: 5, version };
    stream.write(encode('BatchCommandsRequest', { requestIds: [1n, 2n], requests: [{ get }, { scan }] }));
    await answered;
    stream.on('error', () => undefined);
    stream.end();
    expect([...seen].sort(([a], [b]) => Number(a - b))).to.deep.equal([
      [1n, 'get'],
      [2n, 'scan'],
    ]);
  });
});

/** Key of a TableInfo: hash field `Table:<id>` of `DB:<id>` in TiDB's meta range. */
function metaKey(dbId: number, tableId: number): Uint8Array {
  const hash = Buffer.alloc(8);
  hash.writeBigUInt64BE(0x68n);
  return Buffer.concat([
    Buffer.from('m'),
    encodeBytes(utf8(`DB:${dbId}`)),
    hash,
    encodeBytes(utf8(`Table:${tableId}`)),
  ]);
}
