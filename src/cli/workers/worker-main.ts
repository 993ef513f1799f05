/**
 * The executable of a front-end process. It ends when the main process tells it to, or is no more (node:cluster sees to
 * that): without it no view statement could be answered, and the names of views would grow old. Loads neither the
 * engine nor the client of TiKV.
 */
import { loggedCause } from '../../base/sensitive.js';
import { systemRuntime } from '../../base/system-runtime.js';
import type { Log } from '../../base/telemetry.js';
import { stderrLog, terminalLog } from '../../observe/pino-log.js';
import { ProgressLine } from '../../observe/progress-line.js';
import { PrometheusMetrics } from '../../observe/prometheus-metrics.js';
import type { MainDuties, WorkerDuties } from './contract.js';
import { FrontEndProcess } from './front-end-process.js';
import { type Message, Peer } from './peer.js';
import { READY } from './worker-process.js';

const FAILURE_EXIT = 1;

let log: Log | undefined;

/** A bug, or a background task that has failed: this process's clients are lost, and nobody else's. */
function crash(what: string, error: unknown): void {
  log?.error('a front end has failed; its process ends', { what, error: loggedCause(error) });
  process.exit(FAILURE_EXIT);
}

// The main process says when this one is to end: a terminal's Ctrl-C reaches both.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);

const frontEnd = new FrontEndProcess({
  main: () => main,
  runtime: systemRuntime(crash),
  metrics: new PrometheusMetrics(),
  openLog: ({ number, settings }) => {
    const level = settings.options['log-level'];
    const opened = process.stderr.isTTY
      ? terminalLog(level, new ProgressLine(process.stderr))
      : stderrLog(level);
    const own = opened.with({ worker: number });
    log = own;
    return own;
  },
  memoryBytes: () => process.memoryUsage.rss(),
});

const main: Peer<WorkerDuties, MainDuties> = new Peer({
  // What cannot be sent any more is no loss: this process ends with its channel.
  send: (message) => void process.send?.(message, undefined, undefined, () => undefined),
  duties: frontEnd.duties,
  onBug: (error) => crash('duty', error),
});
process.on('message', (message) => main.receive(message as Message));
process.send?.(READY);
