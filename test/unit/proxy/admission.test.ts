// Who is let in: counts, rates, and where clients come from. Time is the virtual runtime's.
import { expect } from 'chai';
import { limits } from '../../../src/base/limits.js';
import { Admission } from '../../../src/proxy/admission.js';
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from '../../../src/proxy/client-limits.js';
import { clientOrigin } from '../../../src/proxy/client-origin.js';
import { TokenBucket } from '../../../src/proxy/token-bucket.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

describe('token bucket', () => {
  it('lets a burst of one second through, then as many as drip in', async () => {
    const runtime = new VirtualRuntime();
    const bucket = new TokenBucket(4, runtime.monotonicMs());
    const taken = (): number => {
      let count = 0;
      while (bucket.take(runtime.monotonicMs())) count++;
      return count;
    };
    expect(taken()).to.equal(4);
    await runtime.advance(250);
    expect(taken()).to.equal(1);
    await runtime.advance(600);
    expect(taken()).to.equal(2);
    await runtime.advance(60_000);
    expect(bucket.isFull(runtime.monotonicMs())).to.equal(true);
    expect(taken()).to.equal(4);
  });

  it('holds one token at least, however slowly it is filled', () => {
    const bucket = new TokenBucket(0.5, 0);
    expect([0, 1000, 1999, 2000].map((ms) => bucket.take(ms))).to.deep.equal([true, false, false, true]);
  });
});

describe('client origin', () => {
  it('is the address of IPv4 and the network of IPv6', () => {
    expect(clientOrigin('10.1.2.3')).to.equal('10.1.2.3');
    expect(clientOrigin('::ffff:10.1.2.3')).to.equal('10.1.2.3');
    expect(clientOrigin('2001:db8:0:7:1:2:3:4')).to.equal('2001:db8:0:7::/64');
    expect(clientOrigin('2001:db8:0:7::9')).to.equal('2001:db8:0:7::/64');
    expect(clientOrigin('2001:db8::9')).to.equal('2001:db8:0:0::/64');
    expect(clientOrigin('fe80::1%eth0')).to.equal('fe80:0:0:0::/64');
    expect(clientOrigin('::1')).to.equal('0:0:0:0::/64');
    expect(clientOrigin('localhost')).to.equal('localhost');
    expect(clientOrigin(undefined)).to.equal('unknown');
  });
});

describe('admission', () => {
  const admit = (given: Partial<ClientLimits>): Admission =>
    new Admission({ ...DEFAULT_CLIENT_LIMITS, ...given }, 0);
  const refusal = (error: { errno: number; sqlState: string; message: string } | undefined): unknown =>
    error === undefined ? 'let in' : [error.errno, error.sqlState, error.message];

  it('counts connections in all, in the words of TiDB', () => {
    const admission = admit({ connections: 2 });
    expect(refusal(admission.enter(undefined, 0))).to.equal('let in');
    expect(refusal(admission.enter(undefined, 0))).to.equal('let in');
    expect(refusal(admission.enter(undefined, 0))).to.deep.equal([1040, '08004', 'Too many connections']);
    admission.leave(undefined);
    expect(refusal(admission.enter(undefined, 0))).to.equal('let in');
    expect(admission.connections).to.equal(2);
  });

  it('has no limit where it is 0', () => {
    const admission = admit({ connections: 0 });
    for (let i = 0; i < 20_000; i++) expect(admission.enter('10.0.0.1', 0)).to.equal(undefined);
    expect(admission.enterUser('u')).to.equal(undefined);
    expect(admission.tracked).to.equal(0);
  });

  it('counts connections of each address and forgets those that have gone', () => {
    const admission = admit({ connectionsPerAddress: 2 });
    const enter = (address: string): unknown => refusal(admission.enter(address, 0));
    expect([enter('10.0.0.1'), enter('10.0.0.1'), enter('10.0.0.2')]).to.deep.equal(Array(3).fill('let in'));
    expect(enter('::ffff:10.0.0.1')).to.deep.equal([1040, '08004', 'Too many connections from 10.0.0.1']);
    expect(admission.connections).to.equal(3);
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '10.0.0.2']) admission.leave(address);
    expect([admission.connections, admission.tracked]).to.deep.equal([0, 0]);
  });

  it('counts users and forgets those that have gone', () => {
    const admission = admit({ connectionsPerUser: 1 });
    expect(admission.enterUser('ann')).to.equal(undefined);
    expect(admission.enterUser('bob')).to.equal(undefined);
    expect(refusal(admission.enterUser('ann'))).to.deep.equal([
      1203,
      '42000',
      "User ann already has more than 'maxUserConnections' active connections",
    ]);
    expect(admission.enterUser('x'.repeat(100))).to.equal(undefined);
    expect(admission.enterUser('x'.repeat(100))?.message).to.have.lengthOf(
      'User  already has more than'.length + 64 + " 'maxUserConnections' active connections".length,
    );
    for (const user of ['ann', 'bob', 'x'.repeat(100)]) admission.leaveUser(user);
    expect(admission.tracked).to.equal(0);
    expect(admission.enterUser('ann')).to.equal(undefined);
  });

  it('slows down who connects too fast, and nobody else', () => {
    const admission = admit({ connectsPerSecondPerAddress: 2 });
    const enter = (address: string, nowMs: number): unknown => refusal(admission.enter(address, nowMs));
    expect([enter('10.0.0.1', 0), enter('10.0.0.1', 0)]).to.deep.equal(['let in', 'let in']);
    const tooFast = [1040, '08004', 'Too many connections from 10.0.0.1 in one second'];
    expect(enter('10.0.0.1', 10)).to.deep.equal(tooFast);
    expect(enter('10.0.0.2', 10)).to.equal('let in');
    expect(enter('10.0.0.1', 520)).to.equal('let in');
    expect(enter('10.0.0.1', 530)).to.deep.equal(tooFast);
  });

  it('slows down all together', () => {
    const admission = admit({ connectsPerSecond: 1 });
    expect(refusal(admission.enter('10.0.0.1', 0))).to.equal('let in');
    expect(refusal(admission.enter('10.0.0.2', 0))).to.deep.equal([
      1040,
      '08004',
      'Too many connections in one second',
    ]);
    expect(refusal(admission.enter('10.0.0.2', 1000))).to.equal('let in');
    expect(admission.connections).to.equal(2);
  });

  it('knows so many addresses and no more, and forgets those first that have recovered', () => {
    const admission = admit({ connections: 0, connectsPerSecondPerAddress: 1 });
    const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    for (let i = 0; i < limits.clientAddresses; i++) admission.enter(address(i), 0);
    expect(admission.tracked).to.equal(limits.clientAddresses);
    // None has recovered: the oldest goes.
    expect(admission.enter('11.0.0.1', 1)).to.equal(undefined);
    expect(admission.tracked).to.equal(limits.clientAddresses);
    expect(admission.enter('11.0.0.1', 2)?.errno).to.equal(1040);
    // All have: more go than come.
    for (let i = 0; i < 100; i++) admission.enter(`12.0.0.${i}`, 5_000);
    expect(admission.tracked).to.be.lessThan(limits.clientAddresses);
  });
});
