/** The optimizer hint by which one statement chooses how views are read: `SELECT /*+ MV_READ(strict) *\/ …`. */
import { fromUtf8 } from '../../base/bytes.js';
import type { LexMode } from './lex-mode.js';
import { skipComment } from './skip.js';
import { TokenCursor } from './token-cursor.js';

/**
 * The word in the first `MV_READ(word)` hint behind a SELECT, in lower case; undefined if there is none. TiDB itself
 * ignores hints that it does not know.
 */
export function readModeHint(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): string | undefined {
  const cursor = new TokenCursor(bytes, start, end, mode);
  while (cursor.kind !== 'end') {
    const isSelect = cursor.take('select');
    if (isSelect && cursor.hintStart >= 0) {
      const hint = fromUtf8(bytes.subarray(cursor.hintStart, skipComment(bytes, cursor.hintStart, end)));
      const match = /\bmv_read\s*\(\s*(\w+)\s*\)/i.exec(hint);
      if (match?.[1] !== undefined) return match[1].toLowerCase();
    }
    if (!isSelect) cursor.next();
  }
  return undefined;
}
