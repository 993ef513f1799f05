import { expect } from 'chai';
import { BuildProgress } from '../../../src/view/build-progress.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

describe('view/BuildProgress', () => {
  it('goes by rows while it scans, and tells how long that will take', async () => {
    const runtime = new VirtualRuntime();
    const progress = new BuildProgress(runtime);
    expect([progress.percent, progress.etaSeconds]).deep.equal([0, undefined]);
    progress.beginScan(1000);
    expect([progress.percent, progress.etaSeconds]).deep.equal([1, undefined]);
    await runtime.advance(10_000);
    progress.read(250);
    expect(progress.percent).closeTo(1 + 79 / 4, 1e-9);
    expect(progress.etaSeconds).equal(30);
    progress.enter('checking');
    expect([progress.percent, progress.etaSeconds]).deep.equal([80, undefined]);
    progress.enter('catchingUp');
    expect(progress.percent).equal(90);
  });

  it('stays within its phase when there are more rows than statistics know of', () => {
    const progress = new BuildProgress(new VirtualRuntime());
    progress.beginScan(5);
    progress.read(10);
    expect(progress.percent).equal(80);
    expect(progress.etaSeconds).equal(0);
  });

  it('says nothing of a scan where there are no statistics', () => {
    const progress = new BuildProgress(new VirtualRuntime());
    progress.beginScan(0);
    progress.read(10);
    expect([progress.percent, progress.etaSeconds]).deep.equal([1, undefined]);
  });
});
