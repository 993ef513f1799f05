/**
 * Columns that an ALTER TABLE takes away or makes into others. Errs towards naming too much: a MODIFY that changes no
 * more than a comment is named too.
 *
 * @see pingcap/tidb pkg/parser/parser.y (AlterTableSpec)
 */
import type { LexMode } from './lex-mode.js';
import { splitStatements } from './statement-end.js';
import { takeTableName } from './table-references.js';
import { TokenCursor } from './token-cursor.js';

/** What would happen to a column; names are folded. */
export interface ColumnChange {
  readonly database: string | undefined;
  readonly table: string;
  readonly column: string;
  readonly action: 'drop' | 'modify' | 'change' | 'rename';
}

/** What the ALTER TABLEs in bytes[start, end) do to columns. */
export function columnChanges(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: LexMode,
): readonly ColumnChange[] {
  const changes: ColumnChange[] = [];
  for (const range of splitStatements(bytes, start, end, mode)) {
    const cursor = new TokenCursor(bytes, range.start, range.end, mode);
    if (cursor.take('alter')) alterTable(cursor, changes);
  }
  return changes;
}

function alterTable(cursor: TokenCursor, changes: ColumnChange[]): void {
  cursor.take('ignore');
  if (!cursor.take('table')) return;
  const name = takeTableName(cursor);
  if (name === undefined) return;
  for (let isSpecStart = true; cursor.kind !== 'end'; isSpecStart = cursor.takeSymbol(',')) {
    const action = isSpecStart ? takeAction(cursor) : undefined;
    const column = action === undefined ? undefined : takeColumn(cursor);
    if (action !== undefined && column !== undefined) changes.push({ ...name, column, action });
    skipSpec(cursor);
  }
}

/** On to the comma: what stands in parentheses belongs to a type, a default, a check. */
function skipSpec(cursor: TokenCursor): void {
  while (cursor.kind !== 'end' && !cursor.isSymbol(',')) if (!cursor.skipGroup()) cursor.next();
}

const ACTIONS = ['drop', 'modify', 'change', 'rename'] as const;

/** Words that say that something else than a column is meant. */
const NOT_A_COLUMN: ReadonlySet<string> = new Set(
  'as check constraint foreign index key partition primary stats_extended to'.split(' '),
);

function takeAction(cursor: TokenCursor): ColumnChange['action'] | undefined {
  if (!cursor.isName() || isQuoted(cursor)) return undefined;
  const word = cursor.foldedName();
  const action = ACTIONS.find((one) => one === word);
  if (action !== undefined) cursor.next();
  return action;
}

/** `[COLUMN] [IF EXISTS] name`; undefined: it is no column that is meant. */
function takeColumn(cursor: TokenCursor): string | undefined {
  const isSaid = cursor.take('column');
  if (cursor.take('if')) cursor.take('exists');
  if (!isName(cursor, isSaid)) return undefined;
  let name = cursor.foldedName();
  cursor.next();
  // MODIFY t.c, MODIFY db.t.c: the column is the last part.
  while (cursor.takeSymbol('.') && cursor.isName()) {
    name = cursor.foldedName();
    cursor.next();
  }
  return name;
}

function isName(cursor: TokenCursor, isColumnSaid: boolean): boolean {
  if (!cursor.isName()) return false;
  return isColumnSaid || isQuoted(cursor) || !NOT_A_COLUMN.has(cursor.foldedName());
}

function isQuoted(cursor: TokenCursor): boolean {
  return cursor.kind !== 'word';
}
