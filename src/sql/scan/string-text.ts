/**
 * The text of a string literal.
 *
 * @see https://dev.mysql.com/doc/refman/8.0/en/string-literals.html, pingcap/tidb pkg/parser/lexer.go (handleEscape)
 */
import { fromUtf8 } from '../../base/bytes.js';

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['0', '\0'],
  ['b', '\b'],
  ['Z', '\x1a'],
  ['r', '\r'],
  ['t', '\t'],
  // LIKE patterns need these two as they are.
  ['%', '\\%'],
  ['_', '\\_'],
]);

/**
 * What a string literal stands for.
 *
 * @param literal - with its quotes, without introducer.
 * @param noBackslashEscapes - the sql_mode of that name: doubled quotes are then the only escape.
 */
export function unquoteString(literal: string, noBackslashEscapes: boolean): string {
  const quote = literal.charAt(0);
  const body = literal.slice(1, -1);
  if (noBackslashEscapes) return body.replaceAll(quote + quote, quote);
  let text = '';
  for (let i = 0; i < body.length; i++) {
    const character = body.charAt(i);
    if (character === '\\') {
      const next = body.charAt(++i);
      text += ESCAPES.get(next) ?? next;
    } else {
      if (character === quote) i++;
      text += character;
    }
  }
  return text;
}

/** {@link unquoteString} for the literal bytes[start, end), in UTF-8. */
export function stringText(
  bytes: Uint8Array,
  start: number,
  end: number,
  noBackslashEscapes: boolean,
): string {
  return unquoteString(fromUtf8(bytes.subarray(start, end)), noBackslashEscapes);
}
