/**
 * The one table that turns whatever went wrong into what a MySQL client understands.
 *
 * @see https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
 */
import { SqlError, TiviewError, messageOf } from '../base/errors.js';
import type { ErrPacket } from '../wire/err-packet.js';

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
