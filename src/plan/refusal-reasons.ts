/** Why an expression that the planner does not know is refused, in words for its author. */
import type { Expression } from '../sql/ast/select.js';

/** Reasons of refusals that no definition meets: TiDB has looked at it before. */
export const UNKNOWN_COLUMN = 'no column of the table has this name';
export const AMBIGUOUS_COLUMN = 'more than one column has this name';
export const MISPLACED_AGGREGATE = 'an aggregate function stands where there is no group';
export const UNDECIDED_BY_GROUP = 'GROUP BY does not decide its value';

/** Functions whose value is not a function of the tables' contents. */
const NON_DETERMINISTIC: ReadonlySet<string> = new Set([
  'RAND',
  'UUID',
  'UUID_SHORT',
  'SLEEP',
  'BENCHMARK',
  'CONNECTION_ID',
  'CURRENT_USER',
  'USER',
  'SESSION_USER',
  'SYSTEM_USER',
  'DATABASE',
  'SCHEMA',
  'LAST_INSERT_ID',
  'ROW_COUNT',
  'FOUND_ROWS',
  'GET_LOCK',
  'RELEASE_LOCK',
  'IS_FREE_LOCK',
  'IS_USED_LOCK',
  'NEXTVAL',
  'LASTVAL',
  'SETVAL',
  'SYSDATE',
  'RANDOM_BYTES',
  'LOAD_FILE',
  'TIDB_CURRENT_TSO',
]);

/** The reason, as a clause. */
export function reasonFor(node: Expression): string {
  switch (node.kind) {
    case 'call':
      return NON_DETERMINISTIC.has(node.name)
        ? 'its value does not depend on the contents of tables alone'
        : `the function ${node.name} is not supported yet`;
    case 'aggregate':
      return 'aggregate functions are not supported yet';
    case 'windowCall':
      return 'window functions are not supported yet';
    case 'scalarQuery':
    case 'exists':
    case 'inQuery':
    case 'compareQuery':
      return 'subqueries are not supported yet';
    case 'binary':
    case 'unary':
      return `the operator ${node.operator} is not supported yet`;
    case 'cast':
    case 'convertCharset':
      return 'conversions are not supported yet';
    case 'collate':
      return 'COLLATE is not supported yet';
    case 'bytes':
      return 'hexadecimal and bit literals are not supported yet';
    case 'row':
      return 'row values are not supported yet';
    case 'case':
      return 'CASE is not supported yet';
    default:
      return 'expressions of this kind are not supported yet';
  }
}
