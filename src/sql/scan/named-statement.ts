/**
 * PREPARE, EXECUTE and DEALLOCATE: statements that give a name to another, run it, forget it.
 *
 * @see pingcap/tidb pkg/parser/parser.y (PreparedStmt, ExecuteStmt, DeallocateStmt)
 */
import { fromUtf8 } from '../../base/bytes.js';
import type { LexMode } from './lex-mode.js';
import { unquoteName } from './name-index.js';
import { stringText } from './string-text.js';
import { TokenCursor } from './token-cursor.js';

/** One of them. TiDB tells upper from lower case in these names. */
export type NamedStatement =
  | { readonly kind: 'prepare'; readonly name: string; readonly source: PrepareSource }
  | { readonly kind: 'execute'; readonly name: string; readonly parameterCount: number }
  | { readonly kind: 'deallocate'; readonly name: string };

/** Where the text of a statement to be prepared is. */
export type PrepareSource =
  | { readonly kind: 'text'; readonly text: string }
  /** In a user variable: `@v`, as written, in bytes[start, end). */
  | { readonly kind: 'variable'; readonly start: number; readonly end: number };

/** Reads bytes[start, end); undefined: it is none of them, or none that TiDB would take. */
export function namedStatement(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): NamedStatement | undefined {
  const cursor = new TokenCursor(bytes, start, end, mode);
  const statement = readStatement(cursor, mode);
  cursor.takeSymbol(';');
  return cursor.kind === 'end' ? statement : undefined;
}

function readStatement(cursor: TokenCursor, mode: LexMode): NamedStatement | undefined {
  if (cursor.take('prepare')) return readPrepare(cursor, mode);
  if (cursor.take('execute')) {
    const name = takeName(cursor);
    return name === undefined ? undefined : { kind: 'execute', name, parameterCount: takeUsing(cursor) };
  }
  if (!cursor.takeAny('deallocate', 'drop') || !cursor.take('prepare')) return undefined;
  const name = takeName(cursor);
  return name === undefined ? undefined : { kind: 'deallocate', name };
}

function readPrepare(cursor: TokenCursor, mode: LexMode): NamedStatement | undefined {
  const name = takeName(cursor);
  if (name === undefined || !cursor.take('from')) return undefined;
  const { bytes, start, end, kind } = cursor;
  cursor.next();
  if (kind === 'string') {
    const text = stringText(bytes, start, end, mode.noBackslashEscapes);
    return { kind: 'prepare', name, source: { kind: 'text', text } };
  }
  return kind === 'variable' ? { kind: 'prepare', name, source: { kind, start, end } } : undefined;
}

function takeName(cursor: TokenCursor): string | undefined {
  if (!cursor.isName()) return undefined;
  const { bytes, start, end, kind } = cursor;
  cursor.next();
  return kind === 'name' ? unquoteName(bytes, start, end) : fromUtf8(bytes.subarray(start, end));
}

/** USING @a, @b: how many. */
function takeUsing(cursor: TokenCursor): number {
  if (!cursor.take('using')) return 0;
  let count = 0;
  do {
    if (cursor.kind !== 'variable') break;
    cursor.next();
    count++;
  } while (cursor.takeSymbol(','));
  return count;
}
