import { expect } from 'chai';
import { StoppedError } from '../../../src/base/runtime.js';
import { withinTime } from '../../../src/base/time-limit.js';
import { failureOf } from '../../support/failure.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

describe('a time limit', () => {
  const runtime = new VirtualRuntime();
  const limit = { runtime, ms: 100, late: () => new Error('late') };
  const forever = (bound: AbortSignal): Promise<void> => runtime.sleep(10_000, bound);

  it('gives what the work gives, and leaves no timer', async () => {
    expect(await withinTime(limit, () => Promise.resolve(7), new AbortController().signal)).to.equal(7);
  });

  it('aborts work that takes too long, with its reason', async () => {
    const failed = failureOf(withinTime(limit, forever, new AbortController().signal));
    await runtime.advance(101);
    expect(await failed).to.have.property('message', 'late');
  });

  it('aborts the work when it is aborted itself', async () => {
    const life = new AbortController();
    const failed = failureOf(withinTime(limit, forever, life.signal));
    life.abort(new StoppedError('stop'));
    expect(await failed).to.have.property('message', 'stop');
  });
});
