/** Text for SQL statements of the control account, whose `sql_mode` is empty. */
import { printName } from '../sql/parse/print-text.js';

/** `schema`.`table`. */
export function quoteTable(schema: string, table: string): string {
  return `${printName(schema)}.${printName(table)}`;
}
