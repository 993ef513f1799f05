/** The tables that the queries of a packet read. */
import type { LexMode } from './lex-mode.js';
import { splitStatements } from './statement-end.js';
import { type TableReference, takeReferences } from './table-references.js';
import { TokenCursor } from './token-cursor.js';

/**
 * Tables after FROM and JOIN in the statements of bytes[start, end), names folded. Common table expressions are among
 * them, under their own names.
 */
export function readTables(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): readonly TableReference[] {
  return splitStatements(bytes, start, end, mode).flatMap((range) => {
    const cursor = new TokenCursor(bytes, range.start, range.end, mode);
    return takeReferences(cursor, false, () => false);
  });
}
