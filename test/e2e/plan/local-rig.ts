/** The TiDB of one test file, with connections that give 64-bit numbers and times as text. */
import { type Connection, createConnection } from 'mysql2/promise';
import { startRig } from '../../support/rig.js';

/** A running TiDB. */
export interface LocalRig {
  /** Its status port, `host:port`. */
  readonly status: string;
  /** A new connection to it; close it. */
  connect(database?: string): Promise<Connection>;
  stop(): Promise<void>;
}

/** Starts a TiDB and waits until it serves. */
export async function startLocalRig(): Promise<LocalRig> {
  const rig = await startRig();
  return {
    status: rig.status,
    connect: (database) =>
      createConnection({
        host: '127.0.0.1',
        port: rig.mysqlPort,
        user: 'root',
        ...(database === undefined ? {} : { database }),
        charset: 'utf8mb4',
        supportBigNumbers: true,
        bigNumberStrings: true,
        dateStrings: true,
        rowsAsArray: true,
      }),
    stop: () => rig.stop(),
  };
}
