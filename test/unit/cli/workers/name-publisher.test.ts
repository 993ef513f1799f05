import { expect } from 'chai';
import { NamePublisher, type NameReader } from '../../../../src/cli/workers/name-publisher.js';
import type { NameSnapshot } from '../../../../src/view/index.js';
import { VirtualRuntime, settle } from '../../../support/virtual-runtime.js';

class Reader implements NameReader {
  readonly told: number[] = [];
  /** Says that what was told has been taken. */
  take: () => void = () => undefined;

  learn({ version }: NameSnapshot): Promise<void> {
    this.told.push(version);
    return new Promise((resolve) => (this.take = resolve));
  }
}

describe('names of views, for front ends', () => {
  let names: NameSnapshot;
  let publisher: NamePublisher;

  const change = (): void => {
    names = { ...names, version: names.version + 1 };
  };

  beforeEach(() => {
    names = { version: 1, systemSchema: 'tiview', views: [] };
    publisher = new NamePublisher({ names: () => names });
  });

  it('are settled when all have taken the latest', async () => {
    const [a, b] = [new Reader(), new Reader()];
    expect(publisher.join(a)).to.equal(names);
    publisher.join(b);
    await publisher.settled();
    change();
    let isSettled = false;
    const settled = publisher.settled().then(() => (isSettled = true));
    a.take();
    await settle();
    expect(isSettled).to.equal(false);
    b.take();
    await settled;
    expect([a.told, b.told]).to.deep.equal([[2], [2]]);
  });

  it('are told to who joins later by what it starts with, and to nobody who has left', async () => {
    const [a, b] = [new Reader(), new Reader()];
    publisher.join(a);
    change();
    expect(publisher.join(b).version).to.equal(2);
    publisher.leave(a);
    change();
    const settled = publisher.settled();
    b.take();
    await settled;
    expect([a.told, b.told]).to.deep.equal([[2], [3]]);
  });

  it('are told also when no statement has changed them', async () => {
    const runtime = new VirtualRuntime();
    const reader = new Reader();
    publisher.join(reader);
    const task = runtime.spawn('names', (signal) => publisher.watch(runtime, signal));
    await runtime.advance(100);
    expect(reader.told).to.deep.equal([]);
    change();
    await runtime.advance(20);
    expect(reader.told).to.deep.equal([2]);
    await task.stop();
  });
});
