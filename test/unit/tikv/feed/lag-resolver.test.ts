import { expect } from 'chai';
import { fromHex, type KeyString } from '../../../../src/base/bytes.js';
import { composeTs, type Ts } from '../../../../src/codec/tso.js';
import { KeyRange } from '../../../../src/tikv/feed/key-range.js';
import { LagResolver } from '../../../../src/tikv/feed/lag-resolver.js';
import { VirtualRuntime } from '../../../sim/feed/virtual-runtime.js';

const BASE = 1_795_000_000_000n;

function held(id: number, resolved: Ts): object {
  const range = new KeyRange(fromHex('74'), fromHex('75'));
  return { region: { id: BigInt(id) }, range, segment: { ts: resolved, start: 't' as KeyString } };
}

class Subject {
  readonly runtime = new VirtualRuntime(1);
  readonly asked: { atMs: number; maxTs: Ts }[] = [];
  regions: object[] = [];
  outcome = (): Promise<{ locksLeft: number }> => Promise.resolve({ locksLeft: 0 });
  readonly resolver = new LagResolver({
    runtime: this.runtime,
    feed: { held: () => this.regions as never },
    latestTs: () => Promise.resolve(this.now()),
    resolver: {
      resolveSpan: (_start, _end, maxTs) => {
        this.asked.push({ atMs: this.runtime.monotonicMs() - 1000, maxTs });
        return this.outcome();
      },
    },
  });

  now(): Ts {
    return composeTs(BASE + BigInt(Math.floor(this.runtime.monotonicMs())), 7n);
  }

  run(ms: number): Promise<boolean> {
    return this.runtime.run(() => false, ms);
  }
}

describe('LagResolver', () => {
  it('looks after what lags by more than a second, and leaves younger locks alone', async () => {
    const subject = new Subject();
    subject.resolver.start();
    subject.regions = [held(20, composeTs(BASE, 0n))];
    await subject.run(400);
    expect(subject.asked).to.deep.equal([]);
    await subject.run(400);
    expect(subject.asked).to.deep.equal([{ atMs: 500, maxTs: composeTs(BASE + 500n, 0n) }]);
  });

  it('asks for one region every 2 s, then 4 s, and at last every 10 s', async () => {
    const subject = new Subject();
    subject.resolver.start();
    subject.regions = [held(20, composeTs(BASE - 5000n, 0n))];
    await subject.run(40_000);
    expect(subject.asked.map(({ atMs }) => atMs)).to.deep.equal([500, 2500, 6500, 14_500, 24_500, 34_500]);
  });

  it('begins anew with a region that has caught up in between', async () => {
    const subject = new Subject();
    subject.resolver.start();
    subject.regions = [held(20, composeTs(BASE - 5000n, 0n))];
    await subject.run(3000);
    subject.regions = [];
    await subject.run(1000);
    subject.regions = [held(20, composeTs(BASE - 5000n, 0n))];
    await subject.run(1000);
    expect(subject.asked.map(({ atMs }) => atMs)).to.deep.equal([500, 2500, 4500]);
  });

  it('goes on after failures', async () => {
    const subject = new Subject();
    subject.outcome = () => Promise.reject(new Error('region is gone'));
    subject.resolver.start();
    subject.regions = [held(20, composeTs(BASE - 5000n, 0n)), held(21, composeTs(BASE - 5000n, 0n))];
    await subject.run(3000);
    expect(subject.asked).to.have.length(4);
  });
});
