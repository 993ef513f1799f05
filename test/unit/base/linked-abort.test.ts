import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { LinkedAbort } from '../../../src/base/linked-abort.js';

describe('base/linked-abort', () => {
  it('is aborted with its parent, for its reason', () => {
    const parent = new AbortController();
    const child = new LinkedAbort(parent.signal);
    expect(child.signal.aborted).to.equal(false);
    parent.abort(new Error('why'));
    expect((child.signal.reason as Error).message).to.equal('why');
  });

  it('is aborted from the beginning if its parent is', () => {
    expect(new LinkedAbort(AbortSignal.abort(new Error('before'))).signal.aborted).to.equal(true);
  });

  it('is aborted alone, and not after it is unlinked', () => {
    const parent = new AbortController();
    const [alone, unlinked] = [new LinkedAbort(parent.signal), new LinkedAbort(parent.signal)];
    alone.abort(new Error('alone'));
    expect(parent.signal.aborted).to.equal(false);
    unlinked.unlink();
    parent.abort(new Error('late'));
    expect(unlinked.signal.aborted).to.equal(false);
    expect((alone.signal.reason as Error).message).to.equal('alone');
  });

  it('is aborted by whichever parent is first', () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const child = new LinkedAbort(first.signal, second.signal);
    second.abort(new Error('second'));
    first.abort(new Error('first'));
    expect((child.signal.reason as Error).message).to.equal('second');
    const late = new LinkedAbort(new AbortController().signal, second.signal);
    expect((late.signal.reason as Error).message).to.equal('second');
  });

  it('gives a parent one listener, however many are linked', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', onWarning);
    try {
      const parent = new AbortController();
      const linked = Array.from({ length: 20 }, () => new LinkedAbort(parent.signal));
      // Warnings are given in a turn of their own.
      await new Promise((resolve) => setImmediate(resolve));
      expect(getEventListeners(parent.signal, 'abort').length).to.equal(1);
      expect(warnings).to.deep.equal([]);
      parent.abort(new Error('why'));
      expect(linked.every(({ signal }) => signal.aborted)).to.equal(true);
    } finally {
      process.off('warning', onWarning);
    }
  });
});
