/**
 * Runs TiView's circuit and its peers one after another, in rounds, on the same files, and prints a table of medians.
 * Checksums must be equal wherever two engines have done the same epochs: else it ends with 1. Only of db-ivm and d2ts
 * is it known that they lose rows of this many (a row is its 32-bit hash to them): that is printed.
 *
 *     node dist/test/bench/ivm/compare.bench.js --peers ../shared/bench/ivm [--rounds 3] [--workloads w1,w2,w3,w4]
 *
 * `--peers`: the folder with `peers/rust` (built by `cargo build --release`) and `node` (after `npm i`).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));

/** What a peer prints: one line of JSON. */
interface Report {
  readonly load: { readonly rowsPerCpuS: number; readonly rssMB: number };
  readonly [section: string]: unknown;
}

interface Section {
  readonly epochs: number;
  readonly p50ms: number;
  readonly changesPerCpuS: number;
}

interface Peer {
  readonly name: string;
  readonly command: (file: string) => readonly [string, ...string[]];
  /** Slow ones run once, and not for longer than this in each section. */
  readonly budgetMs?: number;
  /** Whether it is known to be wrong. */
  readonly isInexact?: boolean;
}

/** Sections of a file, by the changes of an epoch. */
const SECTIONS = ['1000', '100', '10000'];
/** Pinned to one core, so that no engine gains by threads of its runtime. */
const PIN = ['taskset', '-c', '1'] as const;
const BUDGET_MS = 20_000;

const { values } = parseArgs({
  options: {
    peers: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    workloads: { type: 'string', default: 'w1,w2,w3,w4' },
  },
});
if (values.peers === undefined) throw new Error('--peers DIR: where the other engines are');
const peersDir = resolve(values.peers);

function script(name: string, ...flags: readonly string[]): Peer {
  const harness = join(peersDir, 'node', 'harness.mjs');
  return {
    name,
    budgetMs: BUDGET_MS,
    isInexact: true,
    command: (file) => [
      ...PIN,
      'node',
      '--expose-gc',
      '--max-old-space-size=9000',
      harness,
      name,
      file,
      ...flags,
    ],
  };
}

const binary = (name: string): Peer['command'] => {
  return (file) => [...PIN, join(peersDir, 'peers', 'rust', 'target', 'release', name), file];
};
const PEERS: readonly Peer[] = [
  { name: 'tiview', command: (file) => [...PIN, 'node', '--expose-gc', join(here, 'ivm.bench.js'), file] },
  { name: 'dbsp', command: binary('dbsp-peer') },
  { name: 'differential', command: binary('dd-peer') },
  script('db-ivm', '--budget-ms', String(BUDGET_MS)),
  script('d2ts', '--budget-ms', String(BUDGET_MS)),
];

/** Reports by workload and peer; none: the peer did not finish. */
const reports = new Map<string, Report[]>();
const folder = await mkdtemp(join(tmpdir(), 'tiview-ivm-'));
try {
  for (const workload of values.workloads.split(',')) {
    const file = join(folder, `${workload}-1.bin`);
    await run('node', [join(here, 'generate.bench.js'), workload, '1', file]);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const peer of PEERS) {
        if (round > 0 && peer.budgetMs !== undefined) continue;
        const report = await reportOf(peer, file);
        const known = reports.get(`${workload} ${peer.name}`) ?? [];
        reports.set(`${workload} ${peer.name}`, report === undefined ? known : [...known, report]);
      }
    }
    await rm(file);
    printWorkload(workload);
  }
} finally {
  await rm(folder, { recursive: true });
}
checkSums();

async function reportOf(peer: Peer, file: string): Promise<Report | undefined> {
  const [program, ...args] = peer.command(file);
  const timeout = peer.budgetMs === undefined ? 300_000 : peer.budgetMs * 12;
  try {
    const { stdout } = await run(program, args, { timeout, maxBuffer: 1 << 24 });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report;
  } catch (error) {
    console.error(
      `${peer.name} on ${file}: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`,
    );
    return undefined;
  }
}

function sectionOf(report: Report, size: string): Section | undefined {
  return report[`e${size}`] as Section | undefined;
}

function printWorkload(workload: string): void {
  if (workload === values.workloads.split(',')[0]) {
    console.log(
      '|  | load, M rows/cpu-s | 1,000-epoch, k changes/cpu-s | 100 | 10,000 | p50 of 1,000, ms | RSS MB |',
    );
    console.log('|---|---|---|---|---|---|---|');
  }
  for (const { name } of PEERS) {
    const all = reports.get(`${workload} ${name}`) ?? [];
    if (all.length === 0) {
      console.log(`| ${workload} ${name} | did not finish |  |  |  |  |  |`);
      continue;
    }
    const cells = SECTIONS.map((size) => {
      return median(
        all.map((report) => (sectionOf(report, size)?.changesPerCpuS ?? Number.NaN) / 1000),
      ).toFixed(0);
    });
    const load = median(all.map((report) => report.load.rowsPerCpuS / 1e6)).toFixed(2);
    const p50 = median(all.map((report) => sectionOf(report, '1000')?.p50ms ?? Number.NaN)).toFixed(2);
    const rss = median(all.map((report) => report.load.rssMB)).toFixed(0);
    console.log(`| ${workload} ${name} | ${load} | ${cells.join(' | ')} | ${p50} | ${rss} |`);
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Each checksum beside TiView's, wherever both have come to the same epoch. */
function checkSums(): void {
  let compared = 0;
  const wrong = new Set<string>();
  for (const [key, all] of reports) {
    const [workload = '', name] = key.split(' ');
    const [ours] = reports.get(`${workload} tiview`) ?? [];
    if (ours === undefined) throw new Error(`TiView did not finish ${workload}`);
    for (const report of all) {
      for (const size of ['0', ...SECTIONS]) {
        const isWhole = size === '0' || sectionOf(report, size)?.epochs === sectionOf(ours, size)?.epochs;
        if (!isWhole || report[`hash${size}`] === undefined) break;
        compared++;
        if (report[`hash${size}`] === ours[`hash${size}`]) continue;
        wrong.add(key);
        if (PEERS.find((peer) => peer.name === name)?.isInexact !== true) process.exitCode = 1;
      }
    }
  }
  console.log(`${compared} checksums; different: ${[...wrong].join(', ') || 'none'}`);
}
