/**
 * The refusal of a definition: error 1235, naming the piece of SQL and why it cannot be maintained.
 *
 * @see https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html (ER_NOT_SUPPORTED_YET)
 */
import { SqlError } from '../base/errors.js';

const LONGEST_QUOTE = 200;

/** A piece of SQL that a view cannot contain. */
export class NotSupportedError extends SqlError {
  /** The SQL that is refused, as it stands in the canonical definition. */
  readonly piece: string;
  /** Why, as a clause without capital or full stop. */
  readonly reason: string;

  constructor(piece: string, reason: string) {
    const quote = piece.length > LONGEST_QUOTE ? `${piece.slice(0, LONGEST_QUOTE)}…` : piece;
    super(1235, '42000', `A materialized view does not yet support '${quote}': ${reason}`);
    this.piece = piece;
    this.reason = reason;
  }
}
