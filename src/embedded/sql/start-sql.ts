/** The door of the SQL front end: listens, and makes a session for each client. */
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { TiviewError, messageOf } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Runtime, Task } from '../../base/runtime.js';
import type { Telemetry } from '../../base/telemetry.js';
import type { TikvCluster } from '../../tikv/client.js';
import { printErr } from '../../wire/err-packet.js';
import { frame } from '../../wire/packet-writer.js';
import { Connection } from './connection.js';
import { Session } from './session.js';
import { SqlServer } from './sql-server.js';

/** How it is set up. */
export interface SqlOptions {
  readonly cluster: TikvCluster;
  /** Addresses of PD, `host:port`, which clients find in information_schema.cluster_info. */
  readonly pd: readonly string[];
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** Port 0 means any free one. */
  readonly listen: { readonly host: string; readonly port: number };
}

/** A running front end. */
export interface RunningSql {
  readonly address: { readonly host: string; readonly port: number };
  /** Runs statements in a session of their own, without a connection. @throws SqlError */
  run(statements: readonly string[], signal: AbortSignal): Promise<void>;
  /** Ends all connections and waits for their statements. */
  stop(): Promise<void>;
}

const SALT_BYTES = 20;

/**
 * Starts serving; a cluster that has no schema yet gets a database `test`.
 *
 * @throws TiviewError kind `listen` — the address is taken; BudgetError — the cluster does not answer.
 */
export async function startSql(options: SqlOptions, signal: AbortSignal): Promise<RunningSql> {
  const { cluster, runtime, telemetry, listen } = options;
  const server = new SqlServer(cluster, options.pd);
  await server.schemaWriter.change(async (draft) => {
    if (draft.schema.version === 0n)
      draft.putDatabase(await draft.newId(), 'test', { charset: 'utf8mb4', collate: 'utf8mb4_bin' });
  }, signal);
  const connections = new Map<Connection, Task>();
  let lastId = 0;
  const accept = (socket: Socket): void => {
    socket.setNoDelay(true);
    if (connections.size >= limits.clientConnections) {
      socket.end(
        frame(0, (out) => printErr({ errno: 1040, sqlState: '', message: 'Too many connections' }, out)),
      );
      return;
    }
    const connection = new Connection(socket, server, ++lastId, telemetry);
    const task = runtime.spawn('embedded connection', async () => {
      await connection.serve(saltFrom(runtime));
      connections.delete(connection);
    });
    connections.set(connection, task);
  };
  const listener = createServer({ noDelay: true }, accept);
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    listener.once('error', (error) => reject(listenError(listen, error)));
    // A listening TCP server's address is never a string or null.
    listener.listen(listen.port, listen.host, () => resolve(listener.address() as AddressInfo));
  });
  server.listensAt(listen.host, address.port);
  return {
    address: { host: listen.host, port: address.port },
    run: async (statements, inner) => {
      const session = new Session(server, ++lastId);
      for (const statement of statements) await session.run(statement, inner);
    },
    stop: async () => {
      listener.close();
      const ending = [...connections];
      for (const [connection] of ending) connection.close();
      await Promise.all(ending.map(([, task]) => task.done.catch(() => undefined)));
    },
  };
}

/** Bytes that are no zero, as the salt of a password must be. */
function saltFrom(runtime: Runtime): Uint8Array {
  return Uint8Array.from({ length: SALT_BYTES }, () => 1 + Math.floor(runtime.random() * 126));
}

function listenError({ host, port }: SqlOptions['listen'], cause: Error): TiviewError {
  return new TiviewError(`cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
    kind: 'listen',
    side: 'proxy',
    isRetryable: false,
    cause,
  });
}
