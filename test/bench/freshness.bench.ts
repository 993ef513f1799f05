/**
 * Freshness: how long after a client's COMMIT has returned is the row to be seen in a view, read as any client reads
 * it. A rig, TiView and this program in three processes; a filter view per table is probed while other connections
 * write at a steady rate.
 *
 * Run: `npm run build && node dist/test/bench/freshness.bench.js [interval-ms] [row changes a second] [views]`
 * (defaults 50, 1000, 10; half a minute). Prints one line of JSON: milliseconds; `phases` are means over the epochs,
 * as of `tiview_epoch_phase_seconds` on the status port; `load` is the machine's load average before and after.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRig } from '../support/rig.js';
import { SqlClient } from '../support/sql-client.js';
import { startTiView } from '../support/tiview.js';
import { epochPhases, meanPhases } from './epoch-phases.js';
import { quantiles, tenths } from './latencies.js';
import { SteadyWriters } from './steady-writers.js';

const [intervalMs = 50, rate = 1000, views = 10] = process.argv.slice(2).map(Number);
const PROBES = 300;
const loadBefore = loadavg()[0] ?? 0;

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

await using writers = new SteadyWriters({ port: rig.mysqlPort, database: 'bench', rate, rows: 40_000 });
await sleep(2000);
await using writer = await SqlClient.open({ port: rig.mysqlPort, database: 'bench' });
await using reader = await tiview.connect({ database: 'bench' });
const latencies: number[] = [];
const before = { ms: performance.now(), changed: writers.changed };
const phasesBefore = await epochPhases(tiview.statusUrl);
for (let probe = 1; probe <= PROBES; probe++) {
  await writer.run(`insert into probe_t values (${probe}, 1)`);
  const committedMs = performance.now();
  while ((await reader.rows(`select 1 from probe_v where id = ${probe}`)).length === 0) await sleep(1);
  latencies.push(performance.now() - committedMs);
  await sleep(Math.random() * 2 * intervalMs);
}
const seconds = (performance.now() - before.ms) / 1000;
const result = {
  ...{ intervalMs, views, changesPerSecond: Math.round((writers.changed - before.changed) / seconds) },
  ...quantiles(latencies),
  phases: meanPhases(phasesBefore, await epochPhases(tiview.statusUrl)),
  load: [loadBefore, loadavg()[0] ?? 0].map(tenths),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
