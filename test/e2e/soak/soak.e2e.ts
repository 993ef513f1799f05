/**
 * TiView, the whole program, under a mixed load for a long time: memory stays flat, and nothing is left over. Minutes:
 * TIVIEW_SOAK_MINUTES (an hour by hand, see test/bench/README.md); pauses of the load times TIVIEW_SOAK_PACE.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import { report } from '../../support/seed.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { MB } from '../proxy/process-memory.js';
import { type MemorySample, takeSample, trendOf } from './memory-sample.js';
import { MixedLoad, prepareSoak } from './mixed-load.js';

const seconds = Number(process.env['TIVIEW_SOAK_MINUTES'] ?? 4) * 60;
const pace = Number(process.env['TIVIEW_SOAK_PACE'] ?? 1);
/** Between two samples: each costs a full garbage collection. */
const sampleSeconds = Math.min(15, Math.max(2, seconds / 120));
/** Load before the first quiet moment. */
const WARM_UP_SECONDS = 15;
/** Time for the last sessions to end, and for what lingers. */
const QUIET_MS = 5_000;

const printed = ({ rss, heap, sockets, timers }: MemorySample): string =>
  `RSS ${(rss / MB).toFixed(1)} MB, heap ${(heap / MB).toFixed(1)} MB, ${sockets} sockets, ${timers} timers`;

describe('the trend of memory', () => {
  const samplesOf = (rss: (i: number) => number): MemorySample[] =>
    Array.from({ length: 60 }, (_, i) => ({ rss: rss(i) * MB, heap: 0, sockets: 0, timers: 0 }));

  it('is flat where a program warms up and then only breathes', () => {
    const { last, bound } = trendOf(
      samplesOf((i) => 100 + Math.min(i, 15) * 3 + (i % 4)),
      'rss',
    );
    expect(last).to.be.at.most(bound);
  });

  it('is not where something is left over each time', () => {
    const { last, bound } = trendOf(
      samplesOf((i) => 100 + i),
      'rss',
    );
    expect(last).to.be.greaterThan(bound);
  });
});

describe('a soak', function () {
  this.timeout((seconds + 180) * 1000);
  const folder = mkdtempSync(join(tmpdir(), 'tiview-soak-'));
  const probe = join(folder, 'probe');
  let rig: Rig;
  let tiview: TiView;

  before(async () => {
    rig = await startRig();
    const module = new URL('memory-probe.js', import.meta.url).href;
    tiview = await startTiView({
      tidbPort: rig.mysqlPort,
      nodeFlags: ['--expose-gc', '--import', module],
      environment: { TIVIEW_MEMORY_PROBE: probe },
    });
    await prepareSoak(tiview.port);
  });

  after(async () => {
    await tiview.stop();
    await rig.stop();
    rmSync(folder, { recursive: true });
  });

  /** Puts load on for so long. @returns the samples, and at last one of the quiet afterwards. */
  async function soak(lasting: number): Promise<MemorySample[]> {
    const load = await MixedLoad.start(tiview.port, pace);
    const samples: MemorySample[] = [];
    const until = performance.now() + lasting * 1000;
    while (performance.now() < until) {
      await sleep(sampleSeconds * 1000);
      samples.push(await takeSample(probe));
      if (samples.length % 20 === 0)
        report(printed(samples[samples.length - 1] ?? (await takeSample(probe))));
    }
    await load.stop();
    report([...load.rounds].map(([name, rounds]) => `${rounds} × ${name}`).join(', '));
    expect(load.problems).to.deep.equal([]);
    await sleep(QUIET_MS);
    expect(await tiview.status()).to.include({ connections: 0 });
    return [...samples, await takeSample(probe)];
  }

  it(`of ${seconds / 60} minutes leaves memory flat and no handle behind`, async () => {
    const before = (await soak(WARM_UP_SECONDS)).pop();
    const samples = await soak(seconds);
    const after = samples.pop();
    if (before === undefined || after === undefined) throw new Error('no samples');
    report(`quiet before: ${printed(before)}`);
    report(`quiet after: ${printed(after)}`);
    expect(after.sockets).to.be.at.most(before.sockets);
    expect(after.timers).to.be.at.most(before.timers + 2);
    for (const what of ['rss', 'heap'] as const) {
      const { middle, last, bound } = trendOf(samples, what);
      report(
        `${what}: ${(middle / MB).toFixed(2)} MB in the middle third, ${(last / MB).toFixed(2)} MB in the last`,
      );
      expect(last, what).to.be.at.most(bound);
    }
  });
});
