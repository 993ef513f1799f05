/** Tells the metrics of each tidb-server for as long as it has clients or may get some. */
import type { Metrics } from '../base/telemetry.js';
import type { Backend } from './backends.js';

/** What a session does: logs in, nothing, nothing within a transaction, or waits for an answer. */
export const SESSION_STATES = ['login', 'idle', 'transaction', 'answering'] as const;

/** One of {@link SESSION_STATES}. */
export type SessionState = (typeof SESSION_STATES)[number];

/** A session, as far as it is counted. */
export interface CountedSession {
  /** The server that it is on, or tries to get on. */
  readonly backend: Backend | undefined;
  /** Undefined: it is ending. */
  readonly state: SessionState | undefined;
}

/** Every metric with the label `server`: all end with it. */
const BY_SERVER = [
  'tiview_backend_connections',
  'tiview_backend_is_healthy',
  'tiview_backend_commands_total',
  'tiview_backend_errors_total',
  'tiview_backend_connect_failures_total',
  'tiview_backend_failed_logins_total',
  'tiview_backend_from_clients_bytes_total',
  'tiview_backend_received_bytes_total',
  'tiview_backend_command_seconds',
] as const;

/** Remembers which servers the metrics have. */
export class ServerMetrics {
  #published: ReadonlySet<string> = new Set();

  /** Tells what is new, and ends the metrics of servers that are not among these any more. */
  publish(servers: readonly Backend[], sessions: Iterable<CountedSession>, metrics: Metrics): void {
    const census = count(sessions);
    for (const backend of servers) {
      const { address: server, connections, health, counts } = backend;
      metrics.gauge('tiview_backend_connections', connections, { server });
      metrics.gauge('tiview_backend_is_healthy', Number(health === 'healthy'), { server });
      for (const state of SESSION_STATES) {
        metrics.gauge('tiview_backend_sessions', census.get(backend)?.[state] ?? 0, { server, state });
      }
      counts.publish(metrics, { server });
    }
    const addresses = new Set(servers.map(({ address }) => address));
    for (const server of this.#published) {
      if (!addresses.has(server)) forget(server, metrics);
    }
    this.#published = addresses;
  }
}

function count(sessions: Iterable<CountedSession>): ReadonlyMap<Backend, Record<SessionState, number>> {
  const census = new Map<Backend, Record<SessionState, number>>();
  for (const { backend, state } of sessions) {
    if (backend === undefined || state === undefined) continue;
    let counted = census.get(backend);
    if (counted === undefined) {
      counted = { login: 0, idle: 0, transaction: 0, answering: 0 };
      census.set(backend, counted);
    }
    counted[state]++;
  }
  return census;
}

function forget(server: string, metrics: Metrics): void {
  for (const name of BY_SERVER) metrics.forget(name, { server });
  for (const state of SESSION_STATES) metrics.forget('tiview_backend_sessions', { server, state });
}
