/**
 * What a statement is, in words that are safe to write down: keywords only, never a literal, and the object where the
 * audit log needs it: the view, the database, the connection.
 */
import { fromUtf8 } from '../../base/bytes.js';
import { DEFAULT_LEX_MODE } from '../../sql/scan/lex-mode.js';
import { unquoteName } from '../../sql/scan/name-index.js';
import { type StatementRange, statementPieces } from '../../sql/scan/statement-end.js';
import { TokenCursor } from '../../sql/scan/token-cursor.js';

/** A statement as it is written down. */
export interface StatementLabel {
  /** Its first keywords in lower case, at most {@link WORDS_MAX}; empty: it begins with none. */
  readonly kind: string;
  /** `db.name`, or a connection's number; undefined: none that is told. */
  readonly object: string | undefined;
}

const WORDS_MAX = 5;
/** What the last keyword is where a name is told. */
const OBJECTS: ReadonlySet<string> = new Set(['view', 'database', 'schema']);
/** Statements of one packet that are looked at. */
const PIECES_MAX = 64;
const OBJECT_LENGTH_MAX = 256;
/** Words between what a statement does and the name it does it to. */
const NO_NAMES: ReadonlySet<string> = new Set(['if', 'not', 'exists']);

/** The statements of a packet's text. */
export function statementLabels(text: Uint8Array): StatementLabel[] {
  const labels: StatementLabel[] = [];
  for (const piece of statementPieces(text, 0, text.length, DEFAULT_LEX_MODE)) {
    labels.push(labelOf(text, piece));
    if (labels.length === PIECES_MAX) break;
  }
  return labels;
}

function labelOf(text: Uint8Array, { start, end }: StatementRange): StatementLabel {
  const cursor = new TokenCursor(text, start, end, DEFAULT_LEX_MODE);
  const words: string[] = [];
  while (cursor.keyword !== undefined && words.length < WORDS_MAX && !NO_NAMES.has(cursor.keyword)) {
    words.push(cursor.keyword);
    cursor.next();
  }
  const kind = words.join(' ');
  if (words[0] === 'kill') return { kind, object: connectionAt(cursor) };
  const hasObject = OBJECTS.has(words.at(-1) ?? '');
  return { kind, object: hasObject ? objectAt(cursor) : undefined };
}

/** The number in KILL TIDB CONNECTION 5. */
function connectionAt(cursor: TokenCursor): string | undefined {
  while (cursor.kind === 'word') {
    const word = fromUtf8(cursor.bytes.subarray(cursor.start, cursor.end));
    if (/^\d{1,20}$/.test(word)) return word;
    cursor.next();
  }
  return undefined;
}

function objectAt(cursor: TokenCursor): string | undefined {
  while (cursor.keyword !== undefined && NO_NAMES.has(cursor.keyword)) cursor.next();
  const parts: string[] = [];
  while (cursor.isName()) {
    const { bytes, start, end, kind } = cursor;
    parts.push(kind === 'name' ? unquoteName(bytes, start, end) : fromUtf8(bytes.subarray(start, end)));
    cursor.next();
    if (!cursor.takeSymbol('.')) break;
  }
  return parts.length === 0 ? undefined : parts.join('.').slice(0, OBJECT_LENGTH_MAX);
}
