import { expect } from 'chai';
import { PrometheusMetrics } from '../../../src/observe/prometheus-metrics.js';

describe('metrics', () => {
  it('are shown as Prometheus wants them', async () => {
    const metrics = new PrometheusMetrics();
    metrics.count('tiview_epochs_total', 3);
    metrics.gauge('tiview_views', 2, { state: 'READY' });
    metrics.observe('tiview_epoch_seconds', 0.002);
    const text = await metrics.text();
    expect(text).to.contain('\ntiview_epochs_total 3\n');
    expect(text).to.contain('tiview_views{state="READY"} 2');
    expect(text).to.contain('tiview_epoch_seconds_bucket{le="0.0025"} 1');
    expect(metrics.contentType).to.contain('text/plain');
  });

  it('may be counted elsewhere, by bucket', async () => {
    const metrics = new PrometheusMetrics();
    const name = 'tiview_backend_command_seconds';
    const counts = Array.from({ length: 20 }, (_, i) => Number(i === 1 || i === 19));
    metrics.observeCounted(name, counts, 40, { server: 'a:1' });
    metrics.observeCounted(name, counts, 40.5, { server: 'a:1' });
    metrics.observeCounted(name, counts, 1, { server: 'a:2' });
    metrics.forget(name, { server: 'a:2' });
    const lines = (await metrics.text()).split('\n').filter((line) => line.includes(name));
    expect(lines.slice(1)).to.deep.equal([
      `# TYPE ${name} histogram`,
      `${name}_bucket{server="a:1",le="0.000125"} 0`,
      ...Array.from({ length: 18 }, (_, i) => `${name}_bucket{server="a:1",le="${2 ** (i + 1) / 8000}"} 2`),
      `${name}_bucket{server="a:1",le="+Inf"} 4`,
      `${name}_sum{server="a:1"} 80.5`,
      `${name}_count{server="a:1"} 4`,
    ]);
    expect(() => metrics.observeCounted(name, [1], 1)).to.throw('has other buckets');
    expect(() => metrics.observe(name, 1)).to.throw('not a declared histogram');
  });

  it('refuse what is not declared, or is declared as something else', () => {
    const metrics = new PrometheusMetrics();
    expect(() => metrics.count('tiview_nonsense')).to.throw('not a declared counter');
    expect(() => metrics.gauge('tiview_epochs_total', 1)).to.throw('not a declared gauge');
    expect(() => metrics.observe('tiview_views', 1)).to.throw('not a declared histogram');
    expect(() => metrics.observeCounted('tiview_epoch_seconds', [], 0)).to.throw('not a declared counted');
  });
});
