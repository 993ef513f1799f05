/**
 * What a proxy counts. Plain numbers on the hot path; `publish` tells the metrics what has been added since it was
 * last called.
 */
import type { Metrics } from '../base/telemetry.js';

/** Counts since the proxy began. */
export class RelayCounts {
  /** Clients accepted. */
  connections = 0;
  /** Clients connected now. */
  openConnections = 0;
  /** Clients refused at once, because there were too many or they came too fast. */
  refusedConnections = 0;
  /** Sessions ended because their client was silent for too long. */
  silentSessions = 0;
  /** Commands of clients, answered by TiDB or here. */
  commands = 0;
  bytesFromClients = 0;
  bytesFromBackends = 0;
  /** Clients that a tidb-server did not take. */
  backendFailures = 0;
  /** Clients that broke the protocol, or their connection. */
  errorsOfClients = 0;
  /** Errors that clients were told by TiView itself. */
  errorsOfTiview = 0;
  /** Errors that clients were told by tidb-servers, and sessions that these broke off. */
  errorsOfServers = 0;
  /** Logins that went on to another tidb-server. */
  loginRetries = 0;
  /** Clients that went away, or were sent away, before their login was done. */
  failedLogins = 0;
  /** Attempts to move sessions to other servers, by what they came to. */
  readonly moves = { moved: 0, refused: 0, failed: 0 };
  #published: Record<string, number> = {};

  /** Adds what is new to the metrics. */
  publish(metrics: Metrics): void {
    this.#add(metrics, 'tiview_client_connections_accepted_total', this.connections);
    this.#add(metrics, 'tiview_client_commands_total', this.commands);
    this.#add(metrics, 'tiview_relayed_from_clients_bytes_total', this.bytesFromClients);
    this.#add(metrics, 'tiview_relayed_from_backends_bytes_total', this.bytesFromBackends);
    this.#add(metrics, 'tiview_login_retries_total', this.loginRetries);
    this.#add(metrics, 'tiview_failed_logins_total', this.failedLogins);
    this.#add(metrics, 'tiview_errors_total', this.errorsOfClients, 'client');
    this.#add(metrics, 'tiview_errors_total', this.errorsOfTiview, 'tiview');
    this.#add(metrics, 'tiview_errors_total', this.errorsOfServers, 'tidb');
    this.#add(metrics, 'tiview_refused_connections_total', this.refusedConnections);
    this.#add(metrics, 'tiview_silent_sessions_ended_total', this.silentSessions);
    metrics.gauge('tiview_client_connections', this.openConnections);
  }

  #add(metrics: Metrics, name: string, total: number, side?: string): void {
    const key = `${name} ${side ?? ''}`;
    const by = total - (this.#published[key] ?? 0);
    if (by > 0) metrics.count(name, by, side === undefined ? {} : { side });
    this.#published[key] = total;
  }
}
