import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { metricCatalog } from '../../../src/observe/metric-catalog.js';
import { PrometheusMetrics } from '../../../src/observe/prometheus-metrics.js';

const CALL = /\.(count|gauge|observe)\(\s*'(tiview_\w+)'/g;
const KIND_OF: Readonly<Record<string, string>> = { count: 'counter', gauge: 'gauge', observe: 'histogram' };

describe('metrics', () => {
  it('are declared wherever the program counts something: an undeclared one would end it', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const sources = files
      .filter((file) => !file.endsWith('metric-catalog.ts'))
      .map((file) => readFileSync(join('src', file), 'utf8'));
    const used = sources.flatMap((source) => [...source.matchAll(CALL)]);
    expect(used.length).to.be.greaterThan(10);
    for (const [, method = '', name = ''] of used) {
      expect(metricCatalog[name]?.kind, name).to.equal(KIND_OF[method]);
    }
    const all = sources.join('\n');
    expect(Object.keys(metricCatalog).filter((name) => !all.includes(`'${name}'`))).to.deep.equal([]);
  });

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
