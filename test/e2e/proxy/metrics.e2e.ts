// What TiView counts of the clients and servers that it stands between, read where Prometheus reads it.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const NOTICE_MS = 10_000;
const COMMANDS = 200;

describe('what is counted', () => {
  let rig: Rig;
  let tiview: TiView;

  before(async () => {
    rig = await startRig();
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
  });

  after(async () => {
    await tiview.stop();
    await rig.stop();
  });

  /** Values by series, those of the one server without its label. */
  async function read(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`${tiview.statusUrl}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('tiview_'));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        const series = line
          .slice(0, at)
          .replace(`server="127.0.0.1:${rig.mysqlPort}"`, '')
          .replace('{,', '{')
          .replace('{}', '');
        return [series, Number(line.slice(at + 1))];
      }),
    );
  }

  /** Waits until series have reached these values. */
  async function reach(what: string, values: Readonly<Record<string, number>>): Promise<void> {
    let seen: ReadonlyMap<string, number> = new Map();
    const isReached = async (): Promise<true | undefined> => {
      seen = await read();
      return Object.entries(values).every(([name, value]) => seen.get(name) === value) || undefined;
    };
    await until(what, NOTICE_MS, isReached).catch((error: unknown) => {
      const found = Object.keys(values).map((name) => [name, seen.get(name)]);
      expect(Object.fromEntries(found), String(error)).to.deep.equal(values);
    });
  }

  it('are sessions, by what they do', async () => {
    const states = (login: number, idle: number, transaction: number, answering: number) => ({
      'tiview_backend_sessions{state="login"}': login,
      'tiview_backend_sessions{state="idle"}': idle,
      'tiview_backend_sessions{state="transaction"}': transaction,
      'tiview_backend_sessions{state="answering"}': answering,
      tiview_backend_connections: login + idle + transaction + answering,
      tiview_client_connections: login + idle + transaction + answering,
    });
    await reach('nobody is there', states(0, 0, 0, 0));
    const mute = connect(tiview.port, '127.0.0.1');
    await once(mute, 'data');
    await using idle = await tiview.connect();
    await using open = await tiview.connect();
    await open.run('begin');
    await using busy = await tiview.connect();
    const slept = busy.value('select sleep(5)');
    await reach('each is in its state', states(1, 1, 1, 1));
    mute.destroy();
    await open.run('rollback');
    expect(await slept).to.equal('0');
    await reach('all are idle', states(0, 3, 0, 0));
    expect(idle.id).to.be.greaterThan(0);
    expect((await read()).get('tiview_backend_failed_logins_total')).to.equal(1);
  });

  it('are commands, errors, bytes and times', async () => {
    await reach('nobody is there', { tiview_client_connections: 0 });
    const before = await read();
    const since = async (series: string): Promise<number> =>
      ((await read()).get(series) ?? 0) - (before.get(series) ?? 0);
    await using client = await tiview.connect();
    for (let i = 0; i < COMMANDS; i++) await client.value(`select '${'x'.repeat(100)}'`);
    expect(await client.value('select sleep(0.3)')).to.equal('0');
    for (let i = 0; i < 3; i++) {
      expect(await client.run('nonsense').catch((error: unknown) => error)).to.include({ errno: 1064 });
    }
    // One that TiView answers.
    expect(
      await client.run('show create materialized view test.none').catch((error: unknown) => error),
    ).to.have.property('errno');
    const sent = COMMANDS + 1 + 3 + 1;
    await until(
      'all is told',
      NOTICE_MS,
      async () => (await since('tiview_backend_commands_total')) >= sent || undefined,
    );
    // A driver may send some of its own when it connects.
    expect(await since('tiview_backend_commands_total')).to.be.within(sent, sent + 3);
    expect(await since('tiview_client_commands_total')).to.be.within(sent, sent + 3);
    expect(await since('tiview_backend_errors_total')).to.equal(3);
    expect(await since('tiview_errors_total{side="tidb"}')).to.equal(3);
    expect(await since('tiview_errors_total{side="tiview"}')).to.equal(1);
    expect(await since('tiview_errors_total{side="client"}')).to.equal(0);
    expect(await since('tiview_backend_from_clients_bytes_total')).to.be.within(
      COMMANDS * 114,
      COMMANDS * 120,
    );
    expect(await since('tiview_backend_received_bytes_total')).to.be.greaterThan(COMMANDS * 200);
    const timed = await since('tiview_backend_command_seconds_count');
    expect(timed).to.be.within(sent / 8, sent / 2);
    expect(await since('tiview_backend_command_seconds_bucket{le="+Inf"}')).to.equal(timed);
    expect(await since('tiview_backend_command_seconds_sum')).to.be.within(timed * 1e-5, timed * 0.3);
  });

  it('are clients that break off, and logins that fail', async () => {
    const before = await read();
    const rude = connect(tiview.port, '127.0.0.1');
    await once(rude, 'data');
    rude.write('this is not the protocol at all');
    await once(rude, 'close');
    const refused = SqlClient.open({ port: tiview.port, user: 'nobody' }).catch((error: unknown) => error);
    expect(await refused).to.include({ errno: 1045 });
    const more = (series: string, by: number): Record<string, number> => ({
      [series]: (before.get(series) ?? 0) + by,
    });
    await reach('both are counted', {
      ...more('tiview_failed_logins_total', 2),
      ...more('tiview_backend_failed_logins_total', 2),
    });
  });
});
