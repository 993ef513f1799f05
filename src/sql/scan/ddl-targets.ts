/**
 * The tables and databases that schema statements create, alter, drop, rename, refer to, bring back.
 *
 * @see pingcap/tidb pkg/parser/parser.y (CreateTableStmt, AlterTableStmt, DropTableStmt, RenameTableStmt, …)
 */
import { takeTableName } from './table-references.js';
import type { TokenCursor } from './token-cursor.js';
import type { WriteAction, WrittenNameSink } from './written-name.js';

/** After CREATE. */
export function createTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  for (; cursor.kind !== 'end'; cursor.next()) {
    if (cursor.take('table') || cursor.take('view') || cursor.take('sequence')) {
      takeIf(cursor);
      sink.add('create', takeTableName(cursor));
      referenceTargets(cursor, sink);
      return;
    }
    if (cursor.take('index')) {
      indexTargets(cursor, sink);
      return;
    }
    if (cursor.takeAny('database', 'schema', 'binding')) return;
  }
}

/** After ALTER. */
export function alterTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  cursor.take('ignore');
  if (cursor.takeAny('database', 'schema')) {
    sink.addDatabase('alter', cursor.isName() ? cursor.foldedName() : undefined);
    return;
  }
  if (!cursor.takeAny('table', 'sequence', 'view')) return;
  takeIf(cursor);
  sink.add('alter', takeTableName(cursor));
  while (cursor.kind !== 'end') {
    if (cursor.take('rename')) renameInAlter(cursor, sink);
    else if (cursor.take('exchange')) exchangeTarget(cursor, sink);
    else if (cursor.take('references')) sink.add('reference', takeTableName(cursor));
    else cursor.next();
  }
}

/** After DROP. */
export function dropTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.takeAny('global', 'temporary', 'hypo'));
  if (cursor.takeAny('database', 'schema')) {
    takeIf(cursor);
    sink.addDatabase('drop', cursor.isName() ? cursor.foldedName() : undefined);
    return;
  }
  if (cursor.take('index')) {
    indexTargets(cursor, sink);
    return;
  }
  if (cursor.takeAny('table', 'tables', 'view', 'sequence')) tableList(cursor, 'drop', sink);
}

/** After RENAME: both sides of each pair. */
export function renameTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (!cursor.takeAny('table', 'tables')) return;
  do sink.add('rename', takeTableName(cursor));
  while (cursor.take('to') || cursor.takeSymbol(','));
}

/** After TRUNCATE. */
export function truncateTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  cursor.take('table');
  sink.add('truncate', takeTableName(cursor));
}

/** After LOCK: TABLES t [AS a] READ, … */
export function lockTablesTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (!cursor.takeAny('table', 'tables')) return;
  for (;;) {
    sink.add('lock', takeTableName(cursor));
    while (cursor.kind !== 'end' && !cursor.isSymbol(',')) cursor.next();
    if (!cursor.takeSymbol(',')) return;
  }
}

/** After IMPORT. */
export function importTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (cursor.take('into')) sink.add('import', takeTableName(cursor));
}

/** After FLASHBACK or RECOVER: tables, a database, the whole cluster, or what some job dropped. */
export function flashbackTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (cursor.takeAny('database', 'schema')) {
    sink.addDatabase('flashback', cursor.isName() ? cursor.foldedName() : undefined);
    cursor.next();
    if (cursor.take('to') && cursor.isName()) sink.addDatabase('flashback', cursor.foldedName());
    return;
  }
  if (!cursor.take('table') || cursor.keyword === 'by') {
    sink.hide({ kind: 'everything' });
    return;
  }
  do sink.add('flashback', takeTableName(cursor));
  while (cursor.takeSymbol(','));
  if (cursor.take('to')) sink.add('flashback', takeTableName(cursor));
}

/** After ADMIN: the sub-statements that repair tables. */
export function adminTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (!cursor.takeAny('repair', 'recover', 'cleanup')) return;
  cursor.takeAny('table', 'index');
  cursor.take('lock');
  do sink.add('alter', takeTableName(cursor));
  while (cursor.takeSymbol(','));
}

/** After RESTORE: databases or tables of a backup. */
export function restoreTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (cursor.takeAny('table', 'tables')) {
    do sink.add('restore', takeTableName(cursor));
    while (cursor.takeSymbol(','));
    return;
  }
  if (!cursor.takeAny('database', 'databases', 'schema', 'schemas')) return;
  if (cursor.isSymbol('*')) {
    sink.hide({ kind: 'everything' });
    return;
  }
  while (cursor.isName() && cursor.keyword !== 'from') {
    sink.addDatabase('restore', cursor.foldedName());
    cursor.next();
    cursor.takeSymbol(',');
  }
}

function tableList(cursor: TokenCursor, action: WriteAction, sink: WrittenNameSink): void {
  takeIf(cursor);
  do sink.add(action, takeTableName(cursor));
  while (cursor.takeSymbol(','));
}

/** `IF EXISTS`, `IF NOT EXISTS`. */
function takeIf(cursor: TokenCursor): void {
  if (!cursor.take('if')) return;
  cursor.take('not');
  cursor.take('exists');
}

/** After INDEX: … ON t. */
function indexTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.kind !== 'end' && !cursor.take('on')) cursor.next();
  sink.add('alter', takeTableName(cursor));
}

function referenceTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.kind !== 'end') {
    if (cursor.take('references')) sink.add('reference', takeTableName(cursor));
    else cursor.next();
  }
}

/** After RENAME in ALTER TABLE: [TO | AS | =] name, unless an index or column is renamed. */
function renameInAlter(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (cursor.takeAny('index', 'key', 'column')) return;
  if (!cursor.takeAny('to', 'as')) cursor.takeSymbol('=');
  sink.add('rename', takeTableName(cursor));
}

/** After EXCHANGE: PARTITION p WITH TABLE t. */
function exchangeTarget(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.kind !== 'end' && !cursor.take('with')) cursor.next();
  cursor.take('table');
  sink.add('exchange', takeTableName(cursor));
}
