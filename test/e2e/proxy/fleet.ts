/** TiView with several front-end processes, and clients of a certain one of them. */
import { type SessionOptions, SqlClient } from '../../support/sql-client.js';
import { until } from '../../support/settled.js';
import type { TiView } from '../../support/tiview.js';

/** A front-end process, as `/status` has it. */
export interface Worker {
  readonly pid: number;
  readonly state: string;
  readonly connections: number;
  readonly memoryBytes: number;
}

const WITHIN_MS = 20_000;

/** The front-end processes now. */
export async function workersOf(tiview: TiView): Promise<readonly Worker[]> {
  const { workers } = (await tiview.status()) as { workers: readonly Worker[] };
  return workers;
}

/** Waits until this many serve and none leaves. */
export async function servingWorkers(tiview: TiView, count: number): Promise<readonly Worker[]> {
  const { value } = await until(`${count} front ends serve`, WITHIN_MS, async () => {
    const workers = await workersOf(tiview);
    return workers.length === count && workers.every(({ state }) => state === 'serving')
      ? workers
      : undefined;
  });
  return value;
}

/** Connects until a client is one of this process; nobody else may connect meanwhile. */
export async function clientOf(
  tiview: TiView,
  pid: number,
  options: Omit<SessionOptions, 'port'> = {},
): Promise<SqlClient> {
  const connectionsOf = async (): Promise<number> =>
    (await workersOf(tiview)).find((worker) => worker.pid === pid)?.connections ?? 0;
  const others: SqlClient[] = [];
  const { value } = await until(`a client of ${pid}`, WITHIN_MS, async () => {
    const before = await connectionsOf();
    const client = await SqlClient.open({ ...options, port: tiview.port });
    if ((await connectionsOf()) > before) return client;
    // Kept open until the end: the count of connections must not change by others' ends.
    others.push(client);
    return undefined;
  });
  for (const other of others) await other.close();
  return value;
}
