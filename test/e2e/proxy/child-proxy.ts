/** Starts {@link file://./proxy-process.ts} and asks it things. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WORKER_NODE_OPTIONS } from '../../../src/cli/workers/worker-process.js';
import type { ProxyOptions } from '../../../src/proxy/proxy.js';
import { reply } from '../../support/child-reply.js';

/** How the process is set up: what can be said in JSON. */
export interface ChildProxyOptions extends Pick<ProxyOptions, 'limits' | 'clientTls'> {
  /** Statements that begin with REFUSE are refused by the proxy itself. */
  readonly refuses?: boolean;
  /** Files of the slow-query and the audit log. */
  readonly slowLog?: string;
  readonly auditLog?: string;
}

/** What the process says of itself. */
export interface ProxyStats {
  readonly openConnections: number;
  readonly connections: number;
  readonly commands: number;
  /** Open TCP handles, the listening one included. */
  readonly sockets: number;
  /** Timers that are set. */
  readonly timers: number;
  readonly rss: number;
  /** After a garbage collection. */
  readonly heapUsed: number;
  /** Bytes outside of the heap, of buffers above all; likewise. */
  readonly external: number;
}

/** A proxy in a process of its own, which Node runs as it runs a worker. */
export class ChildProxy {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static start(...backends: string[]): Promise<ChildProxy> {
    return ChildProxy.startWith({}, ...backends);
  }

  static async startWith(options: ChildProxyOptions, ...backends: string[]): Promise<ChildProxy> {
    // Compiled or not: the process runs the form that this file has.
    const self = fileURLToPath(import.meta.url);
    const program = self.replace(/child-proxy([.]\w+)$/, 'proxy-process$1');
    const child = fork(program, [JSON.stringify(options), ...backends], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...process.execArgv, ...WORKER_NODE_OPTIONS, '--expose-gc'],
    });
    const { port } = await reply<{ port: number }>(child);
    return new ChildProxy(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stats(): Promise<ProxyStats> {
    const answer = reply<ProxyStats>(this.#child);
    this.#child.send('stats');
    return answer;
  }

  /** Resident bytes at most since this was last called (Linux). */
  peakRss(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await exited;
  }
}
