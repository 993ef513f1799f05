/**
 * A proxy in a process of its own, to measure its memory and to end it by a signal. Arguments: backends. It tells its
 * port by IPC, and answers each message with what it counts.
 */
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { Proxy } from '../../../src/proxy/proxy.js';

const runtime = systemRuntime((task, error) => {
  console.error(`${task} crashed:`, error);
  process.exitCode = 70;
});
const proxy = await Proxy.start({
  runtime,
  telemetry: silent,
  listen: { host: '127.0.0.1', port: 0 },
  backends: process.argv.slice(2),
});

process.on('message', () => {
  const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  const { heapUsed, external, rss } = process.memoryUsage();
  const { openConnections, connections, commands } = proxy.counts;
  process.send?.({ openConnections, connections, commands, sockets, heapUsed, external, rss });
});
process.once('disconnect', () => process.exit());
process.send?.({ port: proxy.address.port });
