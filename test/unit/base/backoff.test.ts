import { expect } from 'chai';
import { Backoff, BudgetError } from '../../../src/base/backoff.js';
import { VirtualRuntime, settle } from '../../support/virtual-runtime.js';

const kind = { name: 'test', baseMs: 10, capMs: 40 };
const never = new AbortController().signal;

describe('Backoff', () => {
  it('doubles its pauses up to the cap, with jitter between half and whole', async () => {
    const runtime = new VirtualRuntime(7);
    const backoff = new Backoff(runtime, 'try', 'tikv', 1e9);
    for (const full of [10, 20, 40, 40]) {
      let over = false;
      void backoff.pause(kind, 'why', never).then(() => (over = true));
      await runtime.advance(full / 2 - 1);
      expect(over).to.equal(false);
      await runtime.advance(full / 2 + 1);
      expect(over).to.equal(true);
    }
    expect(backoff.attempts).to.equal(4);
  });

  it('gives up when its budget is used, naming what was tried and the last cause', async () => {
    const runtime = new VirtualRuntime(1);
    const backoff = new Backoff(runtime, 'prewrite region 12', 'tikv', 100);
    await runtime.advance(100);
    const error = await backoff.pause(kind, new Error('server is busy'), never).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(BudgetError);
    expect((error as BudgetError).message).to.equal(
      'prewrite region 12: gave up after 100 ms: server is busy',
    );
    expect((error as BudgetError).side).to.equal('tikv');
  });

  it('stops waiting when aborted', async () => {
    const runtime = new VirtualRuntime(1);
    const controller = new AbortController();
    const pausing = new Backoff(runtime, 'x', 'pd', 100)
      .pause(kind, 'y', controller.signal)
      .catch((e: unknown) => e);
    await settle();
    controller.abort(new Error('stop'));
    expect(await pausing).to.have.property('message', 'stop');
  });
});
