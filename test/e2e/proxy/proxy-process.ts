/**
 * A proxy in a process of its own, to measure its memory and to end it by a signal. Arguments: options in JSON, backends.
 * It tells its port by IPC, and answers each message with what it counts.
 */
import { asBuffer } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { RecordFile } from '../../../src/observe/record-file.js';
import { Proxy } from '../../../src/proxy/proxy.js';
import { PASS, type StatementGates } from '../../../src/proxy/statement-gate.js';
import type { ChildProxyOptions } from './child-proxy.js';

const REFUSED = new SqlError(1288, 'HY000', 'The target table is not updatable: '.padEnd(200, '.'));
const REFUSING: StatementGates = {
  open: () => ({
    judge: ({ bytes, start, end }) =>
      asBuffer(bytes.subarray(start, Math.min(start + 6, end))).toString('latin1') === 'REFUSE'
        ? { kind: 'refuse', error: REFUSED }
        : PASS,
  }),
};

const runtime = systemRuntime((task, error) => {
  console.error(`${task} crashed:`, error);
  process.exitCode = 70;
});
const [optionsText = '{}', ...backends] = process.argv.slice(2);
const { refuses, slowLog, auditLog, ...options } = JSON.parse(optionsText) as ChildProxyOptions;
const fileAt = (path: string, name: string): Promise<RecordFile> =>
  RecordFile.open({ path, name, runtime, telemetry: silent });
const slow = slowLog === undefined ? undefined : await fileAt(slowLog, 'slow');
const audit = auditLog === undefined ? undefined : await fileAt(auditLog, 'audit');
const proxy = await Proxy.start({
  runtime,
  telemetry: silent,
  listen: { host: '127.0.0.1', port: 0 },
  backends,
  ...options,
  ...(refuses === true && { gates: REFUSING }),
  ...((slow ?? audit) !== undefined && {
    journal: {
      audit,
      slow: slow === undefined ? undefined : { sink: slow, thresholdMs: 300, hasText: false },
    },
  }),
});

process.on('message', () => {
  const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { openConnections, connections, commands } = proxy.counts;
  process.send?.({ openConnections, connections, commands, sockets, timers, heapUsed, external, rss });
});
process.once('disconnect', () => process.exit());
process.send?.({ port: proxy.address.port });
