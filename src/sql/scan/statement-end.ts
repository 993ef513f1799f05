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

/** The same, but a comment that is code is not cut in two: its statements stay one piece, which TiDB can read. */
function pieceEnd(bytes: Uint8Array, start: number, end: number, mode: LexMode): number {
  const cursor = new TokenCursor(bytes, start, end, mode);
  while (cursor.kind !== 'end' && (!cursor.isSymbol(';') || cursor.isInCodeComment)) cursor.next();
  return cursor.start;
}

/** The statements of a packet, in order; those of blanks and comments alone are left out. */
export function splitStatements(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): readonly StatementRange[] {
  return [...ranges({ bytes, start, end, mode }, statementEnd)];
}

/**
 * The same, to be sent one by one: found when they are asked for, because a packet may hold millions. Statements in
 * one comment that is code are one piece.
 */
export function statementPieces(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): Generator<StatementRange, undefined> {
  return ranges({ bytes, start, end, mode }, pieceEnd);
}

function* ranges(
  { bytes, start, end, mode }: Packet,
  endOf: typeof statementEnd,
): Generator<StatementRange, undefined> {
  for (let at = start; at < end;) {
    const stop = endOf(bytes, at, end, mode);
    if (new TokenCursor(bytes, at, stop, mode).kind !== 'end') yield { start: at, end: stop };
    at = stop + 1;
  }
}

interface Packet {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly mode: LexMode;
}
