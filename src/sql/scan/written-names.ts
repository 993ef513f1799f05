/**
 * What the statements of a packet would write, lock, alter, drop, rename or refer to. Asked only of statements in
 * which a registered name occurs or which hide what they do, so it may take its time; it errs towards naming too much.
 */
import { utf8 } from '../../base/bytes.js';
import {
  adminTargets,
  alterTargets,
  createTargets,
  dropTargets,
  flashbackTargets,
  importTargets,
  lockTablesTargets,
  renameTargets,
  restoreTargets,
  truncateTargets,
} from './ddl-targets.js';
import { deleteTargets, insertTargets, loadTargets, lockTargets, updateTargets } from './dml-targets.js';
import type { Keyword } from './keyword.js';
import type { LexMode } from './lex-mode.js';
import { splitStatements } from './statement-end.js';
import { statementKind } from './statement-kind.js';
import { stringText } from './string-text.js';
import { TokenCursor } from './token-cursor.js';
import { WrittenNameSink, type WrittenNames } from './written-name.js';

type Targets = (cursor: TokenCursor, sink: WrittenNameSink) => void;

/** Texts prepared inside prepared texts; TiDB allows none, so deeper ones are not looked into. */
const PREPARE_DEPTH = 4;

/** Who reads on after a statement's first word. */
const BY_FIRST_WORD: ReadonlyMap<Keyword, Targets> = new Map<Keyword, Targets>([
  ['insert', insertTargets],
  ['replace', insertTargets],
  ['update', updateTargets],
  ['delete', deleteTargets],
  ['load', loadTargets],
  ['import', importTargets],
  ['lock', lockTablesTargets],
  ['create', createTargets],
  ['alter', alterTargets],
  ['drop', dropTargets],
  ['rename', renameTargets],
  ['truncate', truncateTargets],
  ['flashback', flashbackTargets],
  ['recover', flashbackTargets],
  ['restore', restoreTargets],
  ['admin', adminTargets],
  ['batch', batchTargets],
  ['with', withTargets],
  ['explain', explainTargets],
  ['desc', explainTargets],
  ['describe', explainTargets],
  ['trace', nestedTargets],
  ['plan', explainTargets],
  ['execute', executeTargets],
  ['call', (_cursor, sink) => sink.hide({ kind: 'procedure' })],
]);

/** What the statements in bytes[start, end) would change. */
export function writtenNames(bytes: Uint8Array, start: number, end: number, mode: LexMode): WrittenNames {
  const sink = new WrittenNameSink();
  packetTargets({ bytes, start, end, mode }, sink, 0);
  return { names: sink.names, hidden: sink.hidden };
}

interface Text {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly mode: LexMode;
}

function packetTargets({ bytes, start, end, mode }: Text, sink: WrittenNameSink, depth: number): void {
  for (const range of splitStatements(bytes, start, end, mode)) {
    const cursor = new TokenCursor(bytes, range.start, range.end, mode);
    const whole = cursor.fork();
    while (cursor.takeSymbol('(')) continue;
    if (cursor.take('prepare')) prepareTargets(cursor, mode, sink, depth);
    else statementTargets(cursor, sink);
    lockTargets(whole, sink);
    if (whole.isUnclear) {
      sink.hide({ kind: 'comment' });
      everyWord(new TokenCursor(bytes, range.start, range.end, mode), sink);
    }
  }
}

/** Targets of the statement on whose first word the cursor stands; locks are looked for apart. */
function statementTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  const word = cursor.keyword;
  const targets = word === undefined ? undefined : BY_FIRST_WORD.get(word);
  if (targets !== undefined) {
    cursor.next();
    targets(cursor, sink);
    return;
  }
  if (statementKind(cursor.fork()) === 'write') everyWord(cursor, sink);
}

/** BATCH … LIMIT n [DRY RUN [QUERY]] dml */
function batchTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.kind !== 'end') {
    const { keyword } = cursor;
    if (keyword === 'insert' || keyword === 'replace' || keyword === 'update' || keyword === 'delete') break;
    cursor.next();
  }
  statementTargets(cursor, sink);
}

/** After WITH: the common table expressions, then a query or DML. */
function withTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.kind !== 'end') {
    if (cursor.skipGroup()) continue;
    if (cursor.keyword === 'update' || cursor.keyword === 'delete') {
      statementTargets(cursor, sink);
      return;
    }
    if (cursor.keyword === 'select') return;
    cursor.next();
  }
}

/** EXPLAIN, PLAN REPLAYER: only what ANALYZE runs. */
function explainTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  let isRun = false;
  for (; cursor.kind !== 'end'; cursor.next()) {
    if (cursor.keyword === 'analyze') isRun = true;
    else if (isVerb(cursor.keyword)) break;
  }
  if (isRun) statementTargets(cursor, sink);
}

function nestedTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.kind !== 'end' && !isVerb(cursor.keyword)) cursor.next();
  statementTargets(cursor, sink);
}

function isVerb(word: Keyword | undefined): boolean {
  switch (word) {
    case 'select':
    case 'with':
    case 'insert':
    case 'replace':
    case 'update':
    case 'delete':
    case 'load':
    case 'import':
    case 'alter':
    case 'create':
    case 'set':
      return true;
    default:
      return false;
  }
}

function executeTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (cursor.isName()) sink.hide({ kind: 'prepared', name: cursor.foldedName() });
}

/** After PREPARE: name FROM 'text' | @variable */
function prepareTargets(cursor: TokenCursor, mode: LexMode, sink: WrittenNameSink, depth: number): void {
  while (cursor.kind !== 'end' && !cursor.take('from')) cursor.next();
  if (cursor.kind !== 'string' || depth >= PREPARE_DEPTH) {
    sink.hide({ kind: 'variable' });
    return;
  }
  const bytes = utf8(stringText(cursor.bytes, cursor.start, cursor.end, mode.noBackslashEscapes));
  packetTargets({ bytes, start: 0, end: bytes.length, mode }, sink, depth + 1);
}

function everyWord(cursor: TokenCursor, sink: WrittenNameSink): void {
  for (; cursor.kind !== 'end'; cursor.next()) {
    if (cursor.isName()) sink.add('unknown', { database: undefined, table: cursor.foldedName() });
  }
}
