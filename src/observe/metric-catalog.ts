/**
 * Every metric of the program, in one place: what a reader of `/metrics` may rely on. Names follow Prometheus' rules
 * (`_total` for counters, base units in the name).
 *
 * @see https://prometheus.io/docs/practices/naming/
 */

/** What kind of a metric, what it says, and which labels it has. */
export interface MetricDeclaration {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
  /** Whether a histogram takes its observations counted: `Metrics.observeCounted`. */
  readonly isCounted?: boolean;
  /** How a gauge's values of several front-end processes become one; default: their sum. */
  readonly merge?: 'sum' | 'min';
}

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Powers of two, as proxy/latency-counts.ts has them: 0.125 ms … 32.768 s. */
const latencyBuckets = Array.from({ length: 19 }, (_, i) => 2 ** i / 8000);

/** name → declaration. */
export const metricCatalog: Readonly<Record<string, MetricDeclaration>> = {
  tiview_client_connections: { kind: 'gauge', help: 'Client connections open now' },
  tiview_client_connections_accepted_total: { kind: 'counter', help: 'Client connections accepted' },
  tiview_refused_connections_total: {
    kind: 'counter',
    help: 'Clients refused when they connected, because there were too many or they came too fast',
  },
  tiview_silent_sessions_ended_total: {
    kind: 'counter',
    help: 'Sessions ended because their client was silent for too long',
  },
  tiview_client_commands_total: { kind: 'counter', help: 'Commands that clients sent' },
  tiview_relayed_from_clients_bytes_total: { kind: 'counter', help: 'Bytes relayed from clients' },
  tiview_relayed_from_backends_bytes_total: { kind: 'counter', help: 'Bytes relayed from tidb-servers' },
  tiview_backend_connect_failures_total: {
    kind: 'counter',
    help: 'Clients that a tidb-server did not take',
    labels: ['server'],
  },
  tiview_backend_failed_logins_total: {
    kind: 'counter',
    help: 'Clients that went away, or were sent away, before their login was done, by the last tidb-server',
    labels: ['server'],
  },
  tiview_backend_sessions: {
    kind: 'gauge',
    help: 'Sessions on a tidb-server, by what they do: login, idle, transaction (idle within one), answering',
    labels: ['server', 'state'],
  },
  tiview_backend_commands_total: {
    kind: 'counter',
    help: 'Commands of clients whose session is on a tidb-server, answered by it or by TiView',
    labels: ['server'],
  },
  tiview_backend_errors_total: {
    kind: 'counter',
    help: 'Commands that a tidb-server answered by an error, and sessions and logins that it refused or broke off',
    labels: ['server'],
  },
  tiview_backend_from_clients_bytes_total: {
    kind: 'counter',
    help: 'Bytes from clients whose session is on a tidb-server',
    labels: ['server'],
  },
  tiview_backend_received_bytes_total: {
    kind: 'counter',
    help: 'Bytes that a tidb-server sent',
    labels: ['server'],
  },
  tiview_backend_command_seconds: {
    kind: 'histogram',
    help: "From a command to the end of the tidb-server's answer, of a random quarter of all commands",
    labels: ['server'],
    buckets: latencyBuckets,
    isCounted: true,
  },
  tiview_errors_total: {
    kind: 'counter',
    help: 'Errors by whose they are: client (broke the protocol or the connection), tiview (told so), tidb (told so, or broke off)',
    labels: ['side'],
  },
  tiview_login_retries_total: {
    kind: 'counter',
    help: 'Logins that went on to another tidb-server, once for each',
  },
  tiview_backend_connections: {
    kind: 'gauge',
    help: 'Connections to a tidb-server, open or being opened',
    labels: ['server'],
  },
  tiview_backend_is_healthy: {
    kind: 'gauge',
    help: '1 if a tidb-server has passed its last health check and no client has found it failing since',
    labels: ['server'],
    merge: 'min',
  },
  tiview_session_moves_total: {
    kind: 'counter',
    help: 'Attempts to move a session to another tidb-server, by outcome: moved, refused (it cannot be carried), failed',
    labels: ['outcome'],
  },
  tiview_session_move_seconds: {
    kind: 'histogram',
    help: 'For how long a session that moved stood still',
    buckets: secondsBuckets,
  },
  tiview_failed_logins_total: { kind: 'counter', help: 'Clients whose login did not come to its end' },
  tiview_rpc_total: { kind: 'counter', help: 'RPCs sent to PD and TiKV', labels: ['method'] },
  tiview_rpc_errors_total: { kind: 'counter', help: 'RPC attempts that failed, by cause', labels: ['cause'] },
  tiview_feed_rows_total: { kind: 'counter', help: 'Committed row changes received through change feeds' },
  tiview_feed_bytes_total: { kind: 'counter', help: 'Bytes received through change feeds' },
  tiview_feed_resubscriptions_total: {
    kind: 'counter',
    help: 'Regions subscribed again, by cause',
    labels: ['cause'],
  },
  tiview_log_records_lost_total: {
    kind: 'counter',
    help: 'Records that could not be written to the slow-query or audit log',
    labels: ['log'],
  },
  tiview_epochs_total: { kind: 'counter', help: 'Epoch transactions committed' },
  tiview_epoch_seconds: {
    kind: 'histogram',
    help: 'Time of an epoch from closing its input to its commit',
    buckets: secondsBuckets,
  },
  tiview_epoch_phase_seconds: {
    kind: 'histogram',
    help: 'Where the time of an epoch goes; wait: of its oldest change until TiKV had resolved it, by the clock of PD',
    labels: ['phase'],
    buckets: secondsBuckets,
  },
  tiview_epoch_rows_total: { kind: 'counter', help: 'Row changes that epochs took in' },
  tiview_view_rows_written_total: { kind: 'counter', help: 'Rows that epochs wrote to views' },
  tiview_commit_outcomes_total: {
    kind: 'counter',
    help: 'Attempts to commit an epoch, by outcome',
    labels: ['outcome'],
  },
  tiview_lag_seconds: { kind: 'gauge', help: 'Age of the applied ts of the group' },
  tiview_is_leader: { kind: 'gauge', help: '1 if this instance maintains the views' },
  tiview_term: { kind: 'gauge', help: 'Term of the reign as last seen' },
  tiview_views: { kind: 'gauge', help: 'Registered views, by state', labels: ['state'] },
  tiview_state_rows: { kind: 'gauge', help: 'Rows held in memory by the engine' },
  tiview_build_rows_total: { kind: 'counter', help: 'Rows written by builds' },
};
