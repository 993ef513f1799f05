/**
 * A select's rows as digests, computed by TiDB itself: what a view and its definition are compared by. A digest is
 * the SHA-1 of every column's text form in hexadecimal (so that no value can imitate a separator), NULL apart from
 * every text.
 */
import { quoteName } from './quote.js';

/** An SQL expression: the row's digest, 40 hexadecimal digits. */
function digestOf(columns: readonly string[]): string {
  const cells = columns.map((column) => `IFNULL(HEX(CAST(${quoteName(column)} AS BINARY)), '~')`);
  return `SHA1(CONCAT_WS(',', ${cells.join(', ')}))`;
}

/**
 * A select of one row: `row_count`, and two sums over the digests. XOR alone would not see two pairs of duplicates
 * exchanged, so another part of the digest is summed too.
 *
 * @param select - any select with these output columns.
 */
export function summarySql(select: string, columns: readonly string[]): string {
  return (
    'SELECT COUNT(*) AS row_count, ' +
    'BIT_XOR(CAST(CONV(SUBSTR(digest, 1, 16), 16, 10) AS UNSIGNED)) AS digest_xor, ' +
    'SUM(CAST(CONV(SUBSTR(digest, 17, 12), 16, 10) AS UNSIGNED)) AS digest_sum ' +
    `FROM (SELECT ${digestOf(columns)} AS digest FROM (${select}) AS rows_of_select) AS digests`
  );
}

/** A select of every row, ordered by its digest: `row_digest`, then the columns in the text form of `values`. */
export function orderedSql(select: string, columns: readonly string[]): string {
  const shown = columns.map((column) => `IFNULL(LEFT(CAST(${quoteName(column)} AS CHAR), 64), 'NULL')`);
  return (
    `SELECT ${digestOf(columns)} AS row_digest, CONCAT_WS(', ', ${shown.join(', ')}) AS row_text ` +
    `FROM (${select}) AS rows_of_select ORDER BY row_digest`
  );
}
