/** Keeps what is known of the tidb-servers' load fresh, for as long as the proxy lives. */
import { allOrAbort } from '../base/concurrency.js';
import { limits } from '../base/limits.js';
import { type Runtime, StoppedError } from '../base/runtime.js';
import { withinTime } from '../base/time-limit.js';
import type { Backend, Backends } from './backends.js';
import { type LoadSample, LoadTracker, parseLoadSample } from './balance/server-load.js';
import { askStatusPort } from './status-port.js';
import type { StatusTls } from './tls-options.js';

/** Asks one server. @returns undefined: it does not say. */
export type LoadReader = (backend: Backend, signal: AbortSignal) => Promise<LoadSample | undefined>;

/**
 * Asks all servers, all at once, again and again.
 *
 * @throws the signal's reason.
 */
export async function watchLoad(
  backends: Backends,
  read: LoadReader,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<never> {
  let trackers = new Map<Backend, LoadTracker>();
  for (;;) {
    const servers = backends.all();
    trackers = new Map(servers.map((server) => [server, trackers.get(server) ?? new LoadTracker()]));
    const asked = [...trackers].map(([server, tracker]) => async (stop: AbortSignal) => {
      const sample = await read(server, stop);
      const nowMs = runtime.monotonicMs();
      if (sample !== undefined) tracker.take(sample, nowMs);
      backends.measured(server, tracker.figures(nowMs));
    });
    await allOrAbort(asked, signal);
    await runtime.sleep(limits.loadPauseMs, signal);
  }
}

/**
 * Reads a server's load from its status port, in `limits.loadReadMs` at most.
 *
 * @throws the signal's reason.
 */
export async function readLoad(
  { status }: Backend,
  { runtime, statusTls }: { readonly runtime: Runtime; readonly statusTls: StatusTls | undefined },
  signal: AbortSignal,
): Promise<LoadSample | undefined> {
  if (status === undefined) return undefined;
  const late = (): Error => new StoppedError('it took too long to say its load');
  const request = { endpoint: status, path: '/metrics', tls: statusTls, bytesMax: limits.statusAnswerBytes };
  const answer = await withinTime(
    { runtime, ms: limits.loadReadMs, late },
    (bound) => askStatusPort(request, bound),
    signal,
  );
  signal.throwIfAborted();
  return answer?.code === 200 ? parseLoadSample(answer.body) : undefined;
}
