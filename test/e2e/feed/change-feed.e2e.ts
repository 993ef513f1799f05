/**
 * The feed against the real TiDB of the rig: nine writers of every commit kind, splits, merges, leader moves and broken
 * streams; at many resolved timestamps the table made of feed events alone must be what KvScan and SELECT see there.
 *
 * `SECONDS=n` for how long (default 12).
 */
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import { concatBytes, fromHex } from '../../../src/base/bytes.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent, type Telemetry } from '../../../src/base/telemetry.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { cellAt } from '../../../src/codec/cell.js';
import { intHandle, recordKey } from '../../../src/codec/table-keys.js';
import { ts } from '../../../src/codec/tso.js';
import { ChangeFeed } from '../../../src/tikv/feed/change-feed.js';
import { LagResolver } from '../../../src/tikv/feed/lag-resolver.js';
import { type Rig, startRig } from '../../support/rig.js';
import { columnJson, tableJson, tableVersion } from '../../unit/catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../../unit/codec/support/field-types.js';
import { Replica } from './replica.js';
import { abandonPrewrite, scanAt, TestRegions, TestTransport } from './test-cluster.js';

const SECONDS = Number(process.env['SECONDS'] ?? '12');
const ROWS = 300;
const WRITERS = 9;
const TIMEOUT_MS = SECONDS * 1000 + 60_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const below = (n: number): number => Math.floor(Math.random() * n);

class Writers {
  readonly #rig: Rig;
  isOver = false;
  committed = 0;
  failed = 0;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, (_, n) => this.#write(n)));
  }

  async #write(n: number): Promise<void> {
    while (!this.isOver) {
      const connection = await connect(this.#rig);
      try {
        await this.#writeOn(connection, n);
      } catch {
        // TiDB closes a connection when it cannot know whether its commit went through.
        this.failed++;
      } finally {
        connection.destroy();
      }
    }
  }

  async #writeOn(connection: mysql.Connection, n: number): Promise<void> {
    const run = (sql: string): Promise<unknown> => connection.query(sql);
    await run('use feed');
    if (n % 3 > 0) await run('set tidb_enable_1pc = 0');
    if (n % 3 > 1) await run('set tidb_enable_async_commit = 0');
    while (!this.isOver) {
      try {
        await this.#transact(run);
        this.committed++;
      } catch {
        this.failed++;
        await run('rollback');
      }
    }
  }

  async #transact(run: (sql: string) => Promise<unknown>): Promise<void> {
    const [a, b, amount] = [below(ROWS), below(ROWS), below(50)];
    const note = 'n'.repeat(Math.random() < 0.2 ? 500 : 3);
    await run(Math.random() < 0.5 ? 'begin optimistic' : 'begin pessimistic');
    await run(`update acc set bal = bal - ${amount}, note = '${note}' where id = ${a}`);
    await run(`update acc set bal = bal + ${amount} where id = ${b}`);
    if (Math.random() < 0.1) {
      await run(`delete from acc where id = ${2000 + below(ROWS)}`);
      await run(`replace into acc values (${2000 + a}, 0, 'r')`);
    }
    await run(Math.random() < 0.1 ? 'rollback' : 'commit');
  }
}

function connect(rig: Rig): Promise<mysql.Connection> {
  return mysql.createConnection({
    host: '127.0.0.1',
    port: rig.mysqlPort,
    user: 'root',
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
}

const encodeInt = (n: bigint): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, n) ^ (1n << 63n));
  return bytes;
};
const recordPrefix = (table: bigint, next: string): Uint8Array =>
  concatBytes(Buffer.from('t'), encodeInt(table), Buffer.from(next));

for (const [circumstances, faults] of [
  ['while regions change', ''],
  ['while regions change and the feed does whatever TiKV may do', 'feed,pd-hole,pd-no-leader,pd-delay'],
] as const) {
  describe(`ChangeFeed on the real TiDB ${circumstances}`, function () {
    this.timeout(TIMEOUT_MS);
    let rig: Rig;
    before(async () => {
      rig = await startRig({ stores: 3, resolvedIntervalMs: 50, spareTidb: true, faults });
    });
    after(async () => {
      await rig.stop();
    });

    it('replays to what KvScan and SELECT see at every resolved ts looked at', async () => {
      const { signal } = new AbortController();
      const counted = new Map<string, number>();
      const admin = await connect(rig);
      const query = async (sql: string): Promise<Record<string, string>[]> =>
        (await admin.query(sql))[0] as Record<string, string>[];
      await query('create database feed');
      await query('use feed');
      await query('create table acc (id int primary key, bal int, note varchar(600))');
      const values = Array.from({ length: ROWS }, (_, id) => `(${id}, 1000, '')`).join();
      await query(`insert into acc values ${values}`);
      const [info] = await query(
        "select tidb_table_id id from information_schema.tables where table_schema = 'feed' and table_name = 'acc'",
      );
      const table = BigInt(info!['id']!);
      const range = { start: recordPrefix(table, '_r'), end: recordPrefix(table, '_s') };

      const crashes: string[] = [];
      const runtime = systemRuntime((task, error) => crashes.push(`${task}: ${String(error)}`));
      const transport = new TestTransport();
      const regions = new TestRegions(transport, rig.pd, rig.clusterId);
      const telemetry = countingTelemetry(counted);
      const feed = new ChangeFeed({ runtime, transport, regions, clusterId: rig.clusterId, telemetry });
      const replica = new Replica(0n);
      feed.subscribe({ id: 'acc', ...range, checkpoint: ts(0n) });
      const consumer = runtime.spawn('consumer', async (abort) => {
        for (;;) replica.take(await feed.take(abort));
      });

      // TiDB leaves secondary locks behind when regions change under a commit, to whoever reads next: here nobody may,
      // so the lag resolver has to. (Its reader is TiDB, since the lock resolver proper is not part of this test.)
      const reader = await connect(rig);
      let resolvings = 0;
      const lagResolver = new LagResolver({
        runtime,
        feed,
        latestTs: () => rig.tso(),
        resolver: {
          resolveSpan: async () => {
            resolvings++;
            await reader.query('select sum(bal) from feed.acc');
            return { locksLeft: 0 };
          },
        },
      }).start();

      const writers = new Writers(rig);
      const writing = writers.run();
      const disturbed = disturb(rig, regions, range, () => writers.isOver);
      const breaking = breakStreams(transport, () => writers.isOver);
      const stopping = stopStores(rig, () => writers.isOver);
      let checks = 0;
      const different: string[] = [];
      const endMs = Date.now() + SECONDS * 1000;
      while (Date.now() < endMs) {
        await pause(120);
        // A snapshot of zero would mean none.
        if (replica.resolved === 0n) continue;
        const at = replica.resolved;
        const mine = replica.at(at);
        const theirs = await scanAt(transport, regions, range, at, signal);
        checks++;
        different.push(
          ...differences(mine, theirs).map(
            (one) => `KvScan at ${at}: ${one}; ${replica.story(one.split(':')[0]!)}`,
          ),
        );
        const sum = await selectAt(query, at);
        if (sum === undefined) continue;
        const balances = [...mine.values()].reduce((total, row) => total + balanceOf(row), 0);
        if (Number(sum['s']) !== balances || Number(sum['c']) !== mine.size) {
          different.push(`SELECT at ${at}: ${sum['c']} rows, ${sum['s']} not ${mine.size}, ${balances}`);
        }
      }
      writers.isOver = true;
      await writing;
      const counts = await disturbed;
      await rig.clearFaults();
      const broken = await breaking;
      const stopped = await stopping;
      const target = await rig.tso();
      const deadline = Date.now() + 20_000;
      while (replica.resolved < target && Date.now() < deadline) await pause(20);
      const last = await scanAt(transport, regions, range, replica.resolved, signal);
      const reached = replica.resolved >= target;
      different.push(...differences(replica.at(replica.resolved), last));
      await Promise.all([consumer.stop(), lagResolver.stop()]);
      await feed.close();
      transport.close();
      await Promise.all([admin.end(), reader.end()]);
      console.log({
        ...counts,
        broken,
        stopped,
        ...Object.fromEntries(counted),
        faults: (await rig.stats()).faults,
        resolvings,
        checks,
        transactions: writers.committed,
        failed: writers.failed,
        rows: replica.rows,
      });
      expect({ crashes, wrong: replica.wrong, different, reached }).to.deep.equal({
        crashes: [],
        wrong: [],
        different: [],
        reached: true,
      });
      expect(checks).to.be.greaterThan(2);
      expect(counts.splits).to.be.greaterThan(5);
    });
  });
}

describe('ChangeFeed and LagResolver on the real TiDB', function () {
  this.timeout(TIMEOUT_MS);

  it('free a span that an abandoned prewrite holds', async () => {
    await using rig = await startRig({ resolvedIntervalMs: 50 });
    const { signal } = new AbortController();
    const admin = await connect(rig);
    await admin.query('create database feed');
    await admin.query('create table feed.acc (id int primary key, bal int, note varchar(600))');
    const [rows] = await admin.query(
      "select tidb_table_id id from information_schema.tables where table_schema = 'feed' and table_name = 'acc'",
    );
    const table = BigInt((rows as { id: string }[])[0]!.id);
    const range = { start: recordPrefix(table, '_r'), end: recordPrefix(table, '_s') };
    const crashes: string[] = [];
    const runtime = systemRuntime((task, error) => crashes.push(`${task}: ${String(error)}`));
    const transport = new TestTransport();
    const regions = new TestRegions(transport, rig.pd, rig.clusterId);
    const feed = new ChangeFeed({ runtime, transport, regions, clusterId: rig.clusterId });
    const replica = new Replica(0n);
    feed.subscribe({ id: 'acc', ...range, checkpoint: ts(0n) });
    const consumer = runtime.spawn('consumer', async (abort) => {
      for (;;) replica.take(await feed.take(abort));
    });
    await until(() => replica.resolved > 0n);
    const startTs = await rig.tso();
    const key = concatBytes(range.start, encodeInt(7n));
    const value = new Uint8Array([0x80, 0, 1, 0, 0, 0, 2, 1, 0, 5]);
    await abandonPrewrite(transport, regions, { key, value, startTs, ttlMs: 300 }, signal);
    await pause(300);
    const held = replica.resolved;
    await pause(1500);
    expect(replica.resolved, 'the lock holds the span').to.equal(held);
    expect([...feed.held()]).to.have.length(1);
    const resolver = new LagResolver({
      runtime,
      feed,
      latestTs: () => rig.tso(),
      resolver: {
        resolveSpan: async () => {
          await admin.query('select sum(bal) from feed.acc');
          return { locksLeft: 0 };
        },
      },
    }).start();
    await until(() => replica.resolved > held);
    expect({ crashes, wrong: replica.wrong, rows: replica.rows }).to.deep.equal({
      crashes: [],
      wrong: [],
      rows: 0,
    });
    expect(feed.uncommittedBytes).to.be.lessThan(4096);
    await Promise.all([consumer.stop(), resolver.stop(), feed.close(), admin.end()]);
    transport.close();
  });
});

async function until(isSo: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > endMs) throw new Error('it has not come to pass in ten seconds');
    await pause(20);
  }
}

/** What TiDB sees at a timestamp; undefined if a store is down for it. */
async function selectAt(
  query: (sql: string) => Promise<Record<string, string>[]>,
  at: bigint,
): Promise<Record<string, string> | undefined> {
  try {
    await query(`set @@tidb_snapshot = '${at}'`);
    const [sum] = await query('select sum(bal) s, count(*) c from acc');
    return sum;
  } catch {
    return undefined;
  } finally {
    await query("set @@tidb_snapshot = ''");
  }
}

function countingTelemetry(counts: Map<string, number>): Telemetry {
  const count: Telemetry['metrics']['count'] = (name, by = 1, labels = {}) => {
    const series = [name, ...Object.values(labels)].join(' ');
    counts.set(series, (counts.get(series) ?? 0) + by);
  };
  return { log: silent.log, metrics: { ...silent.metrics, count } };
}

const INT = fieldType('int');
const BALANCE_ID = 2;
const ACCOUNTS_TABLE = tableVersion(
  tableJson([columnJson(0, 'id', asPrimaryKey(INT)), columnJson(1, 'bal', INT)], { pk_is_handle: true }),
);

function balanceOf(row: string): number {
  const decoder = ACCOUNTS_TABLE.rowDecoder([BALANCE_ID]);
  decoder.append(new ByteSlice(recordKey(1, intHandle(0n))), new ByteSlice(fromHex(row)));
  const [column] = decoder.finish();
  return Number(cellAt(column!, 0, INT) ?? 0n);
}

function differences(mine: ReadonlyMap<string, string>, theirs: ReadonlyMap<string, string>): string[] {
  const keys = new Set([...mine.keys(), ...theirs.keys()]);
  return [...keys]
    .filter((key) => mine.get(key) !== theirs.get(key))
    .map((key) => `${key}: ${mine.get(key)?.slice(0, 60)} and ${theirs.get(key)?.slice(0, 60)}`);
}

async function disturb(
  rig: Rig,
  regions: TestRegions,
  range: { readonly start: Uint8Array; readonly end: Uint8Array },
  isOver: () => boolean,
): Promise<{ splits: number; merges: number; moves: number; refused: number }> {
  const counts = { splits: 0, merges: 0, moves: 0, refused: 0 };
  const { signal } = new AbortController();
  while (!isOver()) {
    await pause(150);
    try {
      await rig.split(concatBytes(range.start, encodeInt(BigInt(below(ROWS)))));
      counts.splits++;
      const all = await regions.scan(range.start, range.end, signal);
      if (all.length > 6) {
        await rig.merge(all[below(all.length - 1)]!.id);
        counts.merges++;
      }
      await rig.transferLeader(all[below(all.length)]!.id, BigInt(1 + below(3)));
      counts.moves++;
    } catch {
      // PD lags: what it named is not there any more.
      counts.refused++;
    }
  }
  return counts;
}

/** Stores go down one after the other; their regions get other leaders after a second. */
async function stopStores(rig: Rig, isOver: () => boolean): Promise<number> {
  let stopped = 0;
  while (!isOver()) {
    await pause(3000);
    const store = BigInt(1 + (stopped % 3));
    await rig.stopStore(store);
    await pause(500 + below(1500));
    await rig.startStore(store);
    stopped++;
  }
  return stopped;
}

async function breakStreams(transport: TestTransport, isOver: () => boolean): Promise<number> {
  let broken = 0;
  while (!isOver()) {
    await pause(1500);
    const [stream] = transport.streams;
    if (stream === undefined) continue;
    broken++;
    stream.cancel();
  }
  return broken;
}
