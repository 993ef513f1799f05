/**
 * A real TiDB for tests: spawns the Go program of `test/tidb` (PD, TiKV stores, change feed and TiDB in one process,
 * everything on free ports of 127.0.0.1), building it first if it is missing or older than its sources, and opens
 * its doors: the HTTP calls by which a test disturbs and watches the cluster. What the rig imitates, its faults and
 * where it differs from a real cluster is in test/tidb/README.md.
 *
 * The child ends when its standard input closes, so it cannot outlive the test process, however that ends.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fromUtf8, toHex } from '../../src/base/bytes.js';
import { type Ts, ts } from '../../src/codec/tso.js';
import { projectRoot } from './project-root.js';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const STDERR_BYTES_MAX = 64 * 1024;

/** How to start a rig; what is left out is as the program's own flags have it. */
export interface RigOptions {
  /** TiKV stores, each a port of its own; default 1. */
  readonly stores?: number;
  /** Cadence of the resolved timestamp; default 100. */
  readonly resolvedIntervalMs?: number;
  /** How late PD knows of splits, merges and new leaders; default 40. */
  readonly pdLagMs?: number;
  /** Faults from the start: kinds or groups with probabilities, such as `feed,kv-busy=0.1` or `all`. */
  readonly faults?: string;
  /** Faults leave the requests of the rig's own TiDB alone. */
  readonly spareTidb?: boolean;
  /** Seed of the faults' randomness; default 1. */
  readonly seed?: number;
  /** `false`: only PD and the stores, which start in a tenth of the time. */
  readonly tidb?: boolean;
  /** PD of a rig that runs: only a TiDB, one more server of that cluster, whose doors are then this one's too. */
  readonly join?: string;
  /** TiDB's labels, such as `zone=east,rack=3`; default none. */
  readonly labels?: string;
  /** A TOML file with more of TiDB's configuration. */
  readonly tidbConfig?: string;
  /** TiDB's MySQL port; default any. */
  readonly tidbPort?: number;
  /** How long TiDB serves on, with 500 on its status port, after it was told to end; whole seconds, default 0. */
  readonly gracefulWaitS?: number;
}

/** One chance of a fault; see test/tidb/README.md for the kinds. */
export interface FaultShot {
  /** RPC method such as `KvCommit`; default any. */
  readonly method?: string;
  /** How many times; default 1. */
  readonly count?: number;
  /** Whose requests; default `client`, everybody but TiDB. */
  readonly from?: 'client' | 'tidb' | 'any';
}

/** What the rig has counted since its start. */
export interface RigStats {
  /** RPCs by method, PD's and the stores', everybody's. */
  readonly rpc: Readonly<Record<string, number>>;
  /** The stores' RPCs by method, without TiDB's. */
  readonly clientRpc: Readonly<Record<string, number>>;
  /** Feed rows by type, `resolved` messages, `error` events and `registration`s. */
  readonly feed: Readonly<Record<string, number>>;
  /** Faults that struck, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Subscriptions now open. */
  readonly subscriptions: number;
  /** Prewritten Put and Delete locks now held. */
  readonly locks: number;
  readonly regions: number;
}

/** A lock that somebody holds. */
export interface HeldLock {
  /** Raw, in hexadecimal. */
  readonly key: string;
  readonly startTs: string;
  readonly primary: boolean;
}

/** How the rig's process ended. */
export interface RigExit {
  /** 134 where TiKV would have aborted; `stderr` says why. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** The line that the program prints when it serves. */
interface ReadyLine {
  readonly pd: string;
  readonly stores: readonly string[];
  readonly tidb?: string;
  readonly status?: string;
  readonly clusterId: string;
  readonly startMs: number;
  readonly dir: string;
}

type RigProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a rig.
 *
 * @throws Error — when it cannot be built, or ends or is silent for a minute before it serves.
 */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const home = join(projectRoot(), 'test/tidb');
  await build(home);
  const child = spawn(join(home, 'bin/rig'), flags(options), { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = watch(child);
  const line = await Promise.race([
    firstLine(child.stdout),
    exited.then((exit) => Promise.reject(new Error(`the rig ended: ${JSON.stringify(exit)}`))),
    tooLate(READY_TIMEOUT_MS, child, exited),
  ]);
  return new Rig(child, JSON.parse(line) as ReadyLine, exited);
}

/** A running rig. */
export class Rig implements AsyncDisposable {
  /** TiDB's MySQL port on 127.0.0.1 (or where its configuration says), user `root` without password; 0 with `tidb: false`. */
  readonly mysqlPort: number;
  /** TiDB's status address, `host:port`; empty with `tidb: false`. */
  readonly status: string;
  /** PD's address, `host:port`: gRPC, its HTTP API and the doors. */
  readonly pd: string;
  /** The stores' addresses; store ids count from 1. */
  readonly stores: readonly string[];
  readonly clusterId: bigint;
  /** How long the program took to serve. */
  readonly startMs: number;
  /** Where its logs are until it ends. */
  readonly dir: string;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<RigExit>;
  readonly pid: number;
  readonly #child: RigProcess;

  /** Use {@link startRig}. */
  constructor(child: RigProcess, ready: ReadyLine, exited: Promise<RigExit>) {
    this.#child = child;
    this.exited = exited;
    this.pid = child.pid ?? 0;
    this.mysqlPort = Number(ready.tidb?.split(':').at(-1) ?? 0);
    this.status = ready.status ?? '';
    this.pd = ready.pd;
    this.stores = ready.stores;
    this.clusterId = BigInt(ready.clusterId);
    this.startMs = ready.startMs;
    this.dir = ready.dir;
  }

  /** Ends the process; waits for its end. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    const late = new AbortController();
    const killed = sleep(STOP_TIMEOUT_MS, undefined, { signal: late.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => false,
    );
    await this.exited;
    late.abort();
    await killed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  // Regions and stores

  /** Splits at a raw key; the ids of the pieces, left to right (the right one keeps the id). */
  async split(rawKey: Uint8Array): Promise<readonly bigint[]> {
    const ids = (await this.#post('split', { key: toHex(rawKey) })) as readonly number[];
    return ids.map(BigInt);
  }

  /** Merges the region's right neighbour into it. */
  async merge(regionId: bigint): Promise<void> {
    await this.#post('merge', { region: regionId });
  }

  /** Makes another store lead the region. */
  async transferLeader(regionId: bigint, storeId: bigint): Promise<void> {
    await this.#post('transfer-leader', { region: regionId, store: storeId });
  }

  /** The store refuses connections and its open ones break; after a second its regions get other leaders. */
  async stopStore(storeId: bigint): Promise<void> {
    await this.#post('stop-store', { store: storeId });
  }

  /** The store serves again, at its old address. */
  async startStore(storeId: bigint): Promise<void> {
    await this.#post('start-store', { store: storeId });
  }

  // PD

  /** A fresh timestamp of PD. */
  async tso(): Promise<Ts> {
    return ts(BigInt((await this.#get('tso')) as string));
  }

  /** PD does not lead for a while: unary calls get UNAVAILABLE "not leader", timestamp streams break. */
  async pdStepsDown(ms: number): Promise<void> {
    await this.#post('pd-leader', { ms });
  }

  /** How late PD knows of splits, merges and new leaders. */
  async setPdLag(ms: number): Promise<void> {
    await this.#post('pd-lag', { ms });
  }

  /**
   * One round of GC, up to the least barrier, or with `force` past all of them. From then on the feed's scans have
   * lost what lies below, silently.
   */
  async collectGarbage(safePoint: Ts, force = false): Promise<{ safePoint: Ts; blocker: string }> {
    const reply = await this.#post('gc', { 'safe-point': safePoint, ...(force && { force: 1 }) });
    const { safePoint: reached, blocker } = reply as { safePoint: string; blocker: string };
    return { safePoint: ts(BigInt(reached)), blocker };
  }

  // The feed

  /** No resolved timestamps for a while. */
  async pauseResolved(ms: number): Promise<void> {
    await this.#post('pause-resolved', { ms });
  }

  /** Cadence of the resolved timestamp, as `SET CONFIG tikv cdc.min-ts-interval` changes it. */
  async setResolvedInterval(ms: number): Promise<void> {
    await this.#post('resolved-interval', { ms });
  }

  // Faults and statistics

  /** Switches faults on by kind or group, such as `feed,kv-busy=0.1`; `delayMs` is how long delays are at most. */
  async setFaults(spec: string, options: { delayMs?: number; spareTidb?: boolean } = {}): Promise<void> {
    await this.#post('faults', {
      spec,
      ...(options.delayMs !== undefined && { delay: options.delayMs }),
      ...(options.spareTidb !== undefined && { 'spare-tidb': options.spareTidb ? 1 : 0 }),
    });
  }

  /** Ends all faults, also those waiting for their chance. */
  async clearFaults(): Promise<void> {
    await this.#post('faults', { clear: 1 });
  }

  /** Makes a fault strike at its next chance. */
  async faultNext(kind: string, shot: FaultShot = {}): Promise<void> {
    await this.#post('fault-next', { kind, ...shot });
  }

  /** The next such request is executed, but its caller sees UNAVAILABLE or DEADLINE_EXCEEDED. */
  async dropNextReply(method: string, shot: Omit<FaultShot, 'method'> = {}): Promise<void> {
    await this.#post('drop-next-reply', { method, ...shot });
  }

  /** What has been counted. */
  async stats(): Promise<RigStats> {
    const counted = (await this.#get('stats')) as Partial<RigStats>;
    const none = { rpc: {}, clientRpc: {}, feed: {}, faults: {}, subscriptions: 0, locks: 0, regions: 0 };
    return { ...none, ...counted };
  }

  /** The prewritten Put and Delete locks now held, oldest transaction first. */
  async locks(): Promise<readonly HeldLock[]> {
    return (await this.#get('locks')) as readonly HeldLock[];
  }

  async #get(door: string): Promise<unknown> {
    return this.#call(door, {}, 'GET');
  }

  async #post(door: string, query: Readonly<Record<string, string | number | bigint>>): Promise<unknown> {
    return this.#call(door, query, 'POST');
  }

  async #call(
    door: string,
    query: Readonly<Record<string, string | number | bigint>>,
    method: string,
  ): Promise<unknown> {
    const url = new URL(`http://${this.pd}/rig/${door}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const response = await fetch(url, { method });
    const text = await response.text();
    if (!response.ok) throw new Error(`rig: ${door}: ${text}`);
    return JSON.parse(text);
  }
}

let built: Promise<void> | undefined;

/** Builds once a process; build.sh itself sees whether there is anything to do. */
function build(home: string): Promise<void> {
  built ??= (async () => {
    const running = promisify(execFile)(join(home, 'build.sh'), { maxBuffer: 16 * 1024 * 1024 });
    running.child.stderr?.pipe(process.stderr);
    await running;
  })();
  return built;
}

function flags(options: RigOptions): string[] {
  const args = ['-stdin'];
  if (options.stores !== undefined) args.push('-stores', String(options.stores));
  if (options.resolvedIntervalMs !== undefined)
    args.push('-resolved-interval', `${options.resolvedIntervalMs}ms`);
  if (options.pdLagMs !== undefined) args.push('-pd-lag', `${options.pdLagMs}ms`);
  if (options.faults !== undefined) args.push('-faults', options.faults);
  if (options.spareTidb === true) args.push('-spare-tidb');
  if (options.seed !== undefined) args.push('-seed', String(options.seed));
  if (options.join !== undefined) args.push('-join', options.join);
  if (options.labels !== undefined) args.push('-labels', options.labels);
  if (options.tidbConfig !== undefined) args.push('-tidb-config', options.tidbConfig);
  if (options.tidbPort !== undefined) args.push('-tidb-port', String(options.tidbPort));
  if (options.gracefulWaitS !== undefined) args.push('-graceful-wait', `${options.gracefulWaitS}s`);
  if (options.tidb === false) args.push('-tidb=false');
  return args;
}

/** Rejects, and ends the process, when it is silent for too long; a child that has spoken is left alone. */
async function tooLate(ms: number, child: RigProcess, exited: Promise<RigExit>): Promise<never> {
  const hasSpoken = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    exited.then(() => true),
    sleep(ms, false, { ref: false }),
  ]);
  if (hasSpoken) return new Promise(() => undefined);
  child.kill('SIGKILL');
  throw new Error('the rig did not become ready');
}

async function firstLine(stdout: Readable): Promise<string> {
  const lines = createInterface({ input: stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return line;
}

/** Collects the end of what the process says on stderr, and its end. */
function watch(child: RigProcess): Promise<RigExit> {
  let stderr = '';
  child.stderr.on('data', (chunk: Uint8Array) => {
    stderr = (stderr + fromUtf8(chunk)).slice(-STDERR_BYTES_MAX);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}
