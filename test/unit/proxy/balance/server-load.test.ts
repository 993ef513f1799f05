import { expect } from 'chai';
import { limits } from '../../../../src/base/limits.js';
import { LoadTracker, parseLoadSample } from '../../../../src/proxy/balance/server-load.js';

// As TiDB says it, but for the numbers.
const TEXT = `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 4e+08
# HELP tidb_server_maxprocs The value of GOMAXPROCS.
# TYPE tidb_server_maxprocs gauge
tidb_server_maxprocs 4
# HELP tidb_server_memory_quota_bytes The value of memory quota bytes.
# TYPE tidb_server_memory_quota_bytes gauge
tidb_server_memory_quota_bytes 1.6e+09`;

const sample = (cpuSeconds: number, residentBytes = 25) => ({
  ...{ cpuSeconds, cpus: 2, residentBytes, quotaBytes: 100 },
});

describe('the load of a server', () => {
  it('is found among its metrics', () => {
    const found = { cpuSeconds: 12.5, cpus: 4, residentBytes: 4e8, quotaBytes: 1.6e9 };
    expect(parseLoadSample(TEXT)).to.deep.equal(found);
    expect(parseLoadSample(`${TEXT}\n`)).to.deep.equal(found);
    for (const name of [
      'process_cpu_seconds_total',
      'tidb_server_maxprocs',
      'tidb_server_memory_quota_bytes',
    ]) {
      expect(parseLoadSample(TEXT.replace(`\n${name}`, '\nother')), name).to.equal(undefined);
    }
    expect(parseLoadSample(TEXT.replace('maxprocs 4', 'maxprocs 0'))).to.equal(undefined);
    expect(parseLoadSample('')).to.equal(undefined);
  });

  it('is what it has used between two samples, of what it may', () => {
    const tracker = new LoadTracker();
    tracker.take(sample(10), 1_000);
    expect(tracker.figures(1_000)).to.equal(undefined);
    tracker.take(sample(15), 6_000);
    expect(tracker.figures(6_000)).to.deep.equal({ cpu: 0.5, memory: 0.25 });
  });

  it('is smoothed', () => {
    const tracker = new LoadTracker();
    tracker.take(sample(0), 0);
    tracker.take(sample(0), 5_000);
    tracker.take(sample(10, 75), 10_000);
    expect(tracker.figures(10_000)).to.deep.equal({ cpu: 0.5, memory: 0.5 });
    // More than it may use is all that it may use.
    tracker.take(sample(100, 175), 15_000);
    expect(tracker.figures(15_000)).to.deep.equal({ cpu: 0.75, memory: 0.75 });
  });

  it('is not known any more when it was told long ago, or by another process', () => {
    const tracker = new LoadTracker();
    tracker.take(sample(0), 0);
    tracker.take(sample(0), 5_000);
    expect(tracker.figures(5_000 + limits.loadStaleMs)).to.deep.equal({ cpu: 0, memory: 0.25 });
    expect(tracker.figures(5_001 + limits.loadStaleMs)).to.equal(undefined);
    tracker.take(sample(5), 10_000);
    tracker.take(sample(1), 15_000);
    expect(tracker.figures(15_000)).to.equal(undefined);
    tracker.take(sample(11), 20_000);
    expect(tracker.figures(20_000)).to.deep.equal({ cpu: 1, memory: 0.25 });
  });
});
