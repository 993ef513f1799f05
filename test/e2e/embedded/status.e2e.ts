/** What the status port says, read by those whom it is for. Without `--tidb`: the cluster is the embedded one. */
import { expect } from 'chai';
import { metricCatalog } from '../../../src/observe/metric-catalog.js';
import { needsClient, python, runProgram } from '../../clients/installed.js';
import { type TiView, startTiView } from '../../support/tiview.js';

/** Reads Prometheus' text format as Prometheus' own client does; prints each family's name and type. */
const PARSE = `
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation, family.name
    print(family.name, family.type)
`;

describe('the status port', () => {
  let tiview: TiView;

  before(async () => {
    tiview = await startTiView({});
    await using client = await tiview.connect();
    await client.runAll(
      'create table test.t (id int primary key, a int)',
      'create materialized view test.v as select a, count(*) as n from test.t group by a',
      'insert into test.t values (1, 1), (2, 1)',
      'refresh materialized view test.v',
    );
  });

  after(async () => {
    await tiview.stop();
  });

  it("gives metrics in Prometheus' format, each with its help and of its declared type", async function () {
    await needsClient(this, 'prometheus');
    const response = await fetch(`${tiview.statusUrl}/metrics`);
    expect(response.headers.get('content-type')).match(/^text\/plain; version=0\.0\.4/);
    const { stdout, stderr, code } = await runProgram(python, ['-c', PARSE], {
      input: await response.text(),
    });
    expect(code, stderr).equal(0);
    const types = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string]),
    );
    const ours = Object.entries(metricCatalog).filter(([name]) => types.has(name.replace(/_total$/, '')));
    expect(ours.length).greaterThan(10);
    for (const [name, { kind }] of ours) expect(types.get(name.replace(/_total$/, '')), name).equal(kind);
  });

  it('gives the state as JSON, with the fields that README names', async () => {
    const status = (await tiview.status()) as Record<string, unknown>;
    expect(Object.keys(status)).deep.equal([
      'version',
      'connections',
      'moves',
      'servers',
      'role',
      'owner',
      'epoch',
      'term',
      'lagMs',
      'views',
    ]);
    expect(status).include({ role: 'owner', term: '1' });
    const [view] = status['views'] as Record<string, string>[];
    expect(view).include({ Database: 'test', Name: 'v', State: 'READY', Rows: '1' });
    const [server] = status['servers'] as Record<string, unknown>[];
    expect(server).include({ health: 'healthy', isListed: true });
  });

  it('is a page for people', async () => {
    const response = await fetch(`${tiview.statusUrl}/`);
    expect(response.headers.get('content-type')).match(/^text\/html/);
    expect(await response.text()).contain('TiView');
  });
});
