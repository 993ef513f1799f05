import { expect } from 'chai';
import { metricCatalog } from '../../../src/observe/metric-catalog.js';
import { MergedMetrics } from '../../../src/observe/merged-metrics.js';
import { PrometheusMetrics } from '../../../src/observe/prometheus-metrics.js';

const SERVER = { server: 'a:1' };

describe('metrics of several processes', () => {
  let own: PrometheusMetrics;
  let merged: MergedMetrics;
  let others: PrometheusMetrics[];

  const line = async (name: string): Promise<number> => {
    const found = (await merged.text()).split('\n').find((one) => one.startsWith(`${name} `));
    return Number(found?.split(' ')[1]);
  };

  beforeEach(() => {
    own = new PrometheusMetrics();
    merged = new MergedMetrics(own);
    others = [new PrometheusMetrics(), new PrometheusMetrics()];
    others.forEach((other, i) => {
      other.count('tiview_client_commands_total', 10 * (i + 1));
      other.gauge('tiview_client_connections', i + 1);
      other.gauge('tiview_backend_is_healthy', i, SERVER);
      other.observe('tiview_epoch_seconds', 0.002);
    });
  });

  const ask = async (): Promise<void> => {
    // As over a channel: clones.
    for (const [i, other] of others.entries()) merged.report(i, structuredClone(await other.snapshot()));
  };

  it('are those of the one process as long as there are no others', async () => {
    own.count('tiview_epochs_total', 3);
    expect(await merged.text()).to.contain('\ntiview_epochs_total 3\n');
    expect(merged.contentType).to.equal(own.contentType);
  });

  it('are added up, and a server is as healthy as it is to who finds it worst', async () => {
    own.count('tiview_epochs_total', 3);
    merged.mergeWith(ask);
    expect(await line('tiview_epochs_total')).to.equal(3);
    expect(await line('tiview_client_commands_total')).to.equal(30);
    expect(await line('tiview_client_connections')).to.equal(3);
    expect(await line('tiview_backend_is_healthy{server="a:1"}')).to.equal(0);
    expect(await line('tiview_epoch_seconds_count')).to.equal(2);
    expect(await merged.text()).to.contain('# TYPE tiview_client_commands_total counter');
  });

  it('are all there, each once, with all buckets of counted histograms added up', async () => {
    const name = 'tiview_backend_command_seconds';
    const { buckets = [] } = metricCatalog[name] ?? {};
    const counts = [3, ...buckets.map(() => 0)];
    counts[5] = 2;
    for (const other of others) other.observeCounted(name, counts, 0.25, SERVER);
    others[0]?.observeCounted(name, [...buckets.map(() => 0), 1], 40, { server: 'b:1' });
    merged.mergeWith(ask);
    const expectSums = async (): Promise<void> => {
      const at = (server: string, bound: string): Promise<number> =>
        line(`${name}_bucket{server="${server}",le="${bound}"}`);
      expect(await at('a:1', String(buckets[0]))).to.equal(6);
      expect(await at('a:1', String(buckets[4]))).to.equal(6);
      expect(await at('a:1', String(buckets[5]))).to.equal(10);
      expect(await at('a:1', '+Inf')).to.equal(10);
      expect(await at('b:1', String(buckets.at(-1)))).to.equal(0);
      expect(await at('b:1', '+Inf')).to.equal(1);
      expect(await line(`${name}_sum{server="a:1"}`)).to.equal(0.5);
      expect(await line(`${name}_count{server="a:1"}`)).to.equal(10);
    };
    await expectSums();
    const types = [...(await merged.text()).matchAll(/^# TYPE (tiview_\S+) (\S+)$/gm)];
    const declared = new Map(types.map(([, metric = '', type = '']) => [metric, type]));
    expect(declared.size).to.equal(types.length);
    for (const [metric, { kind }] of Object.entries(metricCatalog))
      expect(declared.get(metric), metric).to.equal(kind);
    others = [];
    await Promise.all([merged.retire(0), merged.retire(1)]);
    await expectSums();
  });

  it('do not go back when processes end, but their levels do', async () => {
    merged.mergeWith(ask);
    await merged.text();
    others = [];
    await Promise.all([merged.retire(0), merged.retire(1), merged.retire(7)]);
    expect(await line('tiview_client_commands_total')).to.equal(30);
    expect(await line('tiview_epoch_seconds_count')).to.equal(2);
    expect(await line('tiview_client_connections')).to.equal(0);
    expect(await merged.text()).not.to.contain('tiview_backend_is_healthy{');
    merged.report(8, await own.snapshot());
    await merged.retire(8);
    expect(await line('tiview_client_commands_total')).to.equal(30);
  });
});
