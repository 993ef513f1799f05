/**
 * What a log may say of errors. TiDB's messages, and ours to clients, quote what they are about: a piece of the
 * statement, a value of the row. Users may see that, who reads logs may not.
 */
import { TiviewError, messageOf } from './errors.js';

/** Kinds of errors whose messages quote. */
const QUOTING: ReadonlySet<string> = new Set(['sql', 'evaluation']);
/** Causes of causes that are looked at: more than any error has. */
const DEPTH_MAX = 16;

/** A message without what it quotes: from the first quote to the last, since quoted text may hold quotes itself. */
export function sensitive(message: string): string {
  return message.replace(/["'`][^]*["'`]/, "'…'");
}

/** The message of whatever was thrown, for logs: without what it quotes if it may be of a statement or a row. */
export function loggedCause(error: unknown): string {
  return mayQuote(error) ? sensitive(messageOf(error)) : messageOf(error);
}

function mayQuote(error: unknown): boolean {
  let one = error;
  for (let depth = 0; depth < DEPTH_MAX && one instanceof Error; depth++) {
    if (one instanceof TiviewError && QUOTING.has(one.kind)) return true;
    one = one.cause;
  }
  return false;
}
