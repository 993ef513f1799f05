/** Names and strings as SQL. */

/** A name in backticks. */
export function printName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A string in quotes, with backslashes escaped (for a session without NO_BACKSLASH_ESCAPES). */
export function printString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
