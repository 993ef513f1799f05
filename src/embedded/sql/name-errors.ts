/** Names that mean nothing: the planner relies on TiDB to have found them, here nobody has looked before it. */
import { SqlError } from '../../base/errors.js';
import { AMBIGUOUS_COLUMN, UNKNOWN_COLUMN } from '../../plan/bind-expression.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';

/** TiDB's error for a refusal that is about a name; undefined: it is about something else. */
export function nameError(error: unknown): SqlError | undefined {
  if (!(error instanceof NotSupportedError)) return undefined;
  const name = error.piece.replaceAll('`', '');
  if (error.reason === UNKNOWN_COLUMN) return unknownColumn(name, 'field list');
  if (error.reason === AMBIGUOUS_COLUMN)
    return new SqlError(1052, '23000', `Column '${name}' in field list is ambiguous`);
  return undefined;
}

/** ER_BAD_FIELD_ERROR. */
export function unknownColumn(name: string, clause: string): SqlError {
  return new SqlError(1054, '42S22', `Unknown column '${name}' in '${clause}'`);
}
