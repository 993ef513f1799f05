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
  /** Commands of clients, answered by TiDB or here. */
  commands = 0;
  bytesFromClients = 0;
  bytesFromBackends = 0;
  /** tidb-servers that did not take a connection. */
  backendFailures = 0;
  /** Clients that went away, or were sent away, before their login was done. */
  failedLogins = 0;
  #published: Record<string, number> = {};

  /** Adds what is new to the metrics. */
  publish(metrics: Metrics): void {
    this.#add(metrics, 'tiview_client_connections_accepted_total', this.connections);
    this.#add(metrics, 'tiview_client_commands_total', this.commands);
    this.#add(metrics, 'tiview_relayed_from_clients_bytes_total', this.bytesFromClients);
    this.#add(metrics, 'tiview_relayed_from_backends_bytes_total', this.bytesFromBackends);
    this.#add(metrics, 'tiview_backend_connect_failures_total', this.backendFailures);
    this.#add(metrics, 'tiview_failed_logins_total', this.failedLogins);
    metrics.gauge('tiview_client_connections', this.openConnections);
  }

  #add(metrics: Metrics, name: string, total: number): void {
    const by = total - (this.#published[name] ?? 0);
    if (by > 0) metrics.count(name, by);
    this.#published[name] = total;
  }
}
