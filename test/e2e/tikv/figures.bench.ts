/**
 * Figures of the client on the rig: `node --import tsx/esm test/e2e/tikv/figures.bench.ts`. The rig's stores are Go in
 * memory on the same cores, so what is measured is mostly they; what this client costs is in the CPU column.
 */
import { utf8 } from '../../../src/base/bytes.js';
import { RowEncoder } from '../../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import type { Datum } from '../../../src/codec/datum.js';
import { MutationBatch } from '../../../src/codec/mutation-batch.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import { Harness, NEVER, columnsOf, mutationsOf, scanColumnsOf } from './harness.js';

const ROWS = 200_000;

await using h = await Harness.start({ stores: 3 });

function encode(table: TableVersion, rows: readonly (readonly Datum[])[]): Mutation[] {
  const batch = new MutationBatch();
  const encoder = new RowEncoder(
    table,
    table.columns.map((column) => column.id),
  );
  const columns = columnsOf(table, rows);
  rows.forEach((_, row) => encoder.put(columns, row, batch));
  return mutationsOf(batch.consolidated());
}

async function measure(name: string, work: () => Promise<string>): Promise<void> {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const result = await work();
  const wallMs = performance.now() - startedMs;
  const used = process.cpuUsage(cpu);
  const cpuMs = (used.user + used.system) / 1000;
  console.log(`${name.padEnd(34)} ${result.padEnd(46)} ${wallMs.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms CPU`);
}

async function commit(mutations: readonly Mutation[]): Promise<void> {
  const startTs = await h.cluster.tso.next(NEVER);
  const txn = h.cluster.transactions.begin({ startTs, primary: mutations[0]!.key, mutations, txnSource: 1 });
  const prewritten = await txn.prewrite(0, NEVER);
  if (prewritten.kind !== 'ok') throw new Error(prewritten.kind);
  const outcome = await txn.commitPrimary(NEVER);
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  await txn.commitSecondaries(NEVER);
}

const percentile = (sorted: readonly number[], p: number): string =>
  sorted[Math.floor(((sorted.length - 1) * p) / 100)]!.toFixed(2);

const perSecond = (count: number, sinceMs: number): string =>
  `${Math.round((count / (performance.now() - sinceMs)) * 1000)}/s`;

await measure('timestamps, one at a time', async () => {
  const startedMs = performance.now();
  for (let i = 0; i < 3000; i++) await h.tso();
  return perSecond(3000, startedMs);
});
await measure('timestamps, 1000 callers', async () => {
  const startedMs = performance.now();
  const caller = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) await h.tso();
  };
  await Promise.all(Array.from({ length: 1000 }, caller));
  return perSecond(100_000, startedMs);
});

const small = await h.create('small', '(id int primary key, v int)');
await measure('transaction of 2 rows', async () => {
  const times: number[] = [];
  for (let i = 0; i < 600; i++) {
    const mutations = encode(small, [
      [BigInt(2 * i), 1n],
      [BigInt(2 * i + 1), 1n],
    ]);
    const startedMs = performance.now();
    await commit(mutations);
    if (i >= 100) times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  return `p50 ${percentile(times, 50)} ms, p99 ${percentile(times, 99)} ms`;
});

for (const [keys, regions] of [
  [10_000, 1],
  [100_000, 1],
  [100_000, 8],
] as const) {
  const table = await h.create('large', '(id int primary key, v varchar(100))');
  if (regions > 1) await h.query(`split table large between (0) and (${keys}) regions ${regions}`);
  const mutations = encode(
    table,
    Array.from({ length: keys }, (_, i) => [BigInt(i), utf8(`value number ${i}`)]),
  );
  await measure(`transaction of ${keys} keys, ${regions} regions`, async () => {
    const startedMs = performance.now();
    await commit(mutations);
    return perSecond(keys, startedMs);
  });
}

const wide = await h.create(
  'wide',
  '(id bigint primary key, a int, d decimal(12,2), s varchar(40), t datetime)',
);
for (let from = 0; from < ROWS; from += 50_000) {
  const rows = Array.from({ length: 50_000 }, (_, i): Datum[] => {
    const n = from + i;
    return [
      BigInt(n),
      n % 7 === 0 ? null : BigInt(n % 1000),
      null,
      utf8(`some text ${n}`),
      (2024n * 13n + 5n) << 46n,
    ];
  });
  await commit(encode(wide, rows));
}
await h.query('update wide set d = id / 100 limit 50000');
const ts = await h.tso();
const [range] = wide.recordRanges;
for (const columns of [5, 2]) {
  await measure(`coprocessor scan, ${columns} columns`, async () => {
    const startedMs = performance.now();
    const plan = {
      tableId: BigInt(wide.id),
      columns: scanColumnsOf(wide).slice(0, columns),
      usesNewCollation: true,
    };
    let rows = 0;
    for await (const page of h.cluster.coprocessor.scanTable({ plan, ranges: [range!], ts }, NEVER))
      rows += page.rows;
    return `${perSecond(rows, startedMs)} of ${rows}`;
  });
}
await measure('scan of keys', async () => {
  const startedMs = performance.now();
  let rows = 0;
  for await (const page of h.cluster.snapshots.at(ts).scan(range!.start, range!.end, {}, NEVER))
    rows += page.length;
  return `${perSecond(rows, startedMs)} of ${rows}`;
});
