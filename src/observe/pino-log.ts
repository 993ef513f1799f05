/** Logs through pino on stderr: JSON lines for machines, readable lines on a terminal. */
import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Log, LogFields } from '../base/telemetry.js';
import type { ProgressLine } from './progress-line.js';

/** Levels that `--log-level` takes. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log that writes JSON lines to stderr. */
export function stderrLog(level: LogLevel): Log {
  return wrap(pino({ level, base: null }, pino.destination({ dest: 2, sync: true })));
}

/** A log that people read, above a line that shows progress. */
export function terminalLog(level: LogLevel, line: ProgressLine): Log {
  const printed = prettyFactory({ colorize: true, translateTime: 'HH:MM:ss.l' });
  return wrap(pino({ level, base: null }, { write: (entry) => line.write(printed(entry)) }));
}

function wrap(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(plain(fields), message),
    info: (message, fields) => logger.info(plain(fields), message),
    warn: (message, fields) => logger.warn(plain(fields), message),
    error: (message, fields) => logger.error(plain(fields), message),
    with: (fields) => wrap(logger.child(plain(fields))),
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
