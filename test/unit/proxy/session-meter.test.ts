import { expect } from 'chai';
import { SqlError, TiviewError } from '../../../src/base/errors.js';
import { LatencyCounts } from '../../../src/proxy/latency-counts.js';
import { RelayCounts } from '../../../src/proxy/relay-counts.js';
import { ServerCounts } from '../../../src/proxy/server-counts.js';
import { SessionMeter } from '../../../src/proxy/session-meter.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

describe('latencies', () => {
  it('are counted in buckets of powers of two', () => {
    const latencies = new LatencyCounts();
    for (const ms of [0, 0.124, 0.125, 0.2499, 0.25, 1, 32_767, 32_768, 1e12]) latencies.add(ms);
    const { counts, seconds } = latencies.take();
    expect(counts).to.have.length(20);
    expect(Object.entries(counts).filter(([, count]) => count > 0)).to.deep.equal([
      ['0', 2],
      ['1', 2],
      ['2', 1],
      ['4', 1],
      ['18', 1],
      ['19', 2],
    ]);
    expect(seconds).to.be.closeTo((1e12 + 32_767 + 32_768 + 1 + 0.7489) / 1000, 1);
    expect(sumOf(latencies.take().counts)).to.equal(0);
  });
});

describe('the meter of a session', () => {
  const runtime = new VirtualRuntime();
  let all: RelayCounts;
  let server: ServerCounts;
  let meter: SessionMeter;

  beforeEach(() => {
    all = new RelayCounts();
    server = new ServerCounts();
    meter = new SessionMeter(runtime, all);
    meter.turnTo(server);
  });

  it('times about one command in four, whatever the pattern of the others', async () => {
    const first = new ServerCounts();
    const second = new ServerCounts();
    for (let i = 0; i < 2_000; i++) {
      meter.turnTo(i % 2 === 0 ? first : second);
      meter.command(true);
      if (i % 10 === 0) await runtime.advance(2);
      meter.answered();
    }
    const [even, odd] = [first, second].map(({ latencies }) => latencies.take());
    expect(sumOf(even?.counts ?? [])).to.be.within(200, 300);
    expect(sumOf(odd?.counts ?? [])).to.be.within(200, 300);
    // Every fifth of the even ones took 2 ms.
    expect(even?.counts[5]).to.be.within(30, 75);
    expect(even?.seconds).to.be.closeTo((even?.counts[5] ?? 0) * 0.002, 1e-9);
    expect(odd?.seconds).to.equal(0);
    expect([all.commands, first.commands, second.commands]).to.deep.equal([2_000, 1_000, 1_000]);
  });

  it('does not time commands that waited for others, or that did not reach the server', () => {
    for (let i = 0; i < 100; i++) {
      meter.command(true);
      meter.command(false);
      meter.answered();
      meter.command(true);
      meter.untimed();
      meter.answered();
    }
    expect(sumOf(server.latencies.take().counts)).to.equal(0);
  });

  it('counts errors for the side whose they are', () => {
    meter.refusedByServer(2);
    meter.refusedHere();
    meter.broken(new SqlError(1159, '08S01', 'too late'));
    meter.broken(new ProtocolError('client', 'what?'));
    meter.broken(new ProtocolError('tidb', 'what?'));
    meter.broken(new TiviewError('the end', { kind: 'sessionEnd', side: 'proxy', isRetryable: false }));
    expect(all).to.include({ errorsOfServers: 3, errorsOfTiview: 2, errorsOfClients: 1 });
    expect(server).to.include({ errors: 3 });
  });

  it('counts what comes before there is a server, and after', () => {
    meter = new SessionMeter(runtime, all);
    meter.fromClient(1);
    meter.loginFailed();
    meter.turnTo(server);
    meter.fromClient(2);
    meter.fromServer(4);
    meter.loginFailed();
    meter.notTaken();
    expect(all).to.include({
      bytesFromClients: 3,
      bytesFromBackends: 4,
      failedLogins: 1,
      backendFailures: 1,
    });
    expect(server).to.include({ bytesFromClients: 2, bytesReceived: 4, failedLogins: 0, connectFailures: 1 });
  });
});
