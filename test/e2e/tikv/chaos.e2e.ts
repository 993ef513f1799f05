import { expect } from 'chai';
import { prefixEnd, utf8 } from '../../../src/base/bytes.js';
import { RowEncoder } from '../../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { cellAt } from '../../../src/codec/cell.js';
import type { Datum } from '../../../src/codec/datum.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { MutationBatch } from '../../../src/codec/mutation-batch.js';
import type { Ts } from '../../../src/codec/tso.js';
import { Random } from '../../support/random.js';
import { Harness, NEVER, columnsOf, connect, mutationsOf } from './harness.js';

const ACCOUNTS = 40;
const SECONDS = Number(process.env['SECONDS'] ?? 6);

interface Account {
  readonly id: number;
  readonly balance: number;
}

describe('tikv transactions among TiDB transactions, under all faults of the rig', function () {
  this.timeout(SECONDS * 1000 + 120_000);
  let h: Harness;
  let table: TableVersion;

  before(async () => {
    h = await Harness.start({ stores: 3, seed: Number(process.env['SEED'] ?? 1) });
    table = await h.create(
      'bank',
      '(id int primary key, balance int, note varchar(40), key (balance), key (note))',
    );
    const rows = Array.from({ length: ACCOUNTS }, (_, i) => `(${i}, 100, 'opened')`);
    await h.query(`insert into bank values ${rows.join(', ')}`);
  });
  after(async () => {
    expect(h.crashes).to.deep.equal([]);
    await h[Symbol.asyncDispose]();
  });

  it('neither makes money nor loses any, and what a teller was told is true', async () => {
    await h.rig.setFaults('kv,pd', { spareTidb: true, delayMs: 10 });
    const over = new AbortController();
    const told = { committed: 0, conflicts: 0, undetermined: 0 };
    const work = [
      ...[1, 2, 3, 4].map((seed) => teller(new Random(seed), told, over.signal)),
      sqlTeller(over.signal),
      disturb(over.signal),
    ];
    const endMs = performance.now() + SECONDS * 1000;
    while (performance.now() < endMs) {
      const ts = await h.tso();
      expect(await total(ts), `at ${ts}`).to.equal(ACCOUNTS * 100);
      const [row] = await h.queryAt(ts, 'select sum(balance) s, count(*) c from bank');
      expect([Number(row!['s']), row!['c']]).to.deep.equal([ACCOUNTS * 100, ACCOUNTS]);
    }
    over.abort();
    await Promise.all(work);
    await h.rig.clearFaults();
    await h.query('admin check table bank');
    const { start } = table.recordRanges[0]!;
    const prefix = start.subarray(0, 9);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    const { locksLeft } = await h.cluster.locks.spans.resolveSpan(
      prefix,
      prefixEnd(prefix),
      await h.tso(),
      NEVER,
    );
    expect(locksLeft).to.equal(0);
    console.log('      ', told, (await h.rig.stats()).faults);
    expect(told.committed).to.be.above(20);
  });

  async function read(ids: readonly number[], ts: Ts): Promise<Account[]> {
    const decoder = table.rowDecoder(table.columns.map((column) => column.id));
    const { start } = table.recordRanges[0]!;
    const snapshot = h.cluster.snapshots.at(ts);
    const key = (id: number): Uint8Array =>
      Buffer.concat([start.subarray(0, 11), Buffer.from([0x80, 0, 0, 0, 0, 0, 0, id])]);
    for (const id of ids) {
      const value = await snapshot.get(key(id), NEVER);
      decoder.append(new ByteSlice(key(id)), new ByteSlice(value!));
    }
    const [, balances] = decoder.finish();
    return ids.map((id, row) => ({ id, balance: Number(cellAt(balances!, row, table.columns[1]!.type)) }));
  }

  async function total(ts: Ts): Promise<number> {
    const decoder = table.rowDecoder([table.columns[1]!.id]);
    const { start, end } = table.recordRanges[0]!;
    for await (const { key, value } of h.cluster.snapshots.scan(start, end, ts, NEVER)) {
      decoder.append(new ByteSlice(key), new ByteSlice(value));
    }
    const { rows } = decoder;
    expect(rows).to.equal(ACCOUNTS);
    const [column] = decoder.finish();
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += Number(cellAt(column!, row, table.columns[1]!.type));
    return sum;
  }

  async function teller(
    random: Random,
    told: { committed: number; conflicts: number; undetermined: number },
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const from = random.below(ACCOUNTS);
      const to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
      const note = `n${random.below(1e9)}`;
      const outcome = await transfer(from, to, note);
      if (outcome === 'conflict') told.conflicts++;
      else told[outcome]++;
    }
  }

  async function transfer(
    from: number,
    to: number,
    note: string,
  ): Promise<'committed' | 'undetermined' | 'conflict'> {
    const startTs = await h.tso();
    const old = await rowsAt([from, to], startTs);
    const rows: Datum[][] = old.map(([id, balance], i) => [
      id!,
      (balance as bigint) + (i === 0 ? -5n : 5n),
      utf8(note),
    ]);
    const batch = new MutationBatch();
    const encoder = new RowEncoder(
      table,
      table.columns.map((column) => column.id),
    );
    const [before, after] = [columnsOf(table, old), columnsOf(table, rows)];
    old.forEach((_, row) => {
      encoder.delete(before, row, batch);
      encoder.put(after, row, batch);
    });
    const mutations = mutationsOf(batch.consolidated());
    await using txn = h.cluster.transactions.begin({
      startTs,
      primary: mutations[0]!.key,
      mutations,
      txnSource: 3,
    });
    if ((await txn.prewrite(50, NEVER)).kind !== 'ok') {
      await txn.rollback(NEVER);
      return 'conflict';
    }
    const outcome = await txn.commitPrimary(NEVER);
    const settled =
      outcome.kind === 'undetermined' ? await txn.settle({ force: true, patienceMs: 5000 }, NEVER) : outcome;
    if (settled.kind !== 'committed') return 'conflict';
    // The whole of it is there at its commit ts, and nothing of it just before.
    const [written] = await read([from], settled.commitTs);
    expect(written!.balance).to.equal(Number(rows[0]![1]));
    const [previous] = await read([from], (settled.commitTs - 1n) as Ts);
    expect(previous!.balance).to.equal(Number(old[0]![1]));
    await txn.commitSecondaries(NEVER);
    return outcome.kind === 'undetermined' ? 'undetermined' : 'committed';
  }

  async function rowsAt(ids: readonly number[], ts: Ts): Promise<Datum[][]> {
    const decoder = table.rowDecoder(table.columns.map((column) => column.id));
    const { start } = table.recordRanges[0]!;
    for (const id of ids) {
      const key = Buffer.concat([start.subarray(0, 11), Buffer.from([0x80, 0, 0, 0, 0, 0, 0, id])]);
      const value = await h.cluster.snapshots.get(key, ts, NEVER);
      decoder.append(new ByteSlice(key), new ByteSlice(value!));
    }
    const columns = decoder.finish();
    return ids.map((_, row) => columns.map((column, i) => cellAt(column, row, table.columns[i]!.type)));
  }

  /** The same through TiDB, by all its ways to commit. */
  async function sqlTeller(signal: AbortSignal): Promise<void> {
    const sql = await connect(h.rig);
    for (let i = 0; !signal.aborted; i++) {
      await sql.query(`set tidb_enable_1pc = ${i % 2}, tidb_enable_async_commit = ${(i >> 1) % 2}`);
      try {
        await sql.query(i % 3 === 0 ? 'begin optimistic' : 'begin pessimistic');
        await sql.query(`update e2e.bank set balance = balance - 1 where id = ${i % ACCOUNTS}`);
        await sql.query(`update e2e.bank set balance = balance + 1 where id = ${(i * 7 + 1) % ACCOUNTS}`);
        await sql.query('commit');
      } catch {
        await sql.query('rollback');
      }
    }
    await sql.end();
  }

  async function disturb(signal: AbortSignal): Promise<void> {
    const { start, end } = table.recordRanges[0]!;
    for (let i = 0; !signal.aborted; i++) {
      const regions = await h.cluster.regions.cover(start, end, NEVER);
      const region = regions[i % regions.length]!;
      const key = Buffer.concat([
        start.subarray(0, 11),
        Buffer.from([0x80, 0, 0, 0, 0, 0, 0, (i * 11) % ACCOUNTS]),
      ]);
      const acts = [
        () => h.rig.split(key),
        () => h.rig.transferLeader(region.id, BigInt(1 + (i % 3))),
        () => h.rig.merge(region.id),
      ];
      // A region that has changed meanwhile is refused: never mind.
      await acts[i % 3]!().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
});
