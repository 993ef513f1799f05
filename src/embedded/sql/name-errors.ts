/** What TiDB would have found wrong: the planner relies on TiDB to have looked, here nobody has looked before it. */
import { SqlError } from '../../base/errors.js';
import {
  AMBIGUOUS_COLUMN,
  MISPLACED_AGGREGATE,
  UNDECIDED_BY_GROUP,
  UNKNOWN_COLUMN,
} from '../../plan/refusal-reasons.js';
import type { Query } from '../../sql/ast/select.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';

/** TiDB's error for a refusal that is about a mistake; undefined: it is about something else. */
export function mistakeIn(query: Query, error: unknown, sqlMode: string | undefined): SqlError | undefined {
  if (!(error instanceof NotSupportedError)) return undefined;
  const name = error.piece.replaceAll('`', '');
  switch (error.reason) {
    case UNKNOWN_COLUMN:
      return unknownColumn(name, 'field list');
    case AMBIGUOUS_COLUMN:
      return new SqlError(1052, '23000', `Column '${name}' in field list is ambiguous`);
    case MISPLACED_AGGREGATE:
      return new SqlError(1111, 'HY000', 'Invalid use of group function');
    case UNDECIDED_BY_GROUP:
      return sqlMode?.includes('ONLY_FULL_GROUP_BY') === true ? notGrouped(query, name) : undefined;
    default:
      return undefined;
  }
}

/** ER_WRONG_FIELD_WITH_GROUP and ER_MIX_OF_GROUP_FUNC_AND_FIELDS. */
function notGrouped({ body }: Query, name: string): SqlError {
  const end = 'this is incompatible with sql_mode=only_full_group_by';
  if (body.kind === 'select' && body.groupBy === undefined)
    return new SqlError(
      8123,
      'HY000',
      `In aggregated query without GROUP BY, the SELECT list contains nonaggregated column '${name}'; ${end}`,
    );
  return new SqlError(
    1055,
    '42000',
    `The SELECT list is not in GROUP BY clause and contains nonaggregated column '${name}' which is not functionally dependent on columns in GROUP BY clause; ${end}`,
  );
}

/** ER_BAD_FIELD_ERROR. */
export function unknownColumn(name: string, clause: string): SqlError {
  return new SqlError(1054, '42S22', `Unknown column '${name}' in '${clause}'`);
}
