/**
 * TiView as its users run it: the compiled program in a process of its own, in front of a rig's TiDB. Tests may end it
 * in any way, and start it again at the same address, which makes it the same member of the cluster.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromUtf8 } from '../../src/base/bytes.js';
import { freePort } from './free-port.js';
import { projectRoot } from './project-root.js';
import { type SessionOptions, SqlClient } from './sql-client.js';

const READY_TIMEOUT_MS = 60_000;
const LOG_BYTES_MAX = 256 * 1024;

/** How to start it. */
export interface TiViewOptions {
  /** TiDB's MySQL port; none: it starts a cluster of its own. */
  readonly tidbPort?: number;
  /** More flags. */
  readonly flags?: readonly string[];
  /** Node's own, before the program. */
  readonly nodeFlags?: readonly string[];
  /** More environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How the process ended. */
export interface TiViewExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** @throws Error — when it ends, or is silent for a minute, before it serves; with the end of its log. */
export async function startTiView(options: TiViewOptions): Promise<TiView> {
  const instance = new TiView(options, { mysql: await freePort(), status: await freePort() });
  await instance.start();
  return instance;
}

/** One instance at one address; the process behind it may come and go. */
export class TiView implements AsyncDisposable {
  readonly port: number;
  /** URL of the status server, without a slash at its end. */
  readonly statusUrl: string;
  readonly #options: TiViewOptions;
  readonly #statusPort: number;
  #child: ChildProcessByStdio<null, Readable, Readable> | undefined;
  #exited: Promise<TiViewExit> = Promise.resolve({ code: 0, signal: null });
  #log = '';

  /** Use {@link startTiView}. */
  constructor(options: TiViewOptions, ports: { readonly mysql: number; readonly status: number }) {
    this.#options = options;
    this.port = ports.mysql;
    this.#statusPort = ports.status;
    this.statusUrl = `http://127.0.0.1:${ports.status}`;
  }

  /** What it has said on stderr, or the end of it, over all its lives. */
  get log(): string {
    return this.#log;
  }

  /** Process id; undefined: it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process; it must not run. Resolves when it serves. */
  async start(): Promise<void> {
    const { tidbPort, nodeFlags = [], environment = {} } = this.#options;
    const child = spawn(
      process.execPath,
      [
        '--enable-source-maps',
        ...nodeFlags,
        join(projectRoot(), 'dist/src/cli/main.js'),
        ...(tidbPort === undefined ? [] : ['--tidb', `127.0.0.1:${tidbPort}`]),
        ...['--listen', `127.0.0.1:${this.port}`],
        ...['--status', `127.0.0.1:${this.#statusPort}`],
        ...(this.#options.flags ?? []),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } },
    );
    this.#child = child;
    child.stderr.on('data', (chunk: Uint8Array) => {
      this.#log = (this.#log + fromUtf8(chunk)).slice(-LOG_BYTES_MAX);
    });
    this.#exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#child = undefined;
        resolve({ code, signal });
      });
    });
    const killWithParent = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithParent);
    void this.#exited.then(() => process.off('exit', killWithParent));
    const isReady = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line').then(() => true),
      this.#exited.then(() => false),
      sleep(READY_TIMEOUT_MS, false, { ref: false }),
    ]);
    if (isReady) return;
    await this.kill('SIGKILL');
    throw new Error(`tiview did not become ready:\n${this.#log.slice(-4000)}`);
  }

  /** Ends the process at once. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<TiViewExit> {
    this.#child?.kill(signal);
    return this.#exited;
  }

  /** Stops (SIGSTOP) or resumes (SIGCONT) it where it stands; has it read its settings again, or replace its front ends. */
  send(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP' | 'SIGUSR2'): void {
    this.#child?.kill(signal);
  }

  /** Ends it in an orderly way; with what code. */
  stop(): Promise<TiViewExit> {
    return this.kill('SIGTERM');
  }

  /** A session through it. */
  connect(options: Omit<SessionOptions, 'port'> = {}): Promise<SqlClient> {
    return SqlClient.open({ ...options, port: this.port });
  }

  /** What `GET path` of the status server says, as JSON. */
  async status(path = '/status'): Promise<unknown> {
    const response = await fetch(this.statusUrl + path);
    return response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
