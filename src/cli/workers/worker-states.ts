/** What several front ends say of themselves, added up. */
import type { Backend } from '../../proxy/backends.js';
import { type FrontEndState, type ServerState, serverState } from '../front-ends.js';
import type { WorkerHandle } from './worker-handle.js';

/**
 * @param watched - the tidb-servers as the main process sees them. A server that any front end finds unhealthy is shown
 *   so: a client there has met it.
 * @param silent - front ends that have not said how they are; what they said last is taken.
 */
export function sumOf(
  watched: readonly Backend[],
  workers: readonly Pick<WorkerHandle, 'pid' | 'state' | 'last'>[],
  silent: ReadonlySet<unknown>,
): FrontEndState {
  const byAddress = new Map<string, ServerState>(
    watched.map((server) => [server.address, serverState(server)]),
  );
  for (const server of workers.flatMap(({ last }) => last.servers)) {
    const known = byAddress.get(server.address);
    byAddress.set(server.address, known === undefined ? server : both(known, server));
  }
  return {
    connections: workers.reduce((sum, { last }) => sum + last.connections, 0),
    servers: [...byAddress.values()],
    workers: workers.map((worker) => {
      const { connections, memoryBytes } = worker.last;
      const state = silent.has(worker) ? 'silent' : worker.state;
      return { pid: worker.pid, state, connections, memoryBytes };
    }),
  };
}

/** What its share of clients goes by is known best where clients are. */
function both(known: ServerState, server: ServerState): ServerState {
  const { health, reason } = known.health !== 'unhealthy' && server.health === 'unhealthy' ? server : known;
  const connections = known.connections + server.connections;
  return { ...server, isListed: known.isListed, health, reason, connections };
}
