import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { compareBytes, type KeyString, keyString, nextKey } from '../../../src/base/bytes.js';
import type { Ts } from '../../../src/codec/tso.js';
import { type Rig, startRig } from '../../support/rig.js';
import { TestClient } from './client.js';
import { decodeBytes } from './keys.js';
import { Replica } from './replica.js';
import { connect, query, TestTable } from './table.js';

const ACCOUNTS = 300;
const MONEY = String(ACCOUNTS * 1000);
const WRITERS = 9;
const RUN_MS = 7_000;
const CHECKS = 5;

/** xorshift: the same decisions in every run of a seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2654435761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Moves money between accounts in every kind of transaction until told to stop; the sum never changes. */
async function transfer(rig: Rig, table: string, seed: number, stop: AbortSignal): Promise<number> {
  const random = randomOf(seed);
  let done = 0;
  let sql: Connection | undefined;
  while (!stop.aborted) {
    try {
      if (sql === undefined) {
        sql = await connect(rig);
        sql.on('error', () => undefined);
        await sql.query('use rig');
        await sql.query('set innodb_lock_wait_timeout = 1');
        if (seed % 3 !== 0) await sql.query('set tidb_enable_1pc = 0');
        if (seed % 3 === 2) await sql.query('set tidb_enable_async_commit = 0');
      }
      const [from, to, amount] = [random(ACCOUNTS), random(ACCOUNTS), random(50)];
      const note = 'n'.repeat(random(5) === 0 ? 500 : 3);
      if (from === to) continue;
      await sql.query(random(2) === 0 ? 'begin optimistic' : 'begin pessimistic');
      await sql.query(`update ${table} set bal = bal - ${amount}, v = '${note}' where id = ${from}`);
      await sql.query(`update ${table} set bal = bal + ${amount} where id = ${to}`);
      if (random(10) === 0) {
        await sql.query(`delete from ${table} where id = ${1000 + from}`);
        await sql.query(`replace into ${table} values (${2000 + to}, 'r', 0)`);
      }
      await sql.query(random(10) === 0 ? 'rollback' : 'commit');
      done++;
    } catch {
      // A conflict, a dropped connection, an unknown outcome: whatever it was, the sum must not have changed.
      sql?.destroy();
      sql = undefined;
    }
  }
  sql?.destroy();
  return done;
}

/** The rows of a table at a timestamp by KvScan, waiting for locks that are in the way. */
async function scanAt(
  client: TestClient,
  table: TestTable,
  version: Ts,
): Promise<Map<KeyString, Uint8Array>> {
  const rows = new Map<KeyString, Uint8Array>();
  let from = table.start;
  while (compareBytes(from, table.end) < 0) {
    try {
      const region = await client.regionOf(from);
      const fields = { startKey: from, endKey: table.end, limit: 1000, version };
      const reply = await client.kv('KvScan', region, fields);
      if (reply.regionError !== null || reply.pairs.some((pair) => pair.error !== null)) continue;
      for (const pair of reply.pairs) rows.set(keyString(pair.key), pair.value);
      const end = decodeBytes(region.region.endKey);
      const last = reply.pairs.at(-1);
      if (reply.pairs.length === 1000 && last !== undefined) from = nextKey(last.key);
      else from = end.length > 0 && compareBytes(end, table.end) < 0 ? end : table.end;
    } catch (error) {
      expect(error, 'a call that a fault ended').to.have.property('code');
    }
  }
  return rows;
}

describe('rig: nine writers during splits, merges and leader moves', function () {
  this.timeout(90_000);
  const seed = Number(process.env['SEED'] ?? 7);

  for (const { name, faults } of [
    { name: 'as it is', faults: '' },
    { name: 'with all faults', faults: process.env['FAULTS'] ?? 'all' },
  ]) {
    it(`${name}: SELECT at a snapshot, KvScan and the replayed feed agree (seed ${seed})`, async () => {
      await using rig = await startRig({ stores: 3, resolvedIntervalMs: 20, seed });
      const client = new TestClient(rig);
      const sql = await connect(rig);
      const table = await accounts(client, sql);
      const replica = new Replica(client, table.start, table.end, 0n as Ts);
      const stop = new AbortController();
      try {
        await rig.setFaults(faults);
        const writers = Array.from({ length: WRITERS }, (_, n) =>
          transfer(rig, table.name, n + seed, stop.signal),
        );
        const chaos = disturb(rig, client, table, stop.signal);
        const checks = await compareFor(RUN_MS, { rig, client, table, replica });
        stop.abort();
        await rig.clearFaults();
        const transactions = (await Promise.all(writers)).reduce((a, b) => a + b, 0);
        await chaos;
        await compareAtLast({ rig, client, table, replica });
        expect(replica.broken).to.deep.equal([]);
        expect(transactions, 'transactions').to.be.above(50);
        const ends = JSON.stringify(Object.fromEntries(replica.ends));
        console.log(`      ${transactions} transactions, ${checks} checks, subscriptions ended: ${ends}`);
      } finally {
        stop.abort();
        replica.close();
        client.close();
        sql.destroy();
      }
    });
  }
});

interface Parts {
  readonly rig: Rig;
  readonly client: TestClient;
  readonly table: TestTable;
  readonly replica: Replica;
}

async function accounts(client: TestClient, sql: Connection): Promise<TestTable> {
  const table = await TestTable.create(sql, client);
  await sql.query(`alter table ${table.name} add column bal int`);
  const values = Array.from({ length: ACCOUNTS }, (_, id) => `(${id}, '', 1000)`);
  await sql.query(`insert into ${table.name} values ${values.join(',')}`);
  return table;
}

/** Compares for some time, and some times at least; how often. */
async function compareFor(ms: number, { rig, client, table, replica }: Parts): Promise<number> {
  const sql = await connect(rig);
  const end = performance.now() + ms;
  let checks = 0;
  let last = 0n;
  while (performance.now() < end || checks < CHECKS) {
    // A fresh snapshot: TiDB's SELECT and a raw scan see the same rows, and all the money.
    const now = await rig.tso();
    const scanned = await scanAt(client, table, now);
    expect(await balanceAt(sql, table, now), `at ${now}`).to.deep.equal({
      s: MONEY,
      n: String(scanned.size),
    });
    const { frontier } = replica;
    if (frontier === last) continue;
    last = frontier;
    const wrong = differences(replica.at(frontier), await scanAt(client, table, frontier));
    expect(wrong, `at ${frontier}`).to.deep.equal([]);
    checks++;
  }
  sql.destroy();
  return checks;
}

/** Compares once more when all is quiet. */
async function compareAtLast({ rig, client, table, replica }: Parts): Promise<void> {
  const sql = await connect(rig);
  const final = await rig.tso();
  while (replica.frontier < final) {
    // Nobody but a reader resolves the locks that dropped connections have left behind.
    await sql.query(`select count(*) from rig.${table.name} where v = 'nobody'`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const rows = replica.at(final);
  expect(differences(rows, await scanAt(client, table, final))).to.deep.equal([]);
  expect(await balanceAt(sql, table, final)).to.deep.equal({ s: MONEY, n: String(rows.size) });
  sql.destroy();
}

async function balanceAt(sql: Connection, table: TestTable, when: Ts): Promise<unknown> {
  await sql.query(`set @@tidb_snapshot = ${when}`);
  const [row] = await query(sql, `select sum(bal) s, count(*) n from rig.${table.name}`);
  return row;
}

function differences(a: ReadonlyMap<KeyString, Uint8Array>, b: ReadonlyMap<KeyString, Uint8Array>): string[] {
  const keys = new Set([...a.keys(), ...b.keys()]);
  return [...keys].filter(
    (key) => compareBytes(a.get(key) ?? new Uint8Array(), b.get(key) ?? new Uint8Array()) !== 0,
  );
}

/** Splits, merges and moves leaders until told to stop. */
async function disturb(rig: Rig, client: TestClient, table: TestTable, stop: AbortSignal): Promise<void> {
  const random = randomOf(99);
  while (!stop.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    try {
      await rig.split(table.key(random(ACCOUNTS)));
      const regions = await client.regionsOf(table.start, table.end);
      const any = regions[random(regions.length)]!.region.id;
      if (regions.length > 6) await rig.merge(any);
      await rig.transferLeader(any, BigInt(random(3) + 1));
    } catch (error) {
      expect(String(error), 'PD knows regions that are gone').to.match(
        /no region|no right neighbour|UNAVAILABLE|not leader/,
      );
    }
  }
}
