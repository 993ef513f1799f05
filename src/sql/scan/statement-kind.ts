/**
 * What a statement does, told from its first words. A table, because each line of it is a claim about TiDB's grammar
 * that a reader can check; words that are not in it may do anything.
 *
 * @see pingcap/tidb pkg/parser/parser.y (Statement)
 */
import type { Keyword } from './keyword.js';
import type { TokenCursor } from './token-cursor.js';

/**
 * - `pass`: touches no table's rows or shape; - `query`: reads, and may lock what it reads; - `with`: a query or DML;
 * - `set`: a query inside may lock, and it may set our variables; - `write`: may write or alter a named table;
 * - `hidden`: may write, but its text does not say what; - `execute`: the same, of what has been prepared by name;
 * - `deallocate`: forgets what has been prepared by name; - `ours`: for this program.
 */
export type StatementKind =
  'pass' | 'query' | 'with' | 'set' | 'write' | 'hidden' | 'execute' | 'deallocate' | 'ours';

/** Statements that their first word decides. */
const BY_FIRST_WORD: ReadonlyMap<Keyword, StatementKind> = new Map<Keyword, StatementKind>([
  ['select', 'query'],
  ['table', 'query'],
  ['values', 'query'],
  ['do', 'query'],
  ['with', 'with'],
  ['set', 'set'],
  ...kindOf('ours', 'compare', 'subscribe'),
  ['call', 'hidden'],
  ['execute', 'execute'],
  ['deallocate', 'deallocate'],
  ...kindOf('pass', 'analyze', 'backup', 'begin', 'binlog', 'calibrate', 'checksum', 'commit', 'distribute'),
  ...kindOf(
    'pass',
    'flush',
    'grant',
    'help',
    'kill',
    'optimize',
    'query',
    'recommend',
    'release',
    'restart',
    'resume',
  ),
  ...kindOf(
    'pass',
    'revoke',
    'rollback',
    'run',
    'savepoint',
    'shutdown',
    'split',
    'start',
    'unlock',
    'use',
    'xa',
  ),
  ...kindOf(
    'write',
    'batch',
    'delete',
    'import',
    'insert',
    'load',
    'lock',
    'rename',
    'replace',
    'restore',
    'truncate',
  ),
]);

/** Kind of the statement on whose first word (after opening parentheses) the cursor stands; moves the cursor. */
export function statementKind(cursor: TokenCursor): StatementKind {
  const first = cursor.keyword;
  if (first === undefined) return cursor.kind === 'end' ? 'pass' : 'write';
  const simple = BY_FIRST_WORD.get(first);
  if (simple !== undefined) return simple;
  cursor.next();
  switch (first) {
    case 'create':
      return createKind(cursor);
    case 'drop':
      if (cursor.keyword === 'prepare') return 'deallocate';
      return cursor.keyword === 'materialized' ? 'ours' : 'write';
    case 'alter':
      return cursor.keyword === 'materialized' ? 'ours' : 'write';
    case 'refresh':
    case 'cancel':
    case 'purge':
      return cursor.keyword === 'materialized' ? 'ours' : 'pass';
    case 'show':
      return showKind(cursor);
    case 'admin':
      return adminKind(cursor);
    case 'explain':
    case 'desc':
    case 'describe':
      return explainKind(cursor);
    case 'trace':
      return traceKind(cursor);
    case 'recover':
      return cursor.take('table') && cursor.keyword === 'by' ? 'hidden' : 'write';
    case 'flashback':
      return cursor.keyword === 'cluster' ? 'hidden' : 'write';
    default:
      return 'write';
  }
}

/** The kind that needs no second word: what the hot path asks first. */
export function kindByFirstWord(word: Keyword): StatementKind | undefined {
  return BY_FIRST_WORD.get(word);
}

function createKind(cursor: TokenCursor): StatementKind {
  if (cursor.take('or')) cursor.take('replace');
  return cursor.keyword === 'materialized' ? 'ours' : 'write';
}

function showKind(cursor: TokenCursor): StatementKind {
  cursor.takeAny('full', 'create');
  if (cursor.take('materialized')) return 'ours';
  cursor.takeAny('global', 'session');
  return cursor.take('variables') && hasOurVariableText(cursor) ? 'ours' : 'pass';
}

/** Whether a `SHOW VARIABLES` asks for variables of this program: a string in it begins with `mview`. */
function hasOurVariableText(cursor: TokenCursor): boolean {
  for (; cursor.kind !== 'end'; cursor.next()) {
    if (cursor.kind !== 'string') continue;
    const text = Buffer.from(
      cursor.bytes.buffer,
      cursor.bytes.byteOffset + cursor.start + 1,
      cursor.end - cursor.start - 1,
    );
    if (text.toString('latin1').toLowerCase().startsWith('mview')) return true;
  }
  return false;
}

function adminKind(cursor: TokenCursor): StatementKind {
  if (cursor.take('check')) return cursor.keyword === 'materialized' ? 'ours' : 'pass';
  return cursor.keyword === 'repair' || cursor.keyword === 'recover' || cursor.keyword === 'cleanup'
    ? 'write'
    : 'pass';
}

/** EXPLAIN only plans what it explains, EXPLAIN ANALYZE runs it. */
function explainKind(cursor: TokenCursor): StatementKind {
  const wasFormat = takeFormat(cursor);
  const isRun = cursor.take('analyze');
  const hasOptions = takeFormat(cursor) || wasFormat || isRun;
  if (cursor.take('materialized')) return hasOptions || cursor.take('view') ? 'ours' : 'pass';
  const kind = nestedKind(cursor);
  return kind === 'ours' || isRun ? kind : 'pass';
}

function traceKind(cursor: TokenCursor): StatementKind {
  takeFormat(cursor);
  if (cursor.take('plan') && cursor.take('target')) takeOptionValue(cursor);
  return nestedKind(cursor);
}

function nestedKind(cursor: TokenCursor): StatementKind {
  while (cursor.takeSymbol('(')) continue;
  return statementKind(cursor);
}

function takeFormat(cursor: TokenCursor): boolean {
  if (!cursor.take('format')) return false;
  takeOptionValue(cursor);
  return true;
}

function takeOptionValue(cursor: TokenCursor): void {
  if (cursor.takeSymbol('=')) cursor.next();
}

function kindOf(kind: StatementKind, ...words: readonly Keyword[]): (readonly [Keyword, StatementKind])[] {
  return words.map((word) => [word, kind] as const);
}
