/**
 * The one table that turns whatever went wrong into what a MySQL client understands.
 *
 * @see https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
 */
import { SqlError, TiviewError, messageOf } from '../base/errors.js';
import { type ErrPacket, printErr } from '../wire/err-packet.js';
import { frame } from '../wire/packet-writer.js';

/** ER_UNKNOWN_ERROR: for what has no number of its own. */
const UNKNOWN = { errno: 1105, sqlState: 'HY000' };

/** Numbers by {@link TiviewError.kind}; the rest is {@link UNKNOWN}. */
const BY_KIND: Readonly<Record<string, { readonly errno: number; readonly sqlState: string }>> = {
  /** ER_MALFORMED_PACKET. */
  protocol: { errno: 1835, sqlState: 'HY000' },
};

/** @param error - anything that was thrown. */
export function toErrPacket(error: unknown): ErrPacket {
  const message = messageOf(error);
  if (error instanceof SqlError) return { errno: error.errno, sqlState: error.sqlState, message };
  const code = error instanceof TiviewError ? BY_KIND[error.kind] : undefined;
  return { ...(code ?? UNKNOWN), message };
}

/** An ERR packet, framed. @param error - anything that was thrown. */
export function framedErr(sequence: number, error: unknown): Uint8Array {
  return frame(sequence, (out) => printErr(toErrPacket(error), out));
}

/** An ERR packet in the place of the greeting: before the protocol's version is known, there is no SQL state. */
export function framedErrForGreeting(error: unknown): Uint8Array {
  return frame(0, (out) => printErr({ ...toErrPacket(error), sqlState: '' }, out));
}
