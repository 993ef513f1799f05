/**
 * What the layers say about themselves: structured logs (operational signals, never per row) and metrics. The
 * implementation is `observe`'s, and is injected; nobody imports it.
 */

/** Fields of a log line: camelCase, with identifiers (`viewId`, `regionId`, `connId`). */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** A log: info for changes of state, warn for recovery, error where somebody has to act. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  with(fields: LogFields): Log;
}

/** Labels of one series of a metric. Few and bounded: never an id that grows. */
export type Labels = Readonly<Record<string, string>>;

/** Counts, levels and distributions under Prometheus' naming rules (`tiview_epochs_total`). */
export interface Metrics {
  /** Adds to a counter. */
  count(name: string, by?: number, labels?: Labels): void;
  /** Sets a level. */
  gauge(name: string, value: number, labels?: Labels): void;
  /** Adds an observation, in seconds or bytes as the name's suffix says, to a histogram. */
  observe(name: string, value: number, labels?: Labels): void;
  /**
   * Adds observations that were counted elsewhere to a histogram that is declared as counted.
   *
   * @param counts - by bucket of the declaration, and last those above all bounds.
   * @param sum - of all observed values.
   */
  observeCounted(name: string, counts: readonly number[], sum: number, labels?: Labels): void;
  /** Ends a series whose labels mean nothing any more. */
  forget(name: string, labels: Labels): void;
}

/** Logs and metrics together, as they are passed around. */
export interface Telemetry {
  readonly log: Log;
  readonly metrics: Metrics;
}

const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};

/** Says nothing: for tests and tools. */
export const silent: Telemetry = {
  log: silentLog,
  metrics: {
    count: () => undefined,
    gauge: () => undefined,
    observe: () => undefined,
    observeCounted: () => undefined,
    forget: () => undefined,
  },
};
