/**
 * Proxies in a process of their own, for sessions that nobody wishes for: real ones, with real gates before a view that
 * does not exist, and a clock that runs ten times faster, so that deadlines are met within the test. Arguments: one pair
 * of servers, `HOST:PORT,HOST:PORT`, for each proxy; every other one offers TLS (certificate and key: PEM, by IPC).
 *
 * Run with --expose-gc. It tells its ports by IPC, answers each message with what it holds, and ends at once with code
 * 70 when a background task crashes; anything else unhandled ends it as Node does.
 */
import { performance } from 'node:perf_hooks';
import type { Runtime } from '../../../src/base/runtime.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { ViewGates } from '../../../src/proxy/intercept/view-gates.js';
import { Proxy } from '../../../src/proxy/proxy.js';
import type { ClientTls } from '../../../src/proxy/tls-options.js';
import { fakeViews } from './fake-views.js';

/** What the process holds after a garbage collection. */
export interface FuzzedProxyStats {
  readonly openConnections: number;
  /** TCP handles, those that listen included. */
  readonly sockets: number;
  readonly heap: number;
  readonly rss: number;
}

const SPEED = 10;
const CRASH_EXIT = 70;

const real = systemRuntime((task, error) => {
  console.error(`${task} crashed:`, error);
  process.exit(CRASH_EXIT);
});
const runtime: Runtime = {
  ...real,
  monotonicMs: () => performance.now() * SPEED,
  sleep: (ms, signal) => real.sleep(ms / SPEED, signal),
};

async function start(tls: ClientTls): Promise<void> {
  const proxies: Proxy[] = [];
  for (const [index, pair] of process.argv.slice(2).entries()) {
    const gates = new ViewGates(fakeViews, {
      mayBeOurs: () => false,
      answeredUser: () => Promise.resolve(undefined),
      interrupt: () => Promise.resolve(),
      presentId: (id) => Promise.resolve(id),
    });
    const listen = { host: '127.0.0.1', port: 0 };
    const backends = pair.split(',');
    const clientTls = index % 2 === 0 ? {} : { clientTls: tls };
    proxies.push(await Proxy.start({ runtime, telemetry: silent, listen, backends, gates, ...clientTls }));
  }
  process.on('message', () => {
    globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    const stats: FuzzedProxyStats = {
      openConnections: proxies.reduce((sum, { counts }) => sum + counts.openConnections, 0),
      sockets: process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length,
      heap: heapUsed + external,
      rss,
    };
    process.send?.(stats);
  });
  process.send?.({ ports: proxies.map(({ address }) => address.port) });
}

process.once('disconnect', () => process.exit());
process.once('message', (tls) => void start(tls as ClientTls));
