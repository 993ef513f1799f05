/**
 * What the relay costs: the same load straight to a server, through TiView and through HAProxy (if it is installed;
 * test/clients/install.sh haproxy), in interleaved rounds, so that a noisy machine is noisy for all of them. Figures
 * are medians over rounds; CPU is the middle process's own, from /proc, so it does not depend on who else runs.
 *
 *     node dist/test/bench/relay.bench.js [--rounds 5] [--seconds 2] [--tidb rig | HOST:PORT] [--only point,stream,login,idle]
 *
 * Without --tidb the server is relay-backend.ts, which answers at once, and TiView is its proxy without anything else:
 * what is measured is then the relay alone, with bare-relay.ts beside it for what Node itself costs. With --tidb it is the
 * whole program, with one worker and with two; `rig` starts a TiDB.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ChildProxy } from '../e2e/proxy/child-proxy.js';
import { reply } from '../support/child-reply.js';
import { startRig } from '../support/rig.js';
import { startTiView } from '../support/tiview.js';
import type { Load, LoadResult } from './relay-load.js';

/** A way from the load to the server. */
interface Way {
  readonly name: string;
  readonly port: number;
  /** The process in the middle, if there is one; it may have others below it. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

interface Measured extends LoadResult {
  /** Seconds of what is in the middle. */
  readonly cpu: number;
  /** Of the largest of its processes. */
  readonly rssBytes: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    tidb: { type: 'string' },
    only: { type: 'string', default: 'point,stream,login,idle' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const only = values.only.split(',');
const self = fileURLToPath(import.meta.url);
const sibling = (name: string): string => join(dirname(self), name + self.slice(self.lastIndexOf('.')));
const TICKS_PER_SECOND = 100;
/** Connections that are open and say nothing. */
const IDLE = 5_000;

/** A process and all below it. */
function familyOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  const file = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : [];
  return [pid, ...children.flatMap(familyOf)];
}

/** User and system seconds that a process has used, all its threads together. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function startHaproxy(server: string): Promise<Way | undefined> {
  if (spawnSync('haproxy', ['-v']).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'tiview-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const port = 20_000 + (process.pid % 20_000);
  const defaults = ['mode tcp', 'timeout connect 5s', 'timeout client 1h', 'timeout server 1h'];
  const sections = {
    global: ['nbthread 1', 'maxconn 9000'],
    defaults,
    'listen mysql': [`bind 127.0.0.1:${port}`, `server one ${server}`],
  };
  const lines = Object.entries(sections).flatMap(([name, body]) => [
    name,
    ...body.map((line) => `  ${line}`),
  ]);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const haproxy = spawn('haproxy', ['-f', file, '-db'], { stdio: 'ignore' });
  while (!(await greets(port))) {
    if (haproxy.exitCode !== null) throw new Error(`HAProxy exited with ${haproxy.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = async (): Promise<void> => {
    const exited = new Promise((resolve) => haproxy.once('exit', resolve));
    haproxy.kill();
    await exited;
    rmSync(folder, { recursive: true });
  };
  return { name: 'HAProxy', port, pid: haproxy.pid, stop };
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function measure(load: ChildProcess, way: Way, what: Omit<Load, 'port'>): Promise<Measured> {
  const cpu = (): number => familyOf(way.pid).reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = cpu();
  const answer = reply<LoadResult>(load);
  load.send({ ...what, port: way.port });
  const result = await answer;
  return { ...result, cpu: cpu() - before, rssBytes: Math.max(0, ...familyOf(way.pid).map(rssBytes)) };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

async function compare(
  load: ChildProcess,
  ways: readonly Way[],
  what: Omit<Load, 'port'>,
  title: string = what.kind,
): Promise<void> {
  if (!only.includes(what.kind)) return;
  const results = new Map<Way, Measured[]>(ways.map((way) => [way, []]));
  // A second is too little for V8 to have compiled a login.
  for (const way of ways) await measure(load, way, { ...what, seconds: Math.max(2, what.seconds) });
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) results.get(way)?.push(await measure(load, way, what));
  }
  console.log(`\n${title}, ${what.connections} connection${what.connections > 1 ? 's' : ''}`);
  for (const [way, measured] of results)
    console.log(`  ${way.name.padEnd(17)} ${report(way, measured, what.kind)}`);
}

/** What a connection costs that has asked once and is silent since. */
async function compareIdle(
  load: ChildProcess,
  ways: readonly Way[],
  what: Omit<Load, 'port'>,
): Promise<void> {
  console.log(`\nidle, ${what.connections} connections`);
  for (const way of ways) {
    const before = Math.max(0, ...familyOf(way.pid).map(rssBytes));
    const { count, seconds: opening, rssBytes: after } = await measure(load, way, what);
    await measure(load, way, { ...what, kind: 'release' });
    const memory = way.pid === undefined ? '' : `${((after - before) / count / 1024).toFixed(1)} KB each`;
    console.log(`  ${way.name.padEnd(17)} ${memory.padEnd(20)} opened in ${opening.toFixed(1)} s`);
  }
}

function report(way: Way, measured: readonly Measured[], kind: Load['kind']): string {
  const of = (what: (one: Measured) => number): number => median(measured.map(what));
  const parts: string[] = [];
  if (kind === 'stream') {
    parts.push(`${of(({ bytes, seconds: s }) => bytes / s / 1e6).toFixed(0)} MB/s`);
    const cpu = of((one) => one.cpu / (one.bytes / 1e8)) * 1000;
    if (way.pid !== undefined) parts.push(`CPU ${cpu.toFixed(0)} ms per 100 MB`);
  } else {
    parts.push(`${of(({ count, seconds: s }) => count / s).toFixed(0)}/s`);
    const cpu = of((one) => one.cpu / one.count) * 1e6;
    if (way.pid !== undefined) parts.push(`CPU ${cpu.toFixed(1)} µs each`);
  }
  if (kind === 'point') {
    parts.push(
      `p50 ${of(({ p50Ms }) => p50Ms).toFixed(2)} ms`,
      `p99 ${of(({ p99Ms }) => p99Ms).toFixed(2)} ms`,
    );
  }
  const rss = Math.max(...measured.map((one) => one.rssBytes));
  if (way.pid !== undefined) parts.push(`RSS ${(rss / 1e6).toFixed(0)} MB`);
  return parts.map((part) => part.padEnd(20)).join(' ');
}

/** TiView alone, and the least that a relay in Node does. */
async function startRelays(server: string): Promise<Way[]> {
  const proxy = await ChildProxy.start(server);
  const bare = fork(sibling('bare-relay'), [server], { stdio: 'inherit' });
  const { port: barePort } = await reply<{ port: number }>(bare);
  const stopBare = async (): Promise<void> => {
    const exited = new Promise((resolve) => bare.once('exit', resolve));
    bare.disconnect();
    await exited;
  };
  return [
    { name: 'TiView', port: proxy.port, pid: proxy.pid, stop: () => proxy.stop() },
    { name: 'bare Node', port: barePort, pid: bare.pid, stop: stopBare },
  ];
}

/** The whole program, with one worker and with two. */
async function startPrograms(tidbPort: number): Promise<Way[]> {
  const ways: Way[] = [];
  for (const workers of ['1', '2']) {
    const tiview = await startTiView({ tidbPort, flags: ['--workers', workers] });
    const stop = async (): Promise<void> => {
      await tiview.stop();
    };
    ways.push({ name: `TiView, workers ${workers}`, port: tiview.port, pid: tiview.pid, stop });
  }
  return ways;
}

const backend = values.tidb === undefined ? fork(sibling('relay-backend'), { stdio: 'inherit' }) : undefined;
const rig = values.tidb === 'rig' ? await startRig() : undefined;
const port =
  backend === undefined
    ? (rig?.mysqlPort ?? Number(values.tidb?.split(':')[1]))
    : (await reply<{ port: number }>(backend)).port;
const server = backend === undefined && rig === undefined ? (values.tidb ?? '') : `127.0.0.1:${port}`;
const haproxy = await startHaproxy(server);
const ways: Way[] = [
  { name: 'direct', port, pid: undefined, stop: () => Promise.resolve() },
  ...(backend === undefined ? await startPrograms(port) : await startRelays(server)),
];
if (haproxy !== undefined) ways.push(haproxy);
else console.log('HAProxy is missing: run test/clients/install.sh haproxy');
const load = fork(sibling('relay-load'), { stdio: 'inherit' });

console.log(`${cpus()[0]?.model ?? ''} × ${cpus().length}, Node ${process.version}, server ${server}`);
const point = values.tidb === undefined ? 'SELECT v FROM test.t WHERE id = 12345' : 'SELECT 12345';
const numbers = 'WITH RECURSIVE d AS (SELECT 1 n UNION ALL SELECT n + 1 FROM d WHERE n < 800)';
const large =
  values.tidb === undefined
    ? { narrow: 'narrow', wide: 'wide' }
    : {
        narrow: `${numbers} SELECT REPEAT('x', 90) FROM d a, d b, d c LIMIT 2200000`,
        wide: `${numbers} SELECT REPEAT('x', 16000) FROM d a, d b LIMIT 13000`,
      };
for (const connections of [1, 16, 64, 256]) {
  await compare(load, ways, { kind: 'point', connections, seconds, sql: point });
}
for (const [rows, sql] of Object.entries(large)) {
  await compare(load, ways, { kind: 'stream', connections: 1, seconds, sql }, `200 MB in ${rows} rows`);
}
await compare(load, ways, { kind: 'login', connections: 16, seconds, sql: '' });
if (only.includes('idle'))
  await compareIdle(load, ways, { kind: 'idle', connections: IDLE, seconds, sql: point });

load.disconnect();
for (const way of ways) await way.stop();
backend?.disconnect();
await rig?.stop();
