/** A session on the rig's TiDB, with results as the bytes of the text protocol. */
import mysql from 'mysql2/promise';
import type { Rig } from './rig-process.js';

/** What SELECT shows, value by value; null is NULL. */
export type ByteRows = (Buffer | null)[][];

/** A session as root in a database of its own, in time zone UTC and without strict mode. */
export class TidbSession {
  readonly #connection: mysql.Connection;

  private constructor(connection: mysql.Connection) {
    this.#connection = connection;
  }

  static async open(rig: Rig, database: string): Promise<TidbSession> {
    const [host = '', port = ''] = rig.tidb.split(':');
    const connection = await mysql.createConnection({
      host,
      port: Number(port),
      user: 'root',
      charset: 'utf8mb4',
    });
    const session = new TidbSession(connection);
    await session.run(`create database if not exists ${database}`);
    await session.run(`use ${database}`);
    await session.run("set time_zone='+00:00', sql_mode='', tidb_enable_clustered_index='ON'");
    return session;
  }

  async close(): Promise<void> {
    await this.#connection.end();
  }

  async run(sql: string): Promise<void> {
    await this.#connection.query(sql);
  }

  /** Whether the server took a statement. */
  async tries(sql: string): Promise<boolean> {
    try {
      await this.run(sql);
      return true;
    } catch (error) {
      if (error instanceof Error && 'errno' in error) return false;
      throw error;
    }
  }

  /** A result as bytes. */
  async select(sql: string): Promise<ByteRows> {
    const [rows] = await this.#connection.query<mysql.RowDataPacket[]>({
      sql,
      rowsAsArray: true,
      typeCast: (field) => field.buffer(),
    });
    return rows as unknown as ByteRows;
  }

  /** A result as text. */
  async texts(sql: string): Promise<(string | null)[][]> {
    const rows = await this.select(sql);
    return rows.map((row) => row.map((value) => value?.toString('utf8') ?? null));
  }
}
