/**
 * Privileges are TiDB's business: before a statement of ours does anything, the client's own session runs statements
 * that TiDB checks as it would check the real thing, and that cannot do anything (TRUTH §14). What TiDB says is what
 * the client gets.
 */
import { toHex, utf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import type { CreateView, ObjectName, ViewStatement } from '../../sql/ast/view-statement.js';
import { printName } from '../../sql/parse/print-text.js';
import type { SessionAccess } from '../statement-gate.js';

/** ER_PLACEMENT_POLICY_NOT_EXISTS: comes after the check of privileges, before anything is made. */
const UNKNOWN_POLICY = 8239;
/** ER_WRONG_OBJECT: a table is no view. */
const NOT_A_VIEW = 1347;
/** ER_BAD_TABLE_ERROR, from DROP. */
const UNKNOWN_TABLE = 1051;
/** ER_NO_SUCH_TABLE, from queries. */
const NO_SUCH_TABLE = 1146;
/** No policy has this name: it is not a name that CREATE PLACEMENT POLICY takes without effort. */
const NO_POLICY = '`tiview probe: no such policy`';

/** Asks TiDB whether the session may run a statement. @throws SqlError — TiDB's own. */
export async function preflight(statement: ViewStatement, session: SessionAccess): Promise<void> {
  switch (statement.kind) {
    case 'createView':
      await preflightCreate(statement, session);
      return;
    case 'dropViews':
      for (const name of statement.names) await mayDrop(name, session);
      return;
    case 'refreshView':
    case 'checkView':
    case 'showCreateView':
      await mayRead(statement.name, session);
      return;
    case 'explainView':
      if (statement.subject.kind === 'createView') await preflightCreate(statement.subject, session);
      else await mayRead(statement.subject.name, session);
      return;
    case 'showViews':
      await mayList(statement.database, session);
      return;
    case 'showViewStatus':
      if (statement.name?.database !== undefined) await mayList(statement.name.database, session);
      return;
    default:
      return;
  }
}

async function preflightCreate(statement: CreateView, session: SessionAccess): Promise<void> {
  // Names, types, privileges on the base tables: the whole of TiDB's planner looks at it.
  await session.query(`EXPLAIN FORMAT = 'brief' ${statement.select}`, session.signal);
  await expectError(
    `CREATE TABLE ${quoted(statement.name)} (probe INT) PLACEMENT POLICY = ${NO_POLICY}`,
    [UNKNOWN_POLICY],
    session,
  );
  if (statement.isReplacing) await mayDrop(statement.name, session);
}

/**
 * A view is an ordinary table: DROP VIEW checks the DROP privilege on it, and then refuses, because it is none or is not
 * there (an INVALID view's table is out of sight). An SQL view of that name it would drop: that is asked first, and
 * then nothing is, for whatever comes next finds no materialized view of that name.
 */
async function mayDrop(name: ObjectName, session: SessionAccess): Promise<void> {
  if (await isSqlView(name, session)) return;
  await expectError(`DROP VIEW ${quoted(name)}`, [NOT_A_VIEW, UNKNOWN_TABLE], session);
}

/** Who has any privilege on a view sees it listed; without one DROP VIEW is refused. */
async function isSqlView({ database, name }: ObjectName, session: SessionAccess): Promise<boolean> {
  const schema = database === undefined ? 'DATABASE()' : textOf(database);
  const { rows } = await session.query(
    'SELECT table_type FROM information_schema.tables ' +
      `WHERE table_schema = ${schema} AND table_name = ${textOf(name)}`,
    session.signal,
  );
  return rows.some(([type]) => type?.toString('latin1') === 'VIEW');
}

/** A literal that every sql_mode understands. */
function textOf(text: string): string {
  return `CONVERT(X'${toHex(utf8(text))}' USING utf8mb4)`;
}

/** Whoever may drop an INVALID view, whose table cannot be asked for, may look at it. */
async function mayRead(name: ObjectName, session: SessionAccess): Promise<void> {
  try {
    await session.query(`EXPLAIN FORMAT = 'brief' SELECT * FROM ${quoted(name)}`, session.signal);
  } catch (error) {
    if (!(error instanceof SqlError) || error.errno !== NO_SUCH_TABLE) throw error;
    await mayDrop(name, session);
  }
}

/** A database whose tables the session may not list, or that is not there, is refused as SHOW TABLES refuses it. */
async function mayList(database: string | undefined, session: SessionAccess): Promise<void> {
  const from = database === undefined ? '' : ` FROM ${printName(database)}`;
  await session.query(`SHOW TABLES${from} LIKE 'tiview probe: no such table'`, session.signal);
}

/** Runs a statement that is to fail in these ways only. */
async function expectError(sql: string, errnos: readonly number[], session: SessionAccess): Promise<void> {
  try {
    await session.query(sql, session.signal);
  } catch (error) {
    if (error instanceof SqlError && errnos.includes(error.errno)) return;
    throw error;
  }
}

/** In backticks, which every sql_mode understands. */
function quoted({ database, name }: ObjectName): string {
  return database === undefined ? printName(name) : `${printName(database)}.${printName(name)}`;
}
