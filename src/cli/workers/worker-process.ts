/**
 * Processes of front ends, by node:cluster. They share one listening socket, which the main process holds and never
 * accepts from: each process accepts for itself, so that the engine's work delays no client, and connections that wait
 * are lost with no process.
 */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Message } from './peer.js';

/** What a process says first: it listens to its channel. */
export const READY = 'ready';

/** A front-end process, as the pool needs it. */
export interface WorkerProcess {
  /** Never used again. */
  readonly id: number;
  readonly pid: number;
  send(message: Message): void;
  /** Ends the channel, upon which the process ends by itself. */
  disconnect(): void;
  /** Ends it at once. */
  kill(): void;
}

/**
 * Node's own options for a process that only relays. What it allocates lives for a query, or for a session: V8's young
 * generation need not be as large as it would become, and 16 MB twice are a third of the process.
 */
export const WORKER_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=8'];

/** What is heard of it. */
export interface WorkerEvents {
  received(message: Message): void;
  /** Told once, last. @param how - its exit code or the signal. */
  exited(how: string): void;
}

/** Starts one. */
export function forkWorker(events: WorkerEvents): WorkerProcess {
  // Round robin would have the main process accept, and send each socket on.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('worker-main.js', import.meta.url)),
    args: [],
    execArgv: [...process.execArgv, ...WORKER_NODE_OPTIONS],
    // Bigints, sets and bytes cross.
    serialization: 'advanced',
  });
  const worker = cluster.fork();
  // node:cluster listens to the channel before the program does: what is sent until then would be lost.
  let early: Message[] | undefined = [];
  const post = (message: Message): void => void worker.process.send(message, () => undefined);
  worker.on('message', (message: Message | typeof READY) => {
    if (message !== READY) {
      events.received(message);
      return;
    }
    for (const waiting of early ?? []) post(waiting);
    early = undefined;
  });
  worker.on('exit', (code: number | null, signal: string | null) =>
    events.exited(signal ?? `code ${code ?? ''}`),
  );
  // A channel that breaks is followed by the end of its process.
  worker.on('error', () => undefined);
  return {
    id: worker.id,
    pid: worker.process.pid ?? 0,
    send: (message) => {
      if (early === undefined) post(message);
      else early.push(message);
    },
    disconnect: () => {
      if (worker.isConnected()) worker.process.disconnect();
    },
    kill: () => void worker.process.kill('SIGKILL'),
  };
}
