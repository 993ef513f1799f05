/**
 * What TiDB says of a session so that another server can go on with it, and the statements that make that server do
 * so. TiDB gives and takes it as one JSON text (`SHOW SESSION_STATES`, `SET SESSION_STATES`); three things are ours
 * to mend:
 *
 * - Active roles are not in it.
 * - TiDB prepares the statements again before it sets the session's variables, and so would read `"x"`, `\` and `||`
 *   as the new session's default sql_mode has it, and give literals its default collation. So mode and collation are
 *   set first. NO_BACKSLASH_ESCAPES is left out there, because the statement that prepares by name escapes quotes by
 *   backslashes; a session in that mode that has prepared a text with a backslash is not carried.
 * - Bytes of a prepared text that are not UTF-8 have become U+FFFD: such a session is not carried either.
 *
 * @see TiDB pkg/sessionctx/sessionstates/session_states.go, pkg/server/driver_tidb.go (DecodeSessionStates)
 */
import { SqlError, TiviewError } from '../../base/errors.js';
import type { TextResult } from '../../wire/text-result-reader.js';

/** ER of TiDB's: it says why in words. */
const CANNOT_MIGRATE = 8146;

/** Runs a statement on the session's own server. @throws SqlError — TiDB's own; LimitError; the signal's reason. */
export type Ask = (sql: string, signal: AbortSignal) => Promise<TextResult>;

/** A session cannot be carried as it is now. */
export class NotCarriedError extends TiviewError {
  override readonly name = 'NotCarriedError';

  constructor(why: string, cause?: unknown) {
    super(why, { kind: 'notCarried', side: 'tidb', isRetryable: true, cause });
  }
}

/** A session in transit. */
export interface CarriedSession {
  readonly user: string;
  /** Lets the user in on any server of the cluster, for a minute. */
  readonly token: Uint8Array;
  /** Run in this order, they make a new session of that user go on as this one. ASCII only. */
  readonly statements: readonly string[];
}

/**
 * Asks a session's server for all of it.
 *
 * @throws NotCarriedError — TiDB, or we, cannot carry it; SqlError, LimitError — anything else; the signal's reason.
 */
export async function askStates(ask: Ask, signal: AbortSignal): Promise<CarriedSession> {
  // First, because it tells what the statement before it has left behind: found rows, warnings.
  const shown = await ask('SHOW SESSION_STATES', signal).catch((error: unknown) => {
    if (error instanceof SqlError && error.errno === CANNOT_MIGRATE)
      throw new NotCarriedError(error.message, error);
    throw error;
  });
  const [states, token] = (shown.rows[0] ?? []).map((cell) => cell?.toString('utf8'));
  if (states === undefined || token === undefined || token === 'null')
    throw new NotCarriedError('the tidb-server has no certificate to sign a session token with');
  const { rows } = await ask('SELECT HEX(CURRENT_ROLE())', signal);
  const roles = Buffer.from(rows[0]?.[0]?.toString('latin1') ?? '', 'hex').toString('utf8');
  return {
    user: (parsed(token) as TokenText).username,
    token: Buffer.from(token, 'utf8'),
    statements: restoringStatements(states, roles),
  };
}

interface TokenText {
  readonly username: string;
}

/** The parts of the states that are looked at here. */
interface StatesText {
  readonly 'sys-vars'?: Readonly<Record<string, string>>;
  readonly 'prepared-stmts'?: Readonly<Record<string, { readonly text: string }>>;
}

/**
 * The statements that restore a session.
 *
 * @param roles - as CURRENT_ROLE() has them.
 * @throws NotCarriedError.
 */
export function restoringStatements(states: string, roles: string): readonly string[] {
  const { 'sys-vars': variables = {}, 'prepared-stmts': prepared = {} } = parsed(states) as StatesText;
  const modes = (variables['sql_mode'] ?? '').split(',');
  const isLiteral = modes.includes('NO_BACKSLASH_ESCAPES');
  for (const { text } of Object.values(prepared)) {
    if (text.includes('\ufffd'))
      throw new NotCarriedError('a prepared statement holds bytes that are no UTF-8');
    if (isLiteral && text.includes('\\'))
      throw new NotCarriedError(
        'a prepared statement holds a backslash that NO_BACKSLASH_ESCAPES made plain',
      );
  }
  const readable = modes.filter((mode) => mode !== 'NO_BACKSLASH_ESCAPES').join(',');
  const collation = variables['collation_connection'] ?? 'utf8mb4_bin';
  return [
    'SET NAMES utf8mb4',
    `SET sql_mode = ${quoted(readable)}, collation_connection = ${quoted(collation)}`,
    `SET ROLE ${roles === '' ? 'NONE' : roles}`,
    `SET SESSION_STATES ${quoted(inAscii(states))}`,
  ];
}

/** @throws NotCarriedError — it is no JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new NotCarriedError('what the tidb-server says of the session cannot be read', error);
  }
}

/** A string literal, for a session without NO_BACKSLASH_ESCAPES. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** JSON with nothing but ASCII in it: whatever character set a session reads it in. */
function inAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
