import { expect } from 'chai';
import { silent } from '../../../src/base/telemetry.js';
import { whyUnavailable } from '../../../src/proxy/availability.js';
import { Backends } from '../../../src/proxy/backends.js';
import { EVENLY, type WeightRule } from '../../../src/proxy/balance/balance-settings.js';

function made(count: number, weights: readonly WeightRule[] = []): Backends {
  const addresses = Array.from({ length: count }, (_, i) => `a:${i + 1}`);
  return new Backends(addresses, silent.log, { settings: { ...EVENLY, weights }, nowMs: () => 0 });
}

describe('availability', () => {
  it('ends when the last server is found unwell, and says why', () => {
    const backends = made(5);
    expect(whyUnavailable(backends.all())).to.equal(undefined);
    const [first, ...others] = backends.all();
    for (const other of others) backends.failed(other, 'refused');
    expect(whyUnavailable(backends.all())).to.equal(undefined);
    if (first !== undefined) backends.failed(first, 'silent');
    expect(whyUnavailable(backends.all())).to.equal(
      'no tidb-server is healthy: a:1: silent; a:2: refused; a:3: refused; 2 more',
    );
    if (first !== undefined) backends.checking(first)(undefined);
    expect(whyUnavailable(backends.all())).to.equal(undefined);
  });

  it('does not count servers that may not get clients', () => {
    const drained = { kind: 'address', address: 'a:1', weight: 0 } as const;
    const backends = made(2, [drained]);
    const [second] = backends.all();
    if (second !== undefined) backends.failed(second, 'refused');
    expect(whyUnavailable(backends.all())).to.equal('no tidb-server is healthy: a:2: refused');
    expect(whyUnavailable(made(1, [drained]).all())).to.equal(
      'no tidb-server may get clients: all have weight 0',
    );
  });
});
