/**
 * What a proxy writes down on demand: slow statements, and who did what (audit). Absent unless asked for. Records are
 * facts of sessions and statements; where they go, and what becomes of them when they cannot be written, is the sink's
 * business.
 */

/** One line of a log, without its time. A field that is undefined is left out. */
export type JournalRecord = Readonly<Record<string, string | number | boolean | undefined>>;

/** Takes records. Never waits and never throws. */
export interface RecordSink {
  write(record: JournalRecord): void;
}

/** How slow statements are written down. */
export interface SlowOptions {
  readonly sink: RecordSink;
  /** From the statement's arrival to the last byte of its answer; what takes as long or longer is written down. */
  readonly thresholdMs: number;
  /** Whether with their text; else with a digest of it. */
  readonly hasText: boolean;
}

/** What is written down. */
export interface JournalOptions {
  /** Statements that take long; undefined: nobody wants to know. */
  readonly slow: SlowOptions | undefined;
  /** Logins, failures, ends, changes of views, KILL; undefined: nobody wants to know. */
  readonly audit: RecordSink | undefined;
}
