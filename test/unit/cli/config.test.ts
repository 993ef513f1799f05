import { expect } from 'chai';
import { clientLimits } from '../../../src/cli/client-limits.js';
import { ConfigError } from '../../../src/cli/config-error.js';
import { type Request, readConfig } from '../../../src/cli/config.js';
import { balanceSettings } from '../../../src/cli/options.js';
import { EVENLY } from '../../../src/proxy/balance/balance-settings.js';

interface Given {
  argv?: string[];
  env?: Record<string, string>;
  files?: Record<string, string>;
}

function read({ argv = [], env = {}, files = {} }: Given): Request {
  return readConfig({
    argv,
    environment: env,
    version: '1.2.3',
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
      return text;
    },
  });
}

function optionsOf(given: Given): Extract<Request, { kind: 'serve' }>['options'] {
  const request = read(given);
  if (request.kind !== 'serve') throw new Error('expected options');
  return request.options;
}

function problemOf(given: Given): string {
  try {
    read(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no problem';
}

describe('readConfig', () => {
  it('has the defaults of the contract', () => {
    const options = optionsOf({});
    expect(options.listen).to.deep.equal({ host: '127.0.0.1', port: 6000 });
    expect(options.status).to.deep.equal({ host: '127.0.0.1', port: 6080 });
    expect(options.schema).to.equal('tiview');
    expect(options.user).to.equal('root');
    expect(options['epoch-interval']).to.equal(0);
    expect(options.tidb).to.equal(undefined);
    expect(options.demo).to.equal(false);
  });

  it('tells TiDB nothing of clients by default, or by a header of a version that there is', () => {
    expect(optionsOf({})['tidb-proxy-protocol']).to.equal('off');
    expect(optionsOf({ argv: ['--tidb-proxy-protocol', 'v2'] })['tidb-proxy-protocol']).to.equal('v2');
    expect(problemOf({ argv: ['--tidb-proxy-protocol', 'v3'] })).to.equal(
      "--tidb-proxy-protocol: 'v3' is not one of off, v1, v2",
    );
  });

  it('takes paths of Unix sockets that the kernel takes', () => {
    const longest = `/${'s'.repeat(106)}`;
    expect(optionsOf({ argv: ['--listen-socket', longest] })['listen-socket']).to.equal(longest);
    expect(problemOf({ argv: ['--listen-socket', `${longest}s`] })).to.equal(
      '--listen-socket: the path of a Unix socket has 107 bytes at most',
    );
  });

  it('takes flag before environment before file before default', () => {
    const files = {
      't.toml': 'listen = "0.0.0.0:1"\nuser = "file"\nschema = "file"\nworkers = 3\ntidb = ["a:1", "b:2"]',
    };
    const env = { TIVIEW_USER: 'environment', TIVIEW_SCHEMA: 'environment' };
    const options = optionsOf({ argv: ['--config', 't.toml', '--schema', 'flagged'], env, files });
    expect(options.schema).to.equal('flagged');
    expect(options.user).to.equal('environment');
    expect(options.workers).to.equal(3);
    expect(options.listen).to.deep.equal({ host: '0.0.0.0', port: 1 });
    expect(options.tidb).to.deep.equal([
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ]);
  });

  it('reads IPv6 addresses', () => {
    expect(optionsOf({ argv: ['--listen', '[::1]:0'] }).listen).to.deep.equal({ host: '::1', port: 0 });
  });

  it('names the key of whatever cannot be used', () => {
    expect(problemOf({ argv: ['--nonsense'] })).to.match(/--nonsense/);
    expect(problemOf({ argv: ['--listen', 'nowhere'] })).to.equal("--listen: 'nowhere' is not HOST:PORT");
    expect(problemOf({ argv: ['--listen', 'a:70000'] })).to.match(/--listen: .*not HOST:PORT/);
    expect(problemOf({ argv: ['--workers', '0'] })).to.match(/--workers: '0' is not a whole number from 1/);
    expect(problemOf({ env: { TIVIEW_LOG_LEVEL: 'loud' } })).to.match(
      /TIVIEW_LOG_LEVEL: 'loud' is not one of/,
    );
    expect(problemOf({ argv: ['--config', 't.toml'], files: { 't.toml': 'lisen = "a:1"' } })).to.equal(
      'lisen: unknown key in t.toml',
    );
    expect(problemOf({ argv: ['--config', 't.toml'], files: { 't.toml': 'workers = "many"' } })).to.match(
      /^workers in t.toml: 'many'/,
    );
    expect(problemOf({ argv: ['--config', 't.toml'], files: { 't.toml': '[user]\na = 1' } })).to.match(
      /^user in/,
    );
    expect(problemOf({ argv: ['--config', 'gone.toml'] })).to.match(/gone.toml/);
    expect(problemOf({ argv: ['--tls-cert', 'c.pem'] })).to.equal(
      'tls-cert and tls-key: give both or neither',
    );
    expect(problemOf({ argv: ['--tls-ca', 'ca.pem'] })).to.equal(
      'tls-ca: clients get no TLS without tls-cert and tls-key',
    );
    expect(problemOf({ argv: ['--tidb-tls-cert', 'c.pem', '--tidb-tls-key', 'k.pem'] })).to.equal(
      'tidb-tls-cert: there is no TLS without tidb-tls-ca',
    );
    expect(problemOf({ argv: ['--password-file', 'gone'] })).to.match(/^password-file: .*gone/);
    expect(problemOf({ argv: ['extra'] })).to.match(/too many arguments/);
  });

  it('reads how clients are shared out', () => {
    const balanceOf = (given: Given) => balanceSettings(optionsOf(given));
    expect(balanceOf({})).to.deep.equal(EVENLY);
    const files = { 't.toml': 'weights = ["[::1]:4000=0", "zone=east=3", "disk=a=b=1000"]\nzone = "east"' };
    expect(balanceOf({ argv: ['--config', 't.toml', '--balance', 'load'], files })).to.deep.equal({
      policy: 'load',
      zone: 'east',
      weights: [
        { kind: 'address', address: '[::1]:4000', weight: 0 },
        { kind: 'label', name: 'zone', value: 'east', weight: 3 },
        { kind: 'label', name: 'disk', value: 'a=b', weight: 1000 },
      ],
    });
    expect(problemOf({ argv: ['--balance', 'luck'] })).to.equal(
      "--balance: 'luck' is not one of connections, load",
    );
    for (const bad of ['a:4000', 'a:4000=', 'a:4000=1001', 'a:4000=-1', '=1', '', ' , ']) {
      expect(problemOf({ argv: ['--weights', bad] }), bad).to.match(
        /^--weights: .*HOST:PORT=N or LABEL=VALUE=N/,
      );
    }
    expect(problemOf({ argv: ['--weights', 'nowhere=1'] })).to.equal("--weights: 'nowhere' is not HOST:PORT");
  });

  it('has generous limits on clients, or none, and takes others', () => {
    const none = [
      ...(['max-connections-per-user', 'max-connections-per-address', 'connect-rate'] as const),
      ...(['connect-rate-per-address', 'idle-timeout', 'idle-transaction-timeout', 'max-packet'] as const),
    ];
    const options = optionsOf({});
    for (const name of none) expect(options[name], name).to.equal(0);
    expect(clientLimits(options)).to.include({ connections: 10_000, handshakeMs: 10_000, maxPacketBytes: 0 });
    const given = optionsOf({
      argv: ['--max-connections', '5', '--max-connections-per-user=4', '--max-connections-per-address=3'],
      env: { TIVIEW_CONNECT_RATE: '2', TIVIEW_CONNECT_RATE_PER_ADDRESS: '1', TIVIEW_CONFIG: 't.toml' },
      files: {
        't.toml': 'handshake-timeout = 6\nidle-timeout = 7\nidle-transaction-timeout = 8\nmax-packet = 9',
      },
    });
    expect(clientLimits(given)).to.deep.equal({
      ...{ connections: 5, connectionsPerUser: 4, connectionsPerAddress: 3 },
      ...{ connectsPerSecond: 2, connectsPerSecondPerAddress: 1 },
      ...{ handshakeMs: 6, idleMs: 7, idleTransactionMs: 8, maxPacketBytes: 9 },
    });
    expect(problemOf({ argv: ['--handshake-timeout', '0'] })).to.match(/^--handshake-timeout: '0' is not/);
    expect(problemOf({ argv: ['--max-packet', '1e9'] })).to.match(/^--max-packet: '1e9' is not/);
  });

  it('reads the password from its file without the last line end, or from the environment', () => {
    const files = { p: 'se cret\n' };
    expect(read({ argv: ['--password-file', 'p'], files })).to.have.property('password', 'se cret');
    expect(read({ env: { TIVIEW_PASSWORD: 'x' } })).to.have.property('password', 'x');
  });

  it('prints help and version', () => {
    expect(read({ argv: ['--version'] })).to.deep.equal({ kind: 'print', text: '1.2.3\n' });
    const help = read({ argv: ['--help'] });
    expect(help).to.have.property('kind', 'print');
    expect((help as { text: string }).text).to.match(/--epoch-interval <MS>/);
  });
});
