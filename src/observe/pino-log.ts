/** Logs through pino on stderr: JSON lines for machines, readable lines on a terminal. */
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { Log, LogFields } from '../base/telemetry.js';

/** Levels that `--log-level` takes. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log that writes to stderr; readable when `isTerminal`. */
export function stderrLog(level: LogLevel, isTerminal: boolean): Log {
  const options = { level, base: null };
  const stream = isTerminal
    ? pretty({ destination: 2, sync: true, translateTime: 'HH:MM:ss.l' })
    : pino.destination({ dest: 2, sync: true });
  return wrap(pino(options, stream));
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
