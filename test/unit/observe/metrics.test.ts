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

  it('refuse what is not declared, or is declared as something else', () => {
    const metrics = new PrometheusMetrics();
    expect(() => metrics.count('tiview_nonsense')).to.throw('not a declared counter');
    expect(() => metrics.gauge('tiview_epochs_total', 1)).to.throw('not a declared gauge');
    expect(() => metrics.observe('tiview_views', 1)).to.throw('not a declared histogram');
  });
});
