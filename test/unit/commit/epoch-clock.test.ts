import { expect } from 'chai';
import type { Labels } from '../../../src/base/telemetry.js';
import { composeTs } from '../../../src/codec/tso.js';
import { EpochClock } from '../../../src/commit/epoch-clock.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

describe('epoch clock', () => {
  const observed: string[] = [];
  const metrics = {
    count: () => undefined,
    gauge: () => undefined,
    observeCounted: () => undefined,
    forget: () => undefined,
    observe: (name: string, seconds: number, labels: Labels = {}) => {
      observed.push(`${name} ${labels['phase'] ?? ''} ${Math.round(1000 * seconds)}`);
    },
  };

  it('gives each phase the time since the one before, and the epoch their sum', async () => {
    const runtime = new VirtualRuntime();
    await runtime.advance(1000);
    const clock = new EpochClock(runtime, metrics);
    expect(clock.startMs).to.equal(1000);
    clock.waited(composeTs(400n, 7n), composeTs(450n, 0n));
    await runtime.advance(3);
    clock.ended('input');
    clock.ended('step');
    await runtime.advance(4);
    clock.ended('prewrite');
    clock.finished();
    expect(observed).to.deep.equal([
      'tiview_epoch_phase_seconds wait 50',
      'tiview_epoch_phase_seconds input 3',
      'tiview_epoch_phase_seconds step 0',
      'tiview_epoch_phase_seconds prewrite 4',
      'tiview_epoch_seconds  7',
    ]);
  });
});
