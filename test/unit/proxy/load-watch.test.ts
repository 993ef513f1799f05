import { expect } from 'chai';
import { limits } from '../../../src/base/limits.js';
import { silent } from '../../../src/base/telemetry.js';
import { Backends } from '../../../src/proxy/backends.js';
import { EVENLY } from '../../../src/proxy/balance/balance-settings.js';
import { watchLoad } from '../../../src/proxy/load-watch.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

describe('load watch', () => {
  it('keeps figures fresh, and drops those of a server that has fallen silent', async () => {
    const runtime = new VirtualRuntime();
    const backends = new Backends(['a:1', 'a:2'], silent.log, {
      settings: EVENLY,
      nowMs: () => runtime.monotonicMs(),
    });
    const silentOnes = new Set<string>();
    const task = runtime.spawn('load', (signal) =>
      watchLoad(
        backends,
        ({ address }) => {
          if (silentOnes.has(address)) return Promise.resolve(undefined);
          // a:1 uses one of its two processors all the time.
          const cpuSeconds = address === 'a:1' ? runtime.monotonicMs() / 1000 : 0;
          return Promise.resolve({ cpuSeconds, cpus: 2, residentBytes: 1, quotaBytes: 4 });
        },
        runtime,
        signal,
      ),
    );
    const loads = (): unknown[] =>
      ['a:1', 'a:2'].map((address) => backends.all().find((one) => one.address === address)?.load);
    await runtime.advance(0);
    expect(loads()).to.deep.equal([undefined, undefined]);
    await runtime.advance(limits.loadPauseMs);
    const idle = { cpu: 0, memory: 0.25 };
    expect(loads()).to.deep.equal([{ cpu: 0.5, memory: 0.25 }, idle]);
    silentOnes.add('a:1');
    await runtime.advance(limits.loadStaleMs);
    expect(loads()).to.deep.equal([{ cpu: 0.5, memory: 0.25 }, idle]);
    await runtime.advance(limits.loadPauseMs);
    expect(loads()).to.deep.equal([undefined, idle]);
    await task.stop();
    expect(runtime.crashes).to.deep.equal([]);
  });
});
