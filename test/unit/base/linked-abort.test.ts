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
});
