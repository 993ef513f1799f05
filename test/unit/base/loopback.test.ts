import { expect } from 'chai';
import { isLoopback } from '../../../src/base/loopback.js';

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
