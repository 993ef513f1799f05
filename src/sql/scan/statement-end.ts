/** Where one statement of a packet ends and the next begins. */
import type { LexMode } from './lex-mode.js';
import { TokenCursor } from './token-cursor.js';

/** A piece of a packet: bytes[start, end), without the semicolon. */
export interface StatementRange {
  readonly start: number;
  readonly end: number;
}

/** Index of the semicolon that ends the statement beginning at `start`; `end` if there is none. */
function statementEnd(bytes: Uint8Array, start: number, end: number, mode: LexMode): number {
  const cursor = new TokenCursor(bytes, start, end, mode);
  while (cursor.kind !== 'end' && !cursor.isSymbol(';')) cursor.next();
  return cursor.start;
}

/** The statements of a packet, in order; those of blanks and comments alone are left out. */
export function splitStatements(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): readonly StatementRange[] {
  const ranges: StatementRange[] = [];
  for (let at = start; at < end;) {
    const stop = statementEnd(bytes, at, end, mode);
    if (new TokenCursor(bytes, at, stop, mode).kind !== 'end') ranges.push({ start: at, end: stop });
    at = stop + 1;
  }
  return ranges;
}
