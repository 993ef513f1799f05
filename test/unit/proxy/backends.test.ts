import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { limits } from '../../../src/base/limits.js';
import { AddressError, type Backend, Backends } from '../../../src/proxy/backends.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

const ports = (backends: Backends): number[] => backends.candidates().map(({ port }) => port);

describe('backends', () => {
  it('come with the fewest connections first', () => {
    const backends = new Backends(new VirtualRuntime(), ['a:1', 'a:2', 'a:3']);
    const counts = new Map<number, number>();
    const release: (() => void)[] = [];
    for (let i = 0; i < 30; i++) {
      const best = backends.candidates()[0];
      if (best === undefined) throw new Error('none');
      release.push(backends.opening(best));
      counts.set(best.port, (counts.get(best.port) ?? 0) + 1);
    }
    expect([...counts.values()]).to.deep.equal([10, 10, 10]);
    const first = backends.candidates()[0]?.port;
    for (const close of release) {
      close();
      close();
    }
    expect(backends.candidates().map(({ connections }) => connections)).to.deep.equal([0, 0, 0]);
    expect(first).to.be.oneOf([1, 2, 3]);
  });

  it('take turns when they are equal', () => {
    const backends = new Backends(new VirtualRuntime(), ['a:1', 'a:2', 'a:3']);
    expect([ports(backends), ports(backends), ports(backends)].map(([first]) => first)).to.deep.equal([
      1, 2, 3,
    ]);
  });

  it('come last for a while after a failure', async () => {
    const runtime = new VirtualRuntime();
    const backends = new Backends(runtime, ['a:1', 'a:2']);
    const failing = backends.candidates().find(({ port }) => port === 1) as Backend;
    backends.opening(backends.candidates().find(({ port }) => port === 2) as Backend);
    backends.failed(failing);
    expect(ports(backends)).to.deep.equal([2, 1]);
    await runtime.advance(limits.backendRetryMs - 1);
    expect(ports(backends)).to.deep.equal([2, 1]);
    await runtime.advance(1);
    expect(ports(backends)).to.deep.equal([1, 2]);
    backends.failed(failing);
    backends.succeeded(failing);
    expect(ports(backends)).to.deep.equal([1, 2]);
  });

  it('keep what is known of them when the list changes', () => {
    const backends = new Backends(new VirtualRuntime(), ['a:1', 'a:2']);
    const [kept] = backends.candidates();
    if (kept === undefined) throw new Error('none');
    backends.opening(kept);
    backends.replace([`a:${kept.port}`, 'a:9', 'a:9']);
    expect(ports(backends)).to.deep.equal([9, kept.port]);
  });

  it('have a host and a port', () => {
    const backends = new Backends(new VirtualRuntime(), ['[::1]:4000']);
    expect(backends.candidates()[0]).to.include({ host: '::1', port: 4000 });
    for (const address of ['', 'host', ':1', 'host:', 'host:0', 'host:65536', 'host:1x', '::1:4000']) {
      expect(() => new Backends(new VirtualRuntime(), [address]), address).to.throw(AddressError);
    }
    expect(() => new Backends(new VirtualRuntime(), [])).to.throw(AssertionError);
  });
});
