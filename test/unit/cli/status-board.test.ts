import { expect } from 'chai';
import { serverState } from '../../../src/cli/front-ends.js';
import { StatusBoard } from '../../../src/cli/status-board.js';
import type { Backend } from '../../../src/proxy/backends.js';
import { ServerCounts } from '../../../src/proxy/server-counts.js';
import type { ViewService } from '../../../src/view/index.js';

describe('status board', () => {
  it('goes from starting over ok to draining', async () => {
    const stopping = new AbortController();
    const board = new StatusBoard('1.2.3', stopping.signal);
    expect(board.health()).to.deep.equal({ isHealthy: false, reason: 'starting' });
    const moves = { moved: 0, refused: 0, failed: 0 };
    expect(await board.status()).to.deep.equal({ version: '1.2.3', connections: 0, moves, servers: [] });
    const status = { role: 'standby', owner: '', epoch: '0', term: '0', lagMs: null, views: [] } as const;
    const service: Pick<ViewService, 'status'> = { status: () => status };
    const known = { address: 'a:4000', isListed: true, connections: 2 };
    const server = { ...known, health: 'unhealthy', reason: 'gone', weight: 3 } as const;
    const endpoint = { host: 'a', port: 4000, status: undefined, counts: new ServerCounts() };
    const backends: readonly Backend[] = [
      { ...server, ...endpoint, zone: undefined, warmth: 1, load: undefined },
      { ...server, ...endpoint, zone: 'east', warmth: 1 / 3, load: { cpu: 0.12345, memory: 0.5 } },
    ];
    const state = { connections: 7, moves: { ...moves, moved: 3 }, servers: backends.map(serverState) };
    const frontEnds: { state: () => Promise<typeof state>; unavailability: string | undefined } = {
      ...{ state: () => Promise.resolve(state), unavailability: undefined },
    };
    board.serves(service as ViewService, frontEnds);
    expect(board.health()).to.deep.equal({ isHealthy: true, reason: 'ok' });
    const servers = [
      { ...server, zone: '', warmth: 1, load: null },
      { ...server, zone: 'east', warmth: 0.333, load: { cpu: 0.123, memory: 0.5 } },
    ];
    expect(await board.status()).to.deep.equal({
      ...{ version: '1.2.3', connections: 7, moves: { ...moves, moved: 3 }, servers },
      ...status,
    });
    frontEnds.unavailability = 'none is healthy';
    expect(board.health()).to.deep.equal({ isHealthy: false, reason: 'none is healthy' });
    stopping.abort();
    expect(board.health()).to.deep.equal({ isHealthy: false, reason: 'draining' });
  });
});
