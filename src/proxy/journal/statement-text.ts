/**
 * A statement's text as a slow log may show it: bounded, and not at all where it may hold a secret; or instead of it a
 * digest, which is the same for statements that differ in literals, letter case and blanks only. It is no digest of
 * TiDB's own kind: that would need its parser.
 */
import { createHash } from 'node:crypto';
import { fromUtf8 } from '../../base/bytes.js';
import { DEFAULT_LEX_MODE } from '../../sql/scan/lex-mode.js';
import { TokenCursor } from '../../sql/scan/token-cursor.js';

/** Passwords of accounts, keys in the addresses of backups, and what applications call theirs. */
const SECRET = /identified|passw|secret|access-?key|token|credential/i;
const DIGEST_LENGTH = 32;
const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;

/** The text; undefined where it may hold a secret. */
export function shownText(text: Uint8Array): string | undefined {
  const shown = fromUtf8(text);
  return SECRET.test(shown) ? undefined : shown;
}

/** 32 hexadecimal digits. */
export function statementDigest(text: Uint8Array): string {
  return createHash('sha256').update(normalized(text)).digest('hex').slice(0, DIGEST_LENGTH);
}

/** Words in lower case with one blank between, a `?` for each literal and for each list of them. */
export function normalized(text: Uint8Array): string {
  const cursor = new TokenCursor(text, 0, text.length, DEFAULT_LEX_MODE);
  const tokens: string[] = [];
  for (; cursor.kind !== 'end'; cursor.next()) {
    tokens.push(isLiteral(cursor) ? '?' : fromUtf8(text.subarray(cursor.start, cursor.end)).toLowerCase());
    // `1.5` is two words and a point; `? , ?` is `?`, and `( ? ) , ( ? )` is `( ? )`.
    if (endsWith(tokens, '?', '.', '?') || endsWith(tokens, '?', ',', '?')) tokens.length -= 2;
    if (endsWith(tokens, '(', '?', ')', ',', '(', '?', ')')) tokens.length -= 4;
  }
  return tokens.join(' ');
}

function isLiteral({ kind, bytes, start }: TokenCursor): boolean {
  const first = bytes[start] ?? 0;
  return kind === 'string' || (kind === 'word' && first >= DIGIT_ZERO && first <= DIGIT_NINE);
}

function endsWith(tokens: readonly string[], ...end: readonly string[]): boolean {
  const from = tokens.length - end.length;
  return from >= 0 && end.every((token, index) => tokens[from + index] === token);
}
