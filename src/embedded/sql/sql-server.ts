/** What the sessions of the SQL front end share. */
import { SqlError } from '../../base/errors.js';
import type { TikvCluster } from '../../tikv/client.js';
import { RowIds } from './row-ids.js';
import { SchemaReader } from './schema.js';
import { SchemaGate } from './schema-gate.js';
import { SchemaWriter } from './schema-writer.js';
import { SCHEMA_CHANGED, type StorageTransaction } from './storage-transaction.js';
import { SERVER_VERSION, serverVariables } from './variables.js';

/** A session, as others see it. */
export interface SessionHandle {
  readonly id: number;
  readonly database: string | undefined;
  /** Ends its statement, or all of it. */
  interrupt(isQueryOnly: boolean): void;
}

/** The server behind all sessions. */
export class SqlServer {
  readonly cluster: TikvCluster;
  readonly schemaReader: SchemaReader;
  readonly schemaWriter: SchemaWriter;
  readonly rowIds: RowIds;
  readonly variables = serverVariables();
  readonly sessions = new Map<number, SessionHandle>();
  readonly #gate = new SchemaGate();
  #turn: Promise<unknown> = Promise.resolve();
  readonly #pd: readonly string[];
  /** Where it listens, `host:port`. */
  #address = '';

  /** @param pd - addresses of PD, for information_schema.cluster_info. */
  constructor(cluster: TikvCluster, pd: readonly string[]) {
    this.cluster = cluster;
    this.#pd = pd;
    this.schemaReader = new SchemaReader(cluster);
    this.schemaWriter = new SchemaWriter(cluster, this.schemaReader, this.#gate);
    this.rowIds = new RowIds(cluster);
  }

  /** What system tables say about it. */
  get facts() {
    return {
      serverVersion: SERVER_VERSION,
      servers: { pd: this.#pd, sql: this.#address },
      connections: [...this.sessions.values()].map(({ id, database }) => ({ id, database })),
    };
  }

  listensAt(host: string, port: number): void {
    this.#address = `${host}:${port}`;
    this.variables.set('port', String(port));
  }

  /**
   * Commits rows.
   *
   * @throws SqlError 8028 — a table that was written to has changed; 9007 — another transaction was faster.
   */
  commit(transaction: StorageTransaction, signal: AbortSignal): Promise<void> {
    return this.#gate.commit(async () => {
      if (!transaction.hasWritten) return;
      const schema = await this.schemaReader.at(await this.cluster.tso.next(signal), signal);
      if (!transaction.touched.every((table) => schema.has(table)))
        throw new SqlError(
          SCHEMA_CHANGED,
          'HY000',
          'Information schema is changed during the execution of the statement',
        );
      await transaction.commit(signal);
    });
  }

  /** Runs work when all that came before it has ended. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Ends a session's statement, or the session. One that is not there is none of anybody's business. */
  kill(connectionId: number, isQueryOnly: boolean): void {
    this.sessions.get(connectionId)?.interrupt(isQueryOnly);
  }
}
