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

describe('status server with a token', () => {
  const token = 'a-token-of-some-length';
  let server: StatusServer;
  const source = { status: () => Promise.resolve({}), health: () => ({ isHealthy: true, reason: 'ok' }) };

  before(async () => {
    server = await StatusServer.listen('127.0.0.1', 0, source, new PrometheusMetrics(), token);
  });
  after(() => server[Symbol.asyncDispose]());

  const codeOf = async (path: string, authorization?: string): Promise<number> => {
    const headers = authorization === undefined ? {} : { authorization };
    return (await fetch(`http://${server.address}${path}`, { headers })).status;
  };
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  it('shows /health to everybody, and everything to who knows it', async () => {
    expect(await codeOf('/health')).to.equal(200);
    for (const path of ['/', '/status', '/metrics']) {
      expect(await codeOf(path, `Bearer ${token}`)).to.equal(200);
      expect(await codeOf(path, basic(`anybody:${token}`))).to.equal(200);
    }
    expect(await codeOf('/nothing', `Bearer ${token}`)).to.equal(404);
  });

  it('shows nothing else to anybody else, and says how to ask', async () => {
    const wrong = [
      ...[undefined, '', 'Bearer', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, token],
      ...[basic(''), basic(':'), basic(`${token}:`), basic(`a:b:${token}`), 'Basic ====', `Digest ${token}`],
    ];
    for (const path of ['/', '/status', '/metrics', '/nothing', '/health/', '//health', '/status?/health']) {
      for (const authorization of wrong)
        expect(await codeOf(path, authorization), authorization).to.equal(401);
    }
    const { headers } = await fetch(`http://${server.address}/status`);
    expect(headers.get('www-authenticate')).to.match(/^Bearer realm=.*Basic realm=/);
  });
});
