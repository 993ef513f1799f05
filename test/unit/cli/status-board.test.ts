import { expect } from 'chai';
import { StatusBoard } from '../../../src/cli/status-board.js';
import type { ViewService } from '../../../src/view/index.js';

describe('status board', () => {
  it('goes from starting over ok to draining', () => {
    const stopping = new AbortController();
    const board = new StatusBoard('1.2.3', stopping.signal);
    expect(board.health()).to.deep.equal({ isHealthy: false, reason: 'starting' });
    expect(board.status()).to.deep.equal({ version: '1.2.3', connections: 0 });
    const status = { role: 'standby', owner: '', epoch: '0', term: '0', lagMs: null, views: [] } as const;
    const service: Pick<ViewService, 'status'> = { status: () => status };
    board.serves(service as ViewService, () => 7);
    expect(board.health()).to.deep.equal({ isHealthy: true, reason: 'ok' });
    expect(board.status()).to.deep.equal({ version: '1.2.3', connections: 7, ...status });
    stopping.abort();
    expect(board.health()).to.deep.equal({ isHealthy: false, reason: 'draining' });
  });
});
