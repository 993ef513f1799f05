/**
 * DROP DATABASE where views live: the views are dropped first, as views are, then TiDB drops the rest. A session that
 * may not drop the database gets TiDB's refusal before anything is lost.
 */
import { SqlError } from '../../base/errors.js';
import { printName } from '../../sql/parse/print-text.js';
import type { StatementService } from '../../view/index.js';
import type { LocalStatement, SessionAccess } from '../statement-gate.js';
import { askSession, commitOpenTransaction } from './session-questions.js';

/** ER_BAD_TABLE_ERROR: the session may drop tables there, and there is none of that name. */
const UNKNOWN_TABLE = 1051;

/**
 * Answers `DROP DATABASE`.
 *
 * @param bytes - the statement, in the session's character set.
 * @param database - the one that it drops.
 */
export function dropDatabase(bytes: Uint8Array, database: string, service: StatementService): LocalStatement {
  return async (session) => {
    const state = await askSession(session);
    if (await mayDropTablesOf(database, session)) {
      if (state.problem !== undefined) throw state.problem;
      await commitOpenTransaction(session);
      await dropViews(database, service, state, session);
    }
    await session.relay(bytes);
  };
}

/** TiDB checks DROP on a table before it looks for it; on one that nobody has, only the database's grant counts. */
async function mayDropTablesOf(database: string, session: SessionAccess): Promise<boolean> {
  try {
    await session.query(
      `DROP VIEW ${printName(database)}.${printName('tiview probe: no such view')}`,
      session.signal,
    );
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return error.errno === UNKNOWN_TABLE;
  }
  return false;
}

async function dropViews(
  database: string,
  service: StatementService,
  state: Pick<Awaited<ReturnType<typeof askSession>>, 'pinned'>,
  session: SessionAccess,
): Promise<void> {
  const names = service
    .names()
    .views.filter(({ schema }) => schema.toLowerCase() === database.toLowerCase())
    .map((view) => ({ database: view.schema, name: view.name }));
  const statement = { kind: 'dropViews', ifExists: true, names, behavior: undefined } as const;
  const context = { connectionId: session.connectionId, pinned: state.pinned, visible: undefined };
  const parts = service.execute({ statement, text: '' }, context, session.signal);
  for await (const { kind } of parts) if (kind === 'ok') return;
}
