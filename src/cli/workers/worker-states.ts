/** What several front ends say of themselves, added up. */
import type { Backend } from '../../proxy/backends.js';
import { type FrontEndState, type MoveCounts, type ServerState, serverState } from '../front-ends.js';
import type { WorkerHandle } from './worker-handle.js';

/** What is added up. */
export interface WorkerStates {
  /** The tidb-servers as the main process sees them. One that any front end finds unhealthy is shown so: a client there has met it. */
  readonly watched: readonly Backend[];
  readonly workers: readonly Pick<WorkerHandle, 'pid' | 'state' | 'last'>[];
  /** Front ends that have not said how they are; what they said last is taken. */
  readonly silent: ReadonlySet<unknown>;
  /** Of front ends that have ended. */
  readonly movesBefore: MoveCounts;
}

/** The front ends as one. */
export function sumOf({ watched, workers, silent, movesBefore }: WorkerStates): FrontEndState {
  const byAddress = new Map<string, ServerState>(
    watched.map((server) => [server.address, serverState(server)]),
  );
  for (const server of workers.flatMap(({ last }) => last.servers)) {
    const known = byAddress.get(server.address);
    byAddress.set(server.address, known === undefined ? server : both(known, server));
  }
  return {
    connections: workers.reduce((sum, { last }) => sum + last.connections, 0),
    moves: workers.reduce((sum, { last }) => bothMoves(sum, last.moves), movesBefore),
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

/** The sum of two. */
export function bothMoves(a: MoveCounts, b: MoveCounts): MoveCounts {
  return { moved: a.moved + b.moved, refused: a.refused + b.refused, failed: a.failed + b.failed };
}
