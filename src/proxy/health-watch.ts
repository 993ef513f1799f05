/** Keeps what is known of the tidb-servers' health fresh, for as long as the proxy lives. */
import { allOrAbort } from '../base/concurrency.js';
import { limits } from '../base/limits.js';
import type { Runtime } from '../base/runtime.js';
import type { Backend, Backends } from './backends.js';

/** Checks one server. @see checkHealth */
export type HealthCheck = (backend: Backend, signal: AbortSignal) => Promise<string | undefined>;

/**
 * Checks all servers, all at once, again and again; a server that is new is checked soon, and no other with it.
 *
 * @throws the signal's reason.
 */
export async function watchHealth(
  backends: Backends,
  check: HealthCheck,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    await checkAll(backends.all(), backends, check, signal);
    const untilMs = runtime.monotonicMs() + limits.backendCheckPauseMs;
    for (;;) {
      const leftMs = untilMs - runtime.monotonicMs();
      if (leftMs <= 0) break;
      // No `await` lies between the look and the wait, so no arrival is missed.
      if (!backends.hasUnchecked) await backends.arrivals.waitAtMost(leftMs, runtime, signal);
      const unchecked = backends.all().filter(({ health }) => health === 'unknown');
      await checkAll(unchecked, backends, check, signal);
    }
  }
}

async function checkAll(
  servers: readonly Backend[],
  backends: Backends,
  check: HealthCheck,
  signal: AbortSignal,
): Promise<void> {
  await allOrAbort(
    servers.map((backend) => async (stop) => {
      const conclude = backends.checking(backend);
      conclude(await check(backend, stop));
    }),
    signal,
  );
}
