/**
 * Loaded into a program beside its own code (`node --expose-gc --import`): whoever connects to the Unix socket that
 * TIVIEW_MEMORY_PROBE names has the garbage collected and is told what is left. Its own handle is not counted.
 */
import { createServer } from 'node:net';
import type { MemorySample } from './memory-sample.js';

function sample(): MemorySample {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (prefix: string): number => resources.filter((name) => name.startsWith(prefix)).length;
  return { rss, heap: heapUsed + external, sockets: count('TCPSocket'), timers: count('Timeout') };
}

const path = process.env['TIVIEW_MEMORY_PROBE'];
if (path !== undefined && globalThis.gc !== undefined) {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(JSON.stringify(sample()));
  })
    .listen(path)
    .unref();
}
