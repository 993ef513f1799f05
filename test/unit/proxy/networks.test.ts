import { expect } from 'chai';
import { NetworkSet, parseNetworks } from '../../../src/proxy/networks.js';

const has = (networks: string, address: string): boolean =>
  new NetworkSet(networks.split(' ').flatMap((text) => parseNetworks(text) ?? [])).has(address);

describe('networks', () => {
  it('have the addresses that begin as they do', () => {
    expect(has('10.0.0.0/8', '10.255.0.1')).to.equal(true);
    expect(has('10.0.0.0/8', '11.0.0.1')).to.equal(false);
    expect(has('10.0.0.0/8', '::1')).to.equal(false);
    expect(has('192.0.2.7', '192.0.2.7')).to.equal(true);
    expect(has('192.0.2.7', '192.0.2.8')).to.equal(false);
    expect(has('fd00::/8 ::1', 'fd12::3')).to.equal(true);
    expect(has('fd00::/8 ::1', '::1')).to.equal(true);
    expect(has('fd00::/8 ::1', '::2')).to.equal(false);
  });

  it('have an IPv4 address also where it is written as an IPv6 one, as sockets for both do', () => {
    expect(has('10.0.0.0/8', '::ffff:10.1.2.3')).to.equal(true);
    expect(has('10.0.0.0/8', '::ffff:11.1.2.3')).to.equal(false);
  });

  it('are all addresses, and none', () => {
    for (const address of ['1.2.3.4', '::1', '::ffff:1.2.3.4']) expect(has('*', address)).to.equal(true);
    expect(new NetworkSet([]).has('1.2.3.4')).to.equal(false);
    expect(has('*', 'localhost')).to.equal(false);
  });

  it('are nothing else', () => {
    for (const text of ['', 'localhost', '10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0/8', '10.0.0.0/8/8']) {
      expect(parseNetworks(text), text).to.equal(undefined);
    }
  });
});
