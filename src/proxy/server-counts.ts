/** What a proxy counts of one tidb-server: plain numbers on the hot path, told to the metrics now and then. */
import type { Labels, Metrics } from '../base/telemetry.js';
import { LatencyCounts } from './latency-counts.js';

/** Counts since the server was first known. */
export class ServerCounts {
  /** Commands of its sessions' clients, whether it answered them or TiView did. */
  commands = 0;
  /** Commands that it answered by an error, and sessions and logins that it refused or broke off. */
  errors = 0;
  /** Clients that it did not take. */
  connectFailures = 0;
  /** Logins that did not come to their end on it. */
  failedLogins = 0;
  /** Of its sessions' clients, whether it got them or TiView kept them. */
  bytesFromClients = 0;
  /** That it sent. */
  bytesReceived = 0;
  /** How long it took to answer. */
  readonly latencies = new LatencyCounts();
  #published: Record<string, number> = {};

  /** Adds what is new to the metrics. @param labels - of all of them: the server's. */
  publish(metrics: Metrics, labels: Labels): void {
    this.#add(metrics, labels, 'tiview_backend_commands_total', this.commands);
    this.#add(metrics, labels, 'tiview_backend_errors_total', this.errors);
    this.#add(metrics, labels, 'tiview_backend_connect_failures_total', this.connectFailures);
    this.#add(metrics, labels, 'tiview_backend_failed_logins_total', this.failedLogins);
    this.#add(metrics, labels, 'tiview_backend_from_clients_bytes_total', this.bytesFromClients);
    this.#add(metrics, labels, 'tiview_backend_received_bytes_total', this.bytesReceived);
    const { counts, seconds } = this.latencies.take();
    metrics.observeCounted('tiview_backend_command_seconds', counts, seconds, labels);
  }

  #add(metrics: Metrics, labels: Labels, name: string, total: number): void {
    const published = this.#published[name];
    if (total === published) return;
    // Nothing is told too, once: a series that is there from the beginning can be watched from the beginning.
    metrics.count(name, total - (published ?? 0), labels);
    this.#published[name] = total;
  }
}
