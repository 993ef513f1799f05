/**
 * A mysql2 session for tests, against TiDB or TiView: rows come as arrays of text, so that what is compared is what the
 * server printed and not what the driver made of it.
 */
import { type Connection, type ResultSetHeader, createConnection } from 'mysql2/promise';

/** Rows as the text protocol has them; null is NULL. */
export type TextRows = (string | null)[][];

/** An error packet. */
export interface ServerError {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: string;
}

/** Who connects, and where to. */
export interface SessionOptions {
  readonly port: number;
  /** Default `root`. */
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

/** One connection. */
export class SqlClient implements AsyncDisposable {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws what mysql2 throws when the login fails. */
  static async open(options: SessionOptions): Promise<SqlClient> {
    const { port, user = 'root', password = '', database } = options;
    const connection = await createConnection({
      host: '127.0.0.1',
      port,
      user,
      password,
      ...(database === undefined ? {} : { database }),
      charset: 'utf8mb4',
      infileStreamFactory: () => {
        throw new Error('no files here');
      },
    });
    // A connection that its server closes says so to the statement that fails, too; unheard it would end the tests.
    connection.on('error', () => undefined);
    return new SqlClient(connection);
  }

  /** The server's id of the connection. */
  get id(): number {
    return this.#connection.threadId;
  }

  /** Runs a statement for its effect; the number of rows that it changed. */
  async run(sql: string): Promise<number> {
    const [result] = await this.#connection.query<ResultSetHeader>(sql);
    return result.affectedRows;
  }

  /** Runs statements one after the other. */
  async runAll(...statements: readonly string[]): Promise<void> {
    for (const sql of statements) await this.run(sql);
  }

  /** A result as text; bytes that are not UTF-8 are shown as `\xHH`. */
  async rows(sql: string): Promise<TextRows> {
    const [rows] = await this.#connection.query<never>({
      sql,
      rowsAsArray: true,
      typeCast: (field: { buffer(): Buffer | null }) => textOf(field.buffer()),
    });
    return rows;
  }

  /** The only value of a result. */
  async value(sql: string): Promise<string | null> {
    const rows = await this.rows(sql);
    const [[value = null] = [], ...more] = rows;
    if (rows.length !== 1 || more.length > 0) throw new Error(`${rows.length} rows of: ${sql}`);
    return value;
  }

  /** The error of a statement that must fail. @throws Error — if it does not. */
  async error(sql: string): Promise<ServerError> {
    try {
      await this.#connection.query(sql);
    } catch (error) {
      if (isServerError(error)) {
        return { errno: error.errno, sqlState: error.sqlState, message: error.message };
      }
      throw error;
    }
    throw new Error(`no error of: ${sql}`);
  }

  /** Prepares, executes once and closes; the rows as mysql2 makes them. */
  async execute(sql: string, values: readonly (string | number | null)[] = []): Promise<unknown> {
    const [result] = await this.#connection.execute(sql, [...values]);
    return result;
  }

  /** COM_CHANGE_USER. */
  async changeUser(options: { readonly user?: string; readonly database?: string }): Promise<void> {
    await this.#connection.changeUser({ user: 'root', password: '', ...options });
  }

  async close(): Promise<void> {
    await this.#connection.end().catch(() => undefined);
  }

  /** Drops the connection without a word. */
  abandon(): void {
    this.#connection.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Whether the server said it, rather than that the connection was lost. */
export function isServerError(error: unknown): error is Error & ServerError {
  return (
    error instanceof Error &&
    'errno' in error &&
    'sqlState' in error &&
    typeof error.errno === 'number' &&
    error.errno > 0
  );
}

function textOf(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  return bytes
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
