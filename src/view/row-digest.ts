/**
 * A select's rows as digests, computed by TiDB itself: what a view and its definition are compared by. A digest is
 * the SHA-1 of every column's text form in hexadecimal (so that no value can imitate a separator), NULL apart from
 * every text.
 */
import { unreachable } from '../base/assert.js';
import { printName } from '../sql/parse/print-text.js';

/**
 * How far a column's value is the definition's to say (SURFACE §4): - `exact`: to the last byte; - `collated`: any string
 * that is equal under its collation is right; - `nullness`: sums of doubles, whose last digits hang on their order;
 * - `nothing`: it is computed from a string that is anybody's choice.
 */
export type Comparison = 'exact' | 'collated' | 'nullness' | 'nothing';

/** A column of both sides. */
export interface ComparedColumn {
  readonly name: string;
  readonly comparison: Comparison;
}

/** An SQL expression: the row's digest, 40 hexadecimal digits. */
function digestOf(columns: readonly ComparedColumn[]): string {
  const cells = columns.map((column) => `IFNULL(${cellOf(column)}, '~')`);
  return `SHA1(CONCAT_WS(',', ${cells.join(', ')}))`;
}

function cellOf({ name, comparison }: ComparedColumn): string {
  const column = printName(name);
  switch (comparison) {
    case 'exact':
      return `HEX(CAST(${column} AS BINARY))`;
    case 'collated':
      // Spaces at the end count for some collations only: for those this sees a little less.
      return `HEX(WEIGHT_STRING(RTRIM(${column})))`;
    case 'nullness':
      return `IF(${column} IS NULL, NULL, '')`;
    case 'nothing':
      return "''";
    default:
      return unreachable(comparison);
  }
}

/**
 * A select of one row: `row_count`, and two sums over the digests. XOR alone would not see two pairs of duplicates
 * exchanged, so another part of the digest is summed too.
 *
 * @param select - any select with these output columns.
 */
export function summarySql(select: string, columns: readonly ComparedColumn[]): string {
  return (
    'SELECT COUNT(*) AS row_count, ' +
    'BIT_XOR(CAST(CONV(SUBSTR(digest, 1, 16), 16, 10) AS UNSIGNED)) AS digest_xor, ' +
    'SUM(CAST(CONV(SUBSTR(digest, 17, 12), 16, 10) AS UNSIGNED)) AS digest_sum ' +
    `FROM (SELECT ${digestOf(columns)} AS digest FROM (${select}) AS rows_of_select) AS digests`
  );
}

/** A select of every row, ordered by its digest: `row_digest`, then the columns in the text form of `values`. */
export function orderedSql(select: string, columns: readonly ComparedColumn[]): string {
  const shown = columns.map(({ name }) => `IFNULL(LEFT(CAST(${printName(name)} AS CHAR), 64), 'NULL')`);
  return (
    `SELECT ${digestOf(columns)} AS row_digest, CONCAT_WS(', ', ${shown.join(', ')}) AS row_text ` +
    `FROM (${select}) AS rows_of_select ORDER BY row_digest`
  );
}
