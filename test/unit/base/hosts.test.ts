import { expect } from 'chai';
import { isAddress, isLoopback } from '../../../src/base/hosts.js';

describe('isLoopback', () => {
  it('knows the names and addresses of this machine, and no others', () => {
    for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])
      expect(isLoopback(host), host).to.equal(true);
    for (const host of [
      '10.0.0.1',
      '0.0.0.0',
      '::',
      'tidb',
      '128.0.0.1',
      '127.0.0.1.example.org',
      '::ffff:10.0.0.1',
      '',
    ])
      expect(isLoopback(host), host).to.equal(false);
  });
});

describe('isAddress', () => {
  it('tells addresses from names', () => {
    for (const host of ['127.0.0.1', '10.1.2.3', '::1', 'fe80::1%eth0', '2001:db8::1'])
      expect(isAddress(host), host).to.equal(true);
    for (const host of ['localhost', 'tidb-0.tidb-peer', '10.example.org', '1.2.3.4.example.org', ''])
      expect(isAddress(host), host).to.equal(false);
  });
});
