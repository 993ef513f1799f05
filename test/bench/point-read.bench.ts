/**
 * What maintenance costs readers: a point read by primary key, through TiView, on a view all of whose rows are changed
 * about once a second, beside the same read on a view of the same rows to which nothing happens. The two are read in
 * turns by one connection, so that whatever else the machine does happens to both.
 *
 * Run: `npm run build && node dist/test/bench/point-read.bench.js [interval-ms] [row changes a second] [seconds]`
 * (defaults 50, 1000, 20). Prints one line of JSON: milliseconds; `load` is the machine's load average before and after.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRig } from '../support/rig.js';
import { startTiView } from '../support/tiview.js';
import { quantiles, tenths } from './latencies.js';
import { SteadyWriters, replaceRows } from './steady-writers.js';

const [intervalMs = 50, rate = 1000, seconds = 20] = process.argv.slice(2).map(Number);
/** Few, so that a read often meets a row that is just being changed. */
const ROWS = 800;
const PAUSE_MS = 2;
const loadBefore = loadavg()[0] ?? 0;

await using rig = await startRig({ resolvedIntervalMs: intervalMs });
await using tiview = await startTiView({ tidbPort: rig.mysqlPort });
await using admin = await tiview.connect();
await admin.runAll('create database bench', 'use bench');
await admin.run('create table load_t (id bigint primary key, a int, b varchar(20))');
await admin.run(replaceRows(0, ROWS, 0));
await admin.run('create table idle_t like load_t');
await admin.run('insert into idle_t select * from load_t');
await admin.run('create materialized view busy_v as select id, a, b from load_t where a >= 0');
await admin.run('create materialized view idle_v as select id, a, b from idle_t where a >= 0');

await using writers = new SteadyWriters({ port: rig.mysqlPort, database: 'bench', rate, rows: ROWS });
await using reader = await tiview.connect({ database: 'bench' });
const samples = { idle: [] as number[], busy: [] as number[] };

async function read(view: keyof typeof samples): Promise<void> {
  const id = Math.floor(Math.random() * ROWS);
  const startMs = performance.now();
  const rows = await reader.rows(`select a, b from ${view}_v where id = ${id}`);
  samples[view].push(performance.now() - startMs);
  if (rows.length !== 1) throw new Error(`${rows.length} rows of id ${id} in ${view}_v`);
}

await sleep(2000);
const before = { ms: performance.now(), changed: writers.changed };
while (performance.now() - before.ms < 1000 * seconds) {
  await read('idle');
  await sleep(PAUSE_MS);
  await read('busy');
  await sleep(PAUSE_MS);
}
const elapsed = (performance.now() - before.ms) / 1000;
const result = {
  ...{ intervalMs, changesPerSecond: Math.round((writers.changed - before.changed) / elapsed) },
  ...{ reads: samples.busy.length, busy: quantiles(samples.busy), idle: quantiles(samples.idle) },
  load: [loadBefore, loadavg()[0] ?? 0].map(tenths),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
