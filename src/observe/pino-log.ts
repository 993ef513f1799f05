/** Logs through pino on stderr: JSON lines for machines, readable lines on a terminal. */
import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Log, LogFields } from '../base/telemetry.js';
import type { ProgressLine } from './progress-line.js';

/** Levels that `--log-level` takes. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log whose level may change; with it that of all logs that were made from it. */
export interface SettableLog extends Log {
  setLevel(level: LogLevel): void;
  with(fields: LogFields): SettableLog;
}

/** A log that writes JSON lines to stderr. */
export function stderrLog(level: LogLevel): SettableLog {
  return wrap(pino({ level, base: null }, pino.destination({ dest: 2, sync: true })), { level });
}

/** A log that people read, above a line that shows progress. */
export function terminalLog(level: LogLevel, line: ProgressLine): SettableLog {
  const printed = prettyFactory({ colorize: true, translateTime: 'HH:MM:ss.l' });
  return wrap(pino({ level, base: null }, { write: (entry) => line.write(printed(entry)) }), { level });
}

/** @param threshold - shared by all logs that come from one: pino's children keep the level that they were made at. */
function wrap(logger: Logger, threshold: { level: LogLevel }): SettableLog {
  const current = (): Logger => {
    if (logger.level !== threshold.level) logger.level = threshold.level;
    return logger;
  };
  return {
    debug: (message, fields) => current().debug(plain(fields), message),
    info: (message, fields) => current().info(plain(fields), message),
    warn: (message, fields) => current().warn(plain(fields), message),
    error: (message, fields) => current().error(plain(fields), message),
    with: (fields) => wrap(logger.child(plain(fields)), threshold),
    setLevel: (level) => (threshold.level = level),
  };
}

/** Bigints as text: JSON has no 64-bit numbers. */
function plain(fields: LogFields | undefined): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    out[name] = typeof value === 'bigint' ? value.toString() : value;
  }
  return out;
}
