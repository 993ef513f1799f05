/**
 * The tables that INSERT, UPDATE, DELETE, LOAD and locking SELECTs write or lock. Where a statement joins tables,
 * only those it changes count: reading a view beside a table that is updated is everybody's right.
 *
 * @see pingcap/tidb pkg/parser/parser.y (InsertIntoStmt, UpdateStmt, DeleteFromStmt)
 */
import type { TokenCursor } from './token-cursor.js';
import { takeReferences, takeTableName, type TableReference } from './table-references.js';
import type { WriteAction, WrittenNameSink } from './written-name.js';

/** A column or table as written: `a`, `a.b`, `a.b.c`, without a trailing `.*`. */
type NameParts = readonly string[];

/** After INSERT or REPLACE. */
export function insertTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.takeAny('low_priority', 'delayed', 'high_priority', 'ignore', 'into'));
  sink.add('insert', takeTableName(cursor));
}

/** After UPDATE. */
export function updateTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.takeAny('low_priority', 'high_priority', 'ignore'));
  const references = takeReferences(cursor, true, (keyword) => keyword === 'set').filter(
    (it) => !it.isInQuery,
  );
  cursor.take('set');
  if (references.length === 1) {
    addAll('update', references, sink);
    return;
  }
  for (;;) {
    const column = takeParts(cursor);
    if (column.length === 0) return;
    addMatching('update', references, column.slice(0, -1), sink);
    if (!skipAssignment(cursor)) return;
  }
}

/** After DELETE. */
export function deleteTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  while (cursor.takeAny('low_priority', 'high_priority', 'quick', 'ignore'));
  const isFromFirst = cursor.take('from');
  const targets = [takeParts(cursor)];
  while (cursor.takeSymbol(',')) targets.push(takeParts(cursor));
  const isMultiple = isFromFirst ? cursor.take('using') : cursor.take('from');
  if (!isMultiple) {
    for (const [a, b] of targets) {
      if (a !== undefined)
        sink.add('delete', b === undefined ? { database: undefined, table: a } : { database: a, table: b });
    }
    return;
  }
  const references = takeReferences(cursor, true, (keyword) => keyword === 'where').filter(
    (it) => !it.isInQuery,
  );
  for (const target of targets) addMatching('delete', references, target, sink);
}

/** After LOAD: DATA … INTO TABLE t. */
export function loadTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (!cursor.take('data')) return;
  while (cursor.kind !== 'end' && !cursor.take('into')) cursor.next();
  cursor.take('table');
  sink.add('load', takeTableName(cursor));
}

/** The tables of every SELECT in the statement, if any of them locks what it reads. */
export function lockTargets(cursor: TokenCursor, sink: WrittenNameSink): void {
  if (hasLock(cursor.fork()))
    addAll(
      'lock',
      takeReferences(cursor, false, () => false),
      sink,
    );
}

function hasLock(cursor: TokenCursor): boolean {
  while (cursor.kind !== 'end') {
    if (cursor.take('for')) {
      if (cursor.keyword === 'update' || cursor.keyword === 'share') return true;
    } else if (cursor.take('lock')) {
      if (cursor.keyword === 'in') return true;
    } else cursor.next();
  }
  return false;
}

function addAll(action: WriteAction, references: readonly TableReference[], sink: WrittenNameSink): void {
  for (const reference of references) sink.add(action, reference);
}

/** Adds the references that a qualifier means; all of them if there is none, or if it means none that we see. */
function addMatching(
  action: WriteAction,
  references: readonly TableReference[],
  qualifier: NameParts,
  sink: WrittenNameSink,
): void {
  const [first, second] = qualifier;
  const matching = references.filter((reference) =>
    second === undefined
      ? (reference.alias ?? reference.table) === first
      : reference.table === second && (reference.database ?? first) === first,
  );
  addAll(action, matching.length === 0 ? references : matching, sink);
}

function takeParts(cursor: TokenCursor): NameParts {
  const parts: string[] = [];
  do {
    if (cursor.takeSymbol('*')) break;
    if (!cursor.isName()) break;
    parts.push(cursor.foldedName());
    cursor.next();
  } while (cursor.takeSymbol('.'));
  return parts;
}

/** Skips the rest of an assignment; whether another one follows. */
function skipAssignment(cursor: TokenCursor): boolean {
  while (cursor.kind !== 'end') {
    if (cursor.skipGroup()) continue;
    if (cursor.takeSymbol(',')) return true;
    if (cursor.keyword === 'where') return false;
    cursor.next();
  }
  return false;
}
