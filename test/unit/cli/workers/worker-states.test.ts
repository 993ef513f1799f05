import { expect } from 'chai';
import type { ServerState } from '../../../../src/cli/front-ends.js';
import { sumOf } from '../../../../src/cli/workers/worker-states.js';
import type { Backend } from '../../../../src/proxy/backends.js';
import { ServerCounts } from '../../../../src/proxy/server-counts.js';

describe('what front ends say of themselves', () => {
  const shares = { weight: 1, warmth: 1, zone: '', load: null } as const;
  const seen: ServerState = {
    ...{ ...shares, address: 'a:4000', isListed: true, health: 'healthy', reason: '', connections: 0 },
  };
  const watched: Backend = {
    ...{ ...seen, host: 'a', port: 4000, status: undefined, counts: new ServerCounts() },
    ...{ zone: undefined, load: undefined },
  };
  const moves = (moved: number, refused = 0, failed = 0) => ({ moved, refused, failed });
  const worker = (pid: number, connections: number, moved: number, servers: readonly ServerState[]) => ({
    ...{ pid, state: 'serving' as const },
    last: { connections, moves: moves(moved, 1), servers, memoryBytes: 10 * pid },
  });

  it('is added up, with what those counted that have gone', () => {
    const load = { cpu: 0.5, memory: 0.25 };
    const leaving = { ...seen, address: 'b:4000', isListed: false, connections: 1 };
    const workers = [
      worker(1, 3, 5, [{ ...seen, connections: 2, zone: 'east', weight: 2, warmth: 0.5, load }, leaving]),
      worker(2, 4, 7, [
        { ...seen, connections: 4, zone: 'east', weight: 2, warmth: 0.5, load },
        { ...leaving, health: 'unhealthy', reason: 'gone' },
      ]),
    ];
    const silent = new Set([workers[1]]);
    const sum = sumOf({ watched: [watched], workers, silent, movesBefore: moves(100, 0, 9) });
    expect(sum).to.deep.equal({
      connections: 7,
      moves: { moved: 112, refused: 2, failed: 9 },
      servers: [
        { ...seen, connections: 6, zone: 'east', weight: 2, warmth: 0.5, load },
        { ...leaving, connections: 2, health: 'unhealthy', reason: 'gone' },
      ],
      workers: [
        { pid: 1, state: 'serving', connections: 3, memoryBytes: 10 },
        { pid: 2, state: 'silent', connections: 4, memoryBytes: 20 },
      ],
    });
  });

  it('is what the main process knows where no front end has said anything', () => {
    const sum = sumOf({ watched: [watched], workers: [], silent: new Set(), movesBefore: moves(0) });
    expect(sum).to.deep.equal({ connections: 0, moves: moves(0), servers: [seen], workers: [] });
  });
});
