import { expect } from 'chai';
import { silent } from '../../../src/base/telemetry.js';
import { PrometheusMetrics } from '../../../src/observe/prometheus-metrics.js';
import { type Backend, Backends } from '../../../src/proxy/backends.js';
import { EVENLY } from '../../../src/proxy/balance/balance-settings.js';
import { type CountedSession, ServerMetrics } from '../../../src/proxy/server-metrics.js';

describe('the metrics of servers', () => {
  const metrics = new PrometheusMetrics();
  const backends = new Backends(['seed:1'], silent.log, { settings: EVENLY, nowMs: () => 0 });
  const told = new ServerMetrics();

  const find = (address: string): Backend => {
    const found = backends.all().find((backend) => backend.address === address);
    if (found === undefined) throw new Error(`no ${address}`);
    return found;
  };

  /** Lines about a server, without the name's prefix and the buckets of a histogram. */
  async function lines(server: string, sessions: readonly CountedSession[] = []): Promise<string[]> {
    told.publish([...backends.all(), ...backends.leaving()], sessions, metrics);
    return (await metrics.text())
      .split('\n')
      .filter((line) => line.includes(`server="${server}"`) && !line.includes('_bucket'))
      .map((line) => line.replace('tiview_backend_', '').replace(`server="${server}"`, '…'));
  }

  it('are there for as long as they have clients or may get some', async () => {
    backends.list([{ address: 'a:2' }]);
    const server = find('a:2');
    backends.checking(server)(undefined);
    const close = backends.opening(server);
    server.counts.commands = 7;
    server.counts.errors = 1;
    server.counts.latencies.add(2);
    const sessions = [
      { backend: server, state: 'login' },
      { backend: server, state: 'idle' },
      { backend: server, state: 'idle' },
      { backend: server, state: undefined },
      { backend: undefined, state: 'login' },
    ] as const;
    expect(await lines('a:2', sessions)).to.deep.equal([
      'connect_failures_total{…} 0',
      'failed_logins_total{…} 0',
      'sessions{…,state="login"} 1',
      'sessions{…,state="idle"} 2',
      'sessions{…,state="transaction"} 0',
      'sessions{…,state="answering"} 0',
      'commands_total{…} 7',
      'errors_total{…} 1',
      'from_clients_bytes_total{…} 0',
      'received_bytes_total{…} 0',
      'command_seconds_sum{…} 0.002',
      'command_seconds_count{…} 1',
      'connections{…} 1',
      'is_healthy{…} 1',
    ]);
    server.counts.commands = 9;
    backends.list([]);
    expect(await lines('a:2')).to.include.members(['commands_total{…} 9', 'sessions{…,state="idle"} 0']);
    close();
    expect(await lines('a:2')).to.deep.equal([]);
    expect(await lines('seed:1')).to.have.length(14);
  });
});
