/**
 * Connections of the account that maintains the views (`--user`), to whichever tidb-server answers: DDL on backing
 * tables, descriptions of selects, checks. Never a client's statement, never the data path.
 *
 * Every session begins in the same state whatever the server's global variables say: UTC, an empty `sql_mode`, no
 * stale reads. A session that ended in any other way than by returning is thrown away, so no state leaks.
 */
import type { Duplex } from 'node:stream';
import { type Connection, type FieldPacket, type RowDataPacket, createConnection } from 'mysql2';
import { withAbort } from '../base/abort.js';
import { SqlError, TiviewError, messageOf } from '../base/errors.js';
import { isAddress } from '../base/hosts.js';
import type { Telemetry } from '../base/telemetry.js';

/** As whom to connect. */
export interface ControlLogin {
  readonly user: string;
  readonly password: string;
  /** TLS towards TiDB; PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** Where and as whom to connect; both are asked for each connection. */
export interface ControlOptions {
  /** The tidb-servers known now, best first. */
  readonly servers: () => readonly { readonly host: string; readonly port: number }[];
  readonly login: () => ControlLogin;
  /** Begins to connect; default: by TCP, as it is. */
  readonly connect?: ((server: { readonly host: string; readonly port: number }) => Duplex) | undefined;
  readonly telemetry: Telemetry;
}

/** A row: column name → text; NULL is null; binary columns are bytes as latin1 when asked for through HEX only. */
export type ControlRow = Readonly<Record<string, string | null>>;

/** No tidb-server took a control connection. */
export class ControlUnavailableError extends TiviewError {
  override readonly name = 'ControlUnavailableError';

  constructor(tried: readonly string[], cause: unknown) {
    super(`no tidb-server reachable for maintenance (tried ${tried.join(', ')}): ${messageOf(cause)}`, {
      kind: 'controlUnavailable',
      side: 'tidb',
      isRetryable: true,
      cause,
    });
  }
}

/** Most idle sessions kept. */
const IDLE_MAX = 4;
const CONNECT_TIMEOUT_MS = 5_000;

const INITIAL_STATE = [
  "SET SESSION sql_mode = '', time_zone = '+00:00', autocommit = 1, max_execution_time = 0",
  'SET SESSION tidb_read_staleness = 0, tidb_enable_external_ts_read = OFF, foreign_key_checks = 1',
  // With it on, TiDB 8.5.4 joins wrongly where a key that needs a cast is on the inner side of an outer join.
  'SET SESSION tidb_enable_outer_join_reorder = OFF',
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
];

/** Sessions on TiDB under the control account. */
export class ControlPool {
  readonly #options: ControlOptions;
  #idle: Connection[] = [];
  #isClosed = false;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Runs one statement on any session. @see ControlSession.query */
  query(sql: string, signal: AbortSignal): Promise<readonly ControlRow[]> {
    return this.session((session) => session.query(sql), signal);
  }

  /**
   * Lends a session for several statements.
   *
   * @throws what `work` throws; ControlUnavailableError; the signal's reason (the statement may still run to its end
   *   on the server: the connection is cut).
   */
  async session<T>(work: (session: ControlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const connection = this.#idle.pop() ?? (await this.#connect(signal));
    const session = new ControlSession(connection);
    try {
      // mysql2 never settles what a destroyed connection was doing, so the abort has to be raced against.
      const result = await withAbort(work(session), signal);
      if (session.isClean && !this.#isClosed && this.#idle.length < IDLE_MAX) this.#idle.push(connection);
      else connection.destroy();
      return result;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Ends every idle session; sessions at work end with their work. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const tried: string[] = [];
    let last: unknown = new Error('no server is known');
    for (const { host, port } of this.#options.servers()) {
      tried.push(`${host}:${port}`);
      try {
        return await this.#connectTo(host, port, signal);
      } catch (error) {
        signal.throwIfAborted();
        // A refused password is the same everywhere, and is the user's to mend.
        if (isSqlFailure(error)) throw asSqlError(error);
        last = error;
      }
    }
    throw new ControlUnavailableError(tried, last);
  }

  async #connectTo(host: string, port: number, signal: AbortSignal): Promise<Connection> {
    const { connect } = this.#options;
    const { user, password, tls } = this.#options.login();
    const connection = createConnection({
      host,
      port,
      user,
      password,
      connectTimeout: CONNECT_TIMEOUT_MS,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      // Everything as text: values are compared and printed here, never computed with.
      typeCast: (field) => field.string('utf8'),
      // mysql2 takes every server for `localhost` that is named by an address: then who signed it must do.
      ...(tls === undefined ? {} : { ssl: { ...tls, verifyIdentity: !isAddress(host) } }),
      ...(connect === undefined ? {} : { stream: () => connect({ host, port }) }),
    });
    // A connection that breaks while idle is found broken by its next statement; the event must have a listener.
    connection.on('error', () => {
      this.#idle = this.#idle.filter((other) => other !== connection);
    });
    try {
      // The time-out of mysql2 ends with the login: a server that hangs after it would hold us up for ever.
      await withAbort(prepare(connection), signal);
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }
}

/** One session, lent by {@link ControlPool.session}. */
export class ControlSession {
  readonly #connection: Connection;
  #isClean = true;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether the session's variables are as they were at the start. */
  get isClean(): boolean {
    return this.#isClean;
  }

  /**
   * Runs one statement.
   *
   * @throws SqlError — TiDB's own error; TiviewError kind `controlLost` when the connection broke (whether the
   *   statement ran is then unknown).
   */
  async query(sql: string): Promise<readonly ControlRow[]> {
    return (await this.describe(sql)).rows;
  }

  /** Like {@link query}, with the result's columns as TiDB describes them. */
  async describe(sql: string): Promise<{ rows: readonly ControlRow[]; fields: readonly FieldPacket[] }> {
    try {
      const [result, fields] = await this.#connection.promise().query<RowDataPacket[]>(sql);
      // A statement without a result set gives an OK packet, which mysql2 hands over in the rows' place.
      return Array.isArray(result) ? { rows: result, fields } : { rows: [], fields: [] };
    } catch (error) {
      throw isSqlFailure(error) ? asSqlError(error) : lost(error);
    }
  }

  /** Sets session variables for what follows; the session is thrown away afterwards. */
  async set(assignments: string): Promise<void> {
    this.#isClean = false;
    await this.query(`SET SESSION ${assignments}`);
  }

  /** Makes every further statement read as of `snapshot` (a TSO, exact to the logical tick). */
  async readAsOf(snapshot: bigint): Promise<void> {
    await this.set(`tidb_snapshot = '${snapshot}'`);
  }

  /**
   * Streams the rows of a select in bounded memory.
   *
   * @throws as {@link query}.
   */
  async *stream(sql: string): AsyncGenerator<ControlRow> {
    // A stream that is left early leaves unread rows behind: such a connection cannot be used again.
    this.#isClean = false;
    const rows = this.#connection.query(sql).stream({ highWaterMark: 256 }) as AsyncIterable<ControlRow>;
    try {
      for await (const row of rows) yield row;
    } catch (error) {
      throw isSqlFailure(error) ? asSqlError(error) : lost(error);
    }
  }
}

/** Waits for the login, too. */
async function prepare(connection: Connection): Promise<void> {
  for (const statement of INITIAL_STATE) await connection.promise().query(statement);
}

interface SqlFailure {
  readonly errno: number;
  readonly sqlState?: string;
  readonly sqlMessage?: string;
  readonly message: string;
}

function isSqlFailure(error: unknown): error is SqlFailure {
  // Network errors have an errno too (a negative one), but never a sqlState.
  return (
    error instanceof Error && 'sqlState' in error && typeof error.sqlState === 'string' && 'errno' in error
  );
}

function asSqlError(error: SqlFailure): SqlError {
  return new SqlError(error.errno, error.sqlState ?? 'HY000', error.sqlMessage ?? error.message, error);
}

function lost(error: unknown): TiviewError {
  return new TiviewError(`the control connection to TiDB broke: ${messageOf(error)}`, {
    kind: 'controlLost',
    side: 'tidb',
    isRetryable: true,
    cause: error,
  });
}
