import { expect } from 'chai';
import { PrometheusMetrics } from '../../../src/observe/prometheus-metrics.js';
import { StatusServer } from '../../../src/observe/status-server.js';

describe('status server', () => {
  let server: StatusServer;
  let isHealthy = true;
  const source = {
    status: () => Promise.resolve({ role: 'owner', views: [] }),
    health: () => ({ isHealthy, reason: isHealthy ? 'ok' : 'draining' }),
  };

  before(async () => (server = await StatusServer.listen('127.0.0.1', 0, source, new PrometheusMetrics())));
  after(() => server[Symbol.asyncDispose]());

  const get = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://${server.address}${path}`, { method });

  it('says whether this instance can serve clients', async () => {
    const well = await get('/health');
    expect([well.status, await well.text()]).to.deep.equal([200, 'ok\n']);
    isHealthy = false;
    const ill = await get('/health?x=1');
    expect([ill.status, await ill.text()]).to.deep.equal([503, 'draining\n']);
    isHealthy = true;
  });

  it('shows status, metrics and the page', async () => {
    expect(await (await get('/status')).json()).to.deep.equal({ role: 'owner', views: [] });
    expect(await (await get('/metrics')).text()).to.contain('# TYPE tiview_epochs_total counter');
    const page = await get('/');
    expect(page.headers.get('content-type')).to.contain('text/html');
    expect(page.headers.get('content-security-policy')).to.contain("default-src 'self'");
    expect(await page.text()).to.contain('Materialized views');
  });

  it('takes no input, and knows no other path', async () => {
    expect((await get('/status', 'POST')).status).to.equal(405);
    expect((await get('/health', 'HEAD')).status).to.equal(200);
    expect((await get('/etc/passwd')).status).to.equal(404);
  });
});
