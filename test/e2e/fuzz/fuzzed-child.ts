/** Starts {@link file://./fuzzed-proxy.ts}, and notices when it ends. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ClientTls } from '../../../src/proxy/tls-options.js';
import { reply } from '../../support/child-reply.js';
import type { FuzzedProxyStats } from './fuzzed-proxy.js';

const OUTPUT_BYTES_MAX = 16 * 1024;

/** Proxies in a process of their own. */
export class FuzzedChild {
  readonly #child: ChildProcess;
  readonly ports: readonly number[];
  /** Rejects when the process ends before it is told to. */
  readonly died: Promise<never>;
  #isStopping = false;

  private constructor(child: ChildProcess, ports: readonly number[], output: () => string) {
    this.#child = child;
    this.ports = ports;
    this.died = new Promise((_, reject) => {
      child.once('close', (code, signal) => {
        if (!this.#isStopping) reject(new Error(`the proxy ended (${code ?? signal}): ${output()}`));
      });
    });
    // Whoever plays a scenario races with it; between two of them nobody does.
    this.died.catch(() => undefined);
  }

  /** @param pairs - servers of each proxy, `HOST:PORT,HOST:PORT`. */
  static async start(pairs: readonly string[], tls: ClientTls): Promise<FuzzedChild> {
    const program = fileURLToPath(new URL('fuzzed-proxy.js', import.meta.url));
    const child = fork(program, pairs, {
      execArgv: ['--expose-gc', '--enable-source-maps'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_BYTES_MAX);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.send(tls);
    const { ports } = await reply<{ ports: number[] }>(child);
    return new FuzzedChild(child, ports, () => output);
  }

  async stats(): Promise<FuzzedProxyStats> {
    const answer = reply<FuzzedProxyStats>(this.#child);
    this.#child.send('stats');
    return answer;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }
}
