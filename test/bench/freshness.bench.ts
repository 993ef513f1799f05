/**
 * Freshness: how long after a client's COMMIT has returned is the row to be seen in a view, read as any client reads
 * it. A rig, TiView and this program in three processes; a filter view per table is probed while other connections
 * write at a steady rate.
 *
 * Run: `npm run build && node dist/test/bench/freshness.bench.js [interval-ms] [row changes a second] [views]`
 * (defaults 50, 1000, 10). Prints one line of JSON: milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRig } from '../support/rig.js';
import { SqlClient } from '../support/sql-client.js';
import { startTiView } from '../support/tiview.js';

const [intervalMs = 50, rate = 1000, views = 10] = process.argv.slice(2).map(Number);
const PROBES = 300;
const ROWS_A_STATEMENT = 20;
const WRITERS = 4;

await using rig = await startRig({ resolvedIntervalMs: intervalMs });
await using tiview = await startTiView({ tidbPort: rig.mysqlPort });
await using admin = await tiview.connect();
await admin.runAll('create database bench', 'use bench');
await admin.run('create table load_t (id bigint primary key, a int, b varchar(20))');
await admin.run('create table probe_t (id bigint primary key, a int)');
for (let i = 0; i < views - 1; i++) {
  await admin.run(`create materialized view v${i} as select id, a, b from load_t where a >= ${i}`);
}
await admin.run('create materialized view probe_v as select id, a from probe_t where a > 0');

let isOver = false;
let changed = 0;
const writers = Array.from({ length: WRITERS }, async (_, number) => {
  await using client = await SqlClient.open({ port: rig.mysqlPort, database: 'bench' });
  const pauseMs = (1000 * WRITERS * ROWS_A_STATEMENT) / rate;
  for (let round = 0, due = performance.now(); !isOver; round++, due += pauseMs) {
    const base = number * 1_000_000 + (round % 500) * ROWS_A_STATEMENT;
    const rows = Array.from(
      { length: ROWS_A_STATEMENT },
      (_row, i) => `(${base + i}, ${round % 100}, 'x${round}')`,
    );
    await client.run(`replace into load_t values ${rows.join(',')}`);
    changed += ROWS_A_STATEMENT;
    await sleep(Math.max(0, due - performance.now()));
  }
});

await sleep(2000);
await using writer = await SqlClient.open({ port: rig.mysqlPort, database: 'bench' });
await using reader = await tiview.connect({ database: 'bench' });
const latencies: number[] = [];
const startMs = performance.now();
const changedBefore = changed;
for (let probe = 1; probe <= PROBES; probe++) {
  await writer.run(`insert into probe_t values (${probe}, 1)`);
  const committedMs = performance.now();
  while ((await reader.rows(`select 1 from probe_v where id = ${probe}`)).length === 0) await sleep(1);
  latencies.push(performance.now() - committedMs);
  await sleep(Math.random() * 2 * intervalMs);
}
const seconds = (performance.now() - startMs) / 1000;
isOver = true;
await Promise.all(writers);
latencies.sort((a, b) => a - b);
const quantile = (q: number): number => Math.round(10 * (latencies[Math.floor(q * (PROBES - 1))] ?? 0)) / 10;
const result = {
  ...{ intervalMs, views, changesPerSecond: Math.round((changed - changedBefore) / seconds) },
  ...{ p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: quantile(1) },
};
process.stdout.write(`${JSON.stringify(result)}\n`);
