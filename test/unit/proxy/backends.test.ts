import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { LimitError } from '../../../src/base/errors.js';
import { limits } from '../../../src/base/limits.js';
import { silent } from '../../../src/base/telemetry.js';
import { AddressError, type Backend, Backends } from '../../../src/proxy/backends.js';
import { type BalanceSettings, EVENLY } from '../../../src/proxy/balance/balance-settings.js';

let nowMs = 0;
const madeWith = (settings: BalanceSettings, ...seeds: string[]): Backends =>
  new Backends(seeds, silent.log, { settings, nowMs: () => nowMs });
const made = (...seeds: string[]): Backends => madeWith(EVENLY, ...seeds);
const listing = (...addresses: string[]): { readonly address: string }[] =>
  addresses.map((address) => ({ address }));

/** Servers in the order in which one client would try them. */
function order(backends: Backends): string[] {
  const tried = new Set<Backend>();
  for (;;) {
    const next = backends.next(tried);
    if (next === undefined) return [...tried].map(({ address }) => address);
    tried.add(next);
  }
}

function find(backends: Backends, address: string): Backend {
  const found = backends.all().find((backend) => backend.address === address);
  if (found === undefined) throw new Error(`no ${address}`);
  return found;
}

function check(backends: Backends, address: string, reason?: string): void {
  backends.checking(find(backends, address))(reason);
}

/** Opens that many connections. @returns how many each server has got. */
function open(backends: Backends, count: number): Record<string, number> {
  const got: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const best = backends.next(new Set());
    if (best === undefined) throw new Error('none');
    backends.opening(best);
    got[best.address] = (got[best.address] ?? 0) + 1;
  }
  return got;
}

describe('backends', () => {
  beforeEach(() => {
    nowMs = 0;
  });

  it('come with the fewest connections first', () => {
    const backends = made('a:1', 'a:2', 'a:3');
    const release: (() => void)[] = [];
    for (let i = 0; i < 30; i++) {
      const best = backends.next(new Set());
      if (best === undefined) throw new Error('none');
      release.push(backends.opening(best));
    }
    expect(backends.all().map(({ connections }) => connections)).to.deep.equal([10, 10, 10]);
    for (const close of release) {
      close();
      close();
    }
    expect(backends.all().map(({ connections }) => connections)).to.deep.equal([0, 0, 0]);
  });

  it('take turns when they are equal', () => {
    const backends = made('a:1', 'a:2', 'a:3');
    const first = (): string | undefined => backends.next(new Set())?.address;
    expect([first(), first(), first(), first()]).to.deep.equal(['a:1', 'a:2', 'a:3', 'a:1']);
  });

  it('get clients when they are healthy, else when not yet checked, else in the last place', () => {
    const backends = made('a:1', 'a:2', 'a:3');
    check(backends, 'a:1', 'down');
    check(backends, 'a:3');
    backends.opening(find(backends, 'a:3'));
    expect(order(backends)).to.deep.equal(['a:3', 'a:2', 'a:1']);
    expect(backends.all().map(({ address }) => address)).to.deep.equal(['a:3', 'a:2', 'a:1']);
    expect(find(backends, 'a:1')).to.include({ health: 'unhealthy', reason: 'down' });
    check(backends, 'a:1');
    expect(find(backends, 'a:1')).to.include({ health: 'healthy', reason: '' });
    expect(order(backends)).to.deep.equal(['a:1', 'a:3', 'a:2']);
  });

  it('are unhealthy at once when they fail a client, until a check that began later', () => {
    const backends = made('a:1', 'a:2');
    check(backends, 'a:1');
    check(backends, 'a:2');
    const failing = find(backends, 'a:1');
    const conclude = backends.checking(failing);
    backends.failed(failing, 'refused');
    conclude(undefined);
    expect(failing).to.include({ health: 'unhealthy', reason: 'refused' });
    expect(order(backends)).to.deep.equal(['a:2', 'a:1']);
    backends.checking(failing)(undefined);
    expect(failing.health).to.equal('healthy');
  });

  it('are seeds only in the last resort', () => {
    const backends = made('seed:1', 'a:2');
    backends.list(listing('a:2', 'a:3'));
    expect(order(backends).at(-1)).to.equal('seed:1');
    check(backends, 'seed:1');
    check(backends, 'a:2', 'down');
    check(backends, 'a:3', 'down');
    expect(order(backends)[0]).to.equal('seed:1');
    check(backends, 'a:3');
    backends.opening(find(backends, 'a:3'));
    expect(order(backends)).to.deep.equal(['a:3', 'seed:1', 'a:2']);
  });

  it('that leave the list keep their connections and get no more', () => {
    const backends = made('seed:1');
    backends.list(listing('a:2', 'a:3', 'a:3'));
    const left = find(backends, 'a:2');
    const close = backends.opening(left);
    backends.list(listing('a:3'));
    expect(order(backends)).to.deep.equal(['a:3', 'seed:1']);
    expect(backends.leaving()).to.deep.equal([left]);
    expect(left).to.include({ isListed: false, connections: 1 });
    // It is the same one when it comes back.
    backends.list(listing('a:2', 'a:3'));
    expect(find(backends, 'a:2')).to.equal(left);
    expect(backends.leaving()).to.deep.equal([]);
    backends.list(listing('a:3'));
    close();
    expect(backends.leaving()).to.deep.equal([]);
  });

  it('keep the list that they had when a new one cannot be read, or is too long', () => {
    const backends = made('seed:1');
    backends.list([{ address: 'a:2', statusAddress: 'a:12' }]);
    expect(find(backends, 'a:2').status).to.deep.equal({ host: 'a', port: 12 });
    expect(() => backends.list(listing('a:3', 'nonsense'))).to.throw(AddressError);
    const many = Array.from({ length: limits.backends + 1 }, (_, i) => `a:${i + 1}`);
    expect(() => backends.list(listing(...many))).to.throw(LimitError);
    expect(order(backends)).to.deep.equal(['a:2', 'seed:1']);
  });

  it('get clients by weight, and none without', () => {
    const weights = [
      { kind: 'address', address: 'a:1', weight: 3 },
      { kind: 'label', name: 'zone', value: 'old', weight: 0 },
    ] as const;
    const backends = madeWith({ ...EVENLY, weights }, 'a:1', 'a:2');
    backends.list([...listing('a:1', 'a:2'), { address: 'a:3', labels: new Map([['zone', 'old']]) }]);
    for (const address of ['a:1', 'a:2', 'a:3']) check(backends, address);
    expect(open(backends, 40)).to.deep.equal({ 'a:1': 30, 'a:2': 10 });
    check(backends, 'a:1', 'down');
    check(backends, 'a:2', 'down');
    expect(order(backends)).to.have.members(['a:1', 'a:2']);
    expect(backends.all().map(({ address }) => address)).to.include('a:3');
    // Its label is another now.
    backends.list(listing('a:1', 'a:2', 'a:3'));
    expect(order(backends)[0]).to.equal('a:3');
  });

  it('of the own zone get all clients, as long as one of them is well', () => {
    const backends = madeWith({ ...EVENLY, zone: 'east' }, 'a:1', 'a:2', 'a:3');
    const zoned = (address: string, zone: string) => ({ address, labels: new Map([['zone', zone]]) });
    backends.list([zoned('a:1', 'east'), zoned('a:2', 'west'), { address: 'a:3' }]);
    for (const address of ['a:1', 'a:2', 'a:3']) check(backends, address);
    expect(open(backends, 10)).to.deep.equal({ 'a:1': 10 });
    check(backends, 'a:1', 'down');
    expect(open(backends, 10)).to.deep.equal({ 'a:2': 5, 'a:3': 5 });
  });

  it('that come to others warm up, and those that come back', () => {
    const backends = made('a:1', 'a:2');
    check(backends, 'a:1');
    check(backends, 'a:2');
    expect(find(backends, 'a:2').warmth).to.equal(1);
    open(backends, 200);
    backends.list(listing('a:1', 'a:2', 'a:3'));
    check(backends, 'a:3');
    expect(open(backends, 10)).to.deep.equal({ 'a:1': 2, 'a:2': 2, 'a:3': 6 });
    nowMs = limits.slowStartMs / 2;
    expect(find(backends, 'a:3').warmth).to.equal(0.5);
    open(backends, 60);
    expect(find(backends, 'a:3').connections).to.be.within(50, 55);
    check(backends, 'a:1', 'down');
    check(backends, 'a:1');
    expect(find(backends, 'a:1').warmth).to.equal(0.05);
    nowMs += limits.slowStartMs;
    expect(backends.all().map(({ warmth }) => warmth)).to.deep.equal([1, 1, 1]);
  });

  it('that have left and come back are checked anew, and warm up', () => {
    const backends = made('seed:1');
    backends.list(listing('a:2', 'a:3'));
    check(backends, 'a:2');
    check(backends, 'a:3');
    backends.opening(find(backends, 'a:2'));
    backends.list(listing('a:3'));
    backends.list(listing('a:2', 'a:3'));
    expect(find(backends, 'a:2').health).to.equal('unknown');
    check(backends, 'a:2');
    backends.next(new Set());
    expect(find(backends, 'a:2').warmth).to.equal(0.05);
  });

  it('that are busy get fewer clients, if that is how they are shared out', () => {
    const backends = madeWith({ ...EVENLY, policy: 'load' }, 'a:1', 'a:2');
    backends.measured(find(backends, 'a:1'), { cpu: 0.75, memory: 0.5 });
    backends.measured(find(backends, 'a:2'), { cpu: 0, memory: 0.5 });
    expect(open(backends, 100)).to.deep.equal({ 'a:1': 20, 'a:2': 80 });
    backends.measured(find(backends, 'a:2'), undefined);
    expect(open(backends, 60)).to.deep.equal({ 'a:1': 60 });
  });

  it('may get other seeds, and keep the connections of those that were', () => {
    const backends = made('seed:1', 'seed:2');
    backends.list(listing('seed:2', 'a:3'));
    const old = find(backends, 'seed:1');
    const close = backends.opening(old);
    backends.reseed(['seed:4', 'seed:4', 'a:3'], EVENLY);
    expect(new Set(order(backends))).to.deep.equal(new Set(['seed:2', 'a:3', 'seed:4']));
    expect(backends.leaving()).to.deep.equal([old]);
    backends.list([]);
    expect(new Set(order(backends))).to.deep.equal(new Set(['a:3', 'seed:4']));
    close();
    expect(backends.leaving()).to.deep.equal([]);
    expect(() => backends.reseed(['nonsense'], EVENLY)).to.throw(AddressError);
    expect(new Set(order(backends))).to.deep.equal(new Set(['a:3', 'seed:4']));
  });

  it('have a host and a port', () => {
    expect(made('[::1]:4000').next(new Set())).to.include({ host: '::1', port: 4000 });
    for (const address of ['', 'host', ':1', 'host:', 'host:0', 'host:65536', 'host:1x', '::1:4000']) {
      expect(() => made(address), address).to.throw(AddressError);
    }
    expect(() => made()).to.throw(AssertionError);
  });
});
