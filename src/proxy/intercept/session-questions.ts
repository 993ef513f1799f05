/**
 * What must be known of the client's session before a statement of ours runs, asked on that very session: nothing of
 * it is guessed from what the proxy saw passing by.
 */
import { SqlError } from '../../base/errors.js';
import { printName } from '../../sql/parse/print-text.js';
import type { PinnedSession } from '../../view/index.js';
import { ServerStatus } from '../../wire/server-status.js';
import type { SessionAccess } from '../statement-gate.js';

/** ER_TABLEACCESS_DENIED_ERROR. */
const DENIED = 1142;
/** ER_NO_SUCH_TABLE. */
const NO_SUCH_TABLE = 1146;

/** The session, as it is now. */
export interface SessionState {
  readonly pinned: PinnedSession;
  /** `character_set_client`: what the bytes of its statements mean. */
  readonly characterSet: string;
}

const QUESTION = [
  'SELECT DATABASE() AS db',
  '@@SESSION.sql_mode AS mode',
  "IF(@@SESSION.time_zone = 'SYSTEM', @@system_time_zone, @@SESSION.time_zone) AS zone",
  '@@SESSION.collation_connection AS collation',
  '@@SESSION.div_precision_increment AS div_precision',
  'CURRENT_USER() AS definer',
  '@@SESSION.character_set_client AS client_charset',
  '@@SESSION.tidb_snapshot AS snapshot',
  '@@SESSION.transaction_read_only AS is_read_only',
].join(', ');

/** Asks. */
export async function askSession(
  session: SessionAccess,
): Promise<SessionState & { readonly problem: SqlError | undefined }> {
  const { rows } = await session.query(QUESTION, session.signal);
  const cells = (rows[0] ?? []).map((cell) => cell?.toString('utf8'));
  const [database, sqlMode, timeZone, collation, divPrecision, definer, characterSet, snapshot, isReadOnly] =
    cells;
  return {
    pinned: {
      database,
      sqlMode: sqlMode ?? '',
      timeZone: timeZone ?? 'UTC',
      collation: collation ?? 'utf8mb4_bin',
      divPrecisionIncrement: Number(divPrecision ?? '4'),
      definer: definer ?? '',
    },
    characterSet: characterSet ?? 'utf8mb4',
    problem: problemOf(snapshot, isReadOnly),
  };
}

/** Why a statement that changes something cannot run in this session. */
function problemOf(snapshot: string | undefined, isReadOnly: string | undefined): SqlError | undefined {
  if (snapshot !== undefined && snapshot !== '') {
    return new SqlError(1105, 'HY000', "can not execute write statement when 'tidb_snapshot' is set");
  }
  if (isReadOnly === '1') {
    return new SqlError(1792, '25006', 'Cannot execute statement in a READ ONLY transaction.');
  }
  return undefined;
}

/** As DDL does: an open transaction is committed first. */
export async function commitOpenTransaction(session: SessionAccess): Promise<void> {
  if ((session.status & ServerStatus.inTransaction) !== 0) await session.query('COMMIT', session.signal);
}

/**
 * The tables that the client's account can see, as TiDB lists them; `schema.table` in lower case.
 *
 * @param hidden - names of views whose tables are out of sight: TiDB says of a table that is not there, too, whether
 *   the account has any privilege on it.
 */
export async function askVisible(
  session: SessionAccess,
  hidden: readonly { readonly schema: string; readonly name: string }[],
): Promise<ReadonlySet<string>> {
  const { rows } = await session.query(
    "SELECT LOWER(CONCAT(table_schema, '.', table_name)) FROM information_schema.tables WHERE table_type = 'BASE TABLE'",
    session.signal,
  );
  const visible = new Set(rows.map(([cell]) => cell?.toString('utf8') ?? ''));
  for (const { schema, name } of hidden) {
    if (await hasAnyPrivilege(schema, name, session)) visible.add(`${schema}.${name}`.toLowerCase());
  }
  return visible;
}

async function hasAnyPrivilege(schema: string, name: string, session: SessionAccess): Promise<boolean> {
  try {
    await session.query(`SHOW CREATE TABLE ${printName(schema)}.${printName(name)}`, session.signal);
    return true;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (error.errno === NO_SUCH_TABLE) return true;
    if (error.errno === DENIED) return false;
    throw error;
  }
}
