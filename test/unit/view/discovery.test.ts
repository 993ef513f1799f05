import { expect } from 'chai';
import { labelsByAddress, reachableServers } from '../../../src/view/discovery.js';

const NONE = new Map<string, ReadonlyMap<string, string>>();

const tidb = (instance: string, status: string | null = null) => ({
  ...{ type: 'tidb', instance, status_address: status },
});

describe('the list of tidb-servers', () => {
  it('has addresses and status addresses, of tidb-servers only', () => {
    const rows = [
      tidb('10.0.0.1:4000', '10.0.0.1:10080'),
      tidb('db-0.svc:4000', 'db-0.svc:10080'),
      tidb('[fd00::1]:4000', '[fd00::1]:10080'),
      { ...tidb('10.0.0.1:2379'), type: 'pd' },
    ];
    expect(reachableServers(rows, false, NONE)).to.deep.equal({
      tidb: [
        { address: '10.0.0.1:4000', statusAddress: '10.0.0.1:10080', labels: new Map() },
        { address: 'db-0.svc:4000', statusAddress: 'db-0.svc:10080', labels: new Map() },
        { address: '[fd00::1]:4000', statusAddress: '[fd00::1]:10080', labels: new Map() },
      ],
      ignored: [],
    });
  });

  it('leaves out what means nothing from elsewhere', () => {
    const rows = [
      '0.0.0.0:4000',
      '[::]:4000',
      '127.0.0.1:4000',
      '[::1]:4000',
      'localhost:4000',
      ':4000',
      'x:0',
    ];
    expect(
      reachableServers(
        rows.map((row) => tidb(row)),
        false,
        NONE,
      ),
    ).to.deep.equal({ tidb: [], ignored: rows });
    const { tidb: local, ignored } = reachableServers(
      rows.map((row) => tidb(row)),
      true,
      NONE,
    );
    expect(local.map(({ address }) => address)).to.deep.equal(rows.slice(2, 5));
    expect(ignored).to.deep.equal([...rows.slice(0, 2), ...rows.slice(5)]);
  });

  it('leaves out a status address alone', () => {
    const rows = [tidb('10.0.0.1:4000', '0.0.0.0:10080'), tidb('10.0.0.2:4000', null)];
    expect(reachableServers(rows, false, NONE).tidb).to.deep.equal([
      { address: '10.0.0.1:4000', statusAddress: undefined, labels: new Map() },
      { address: '10.0.0.2:4000', statusAddress: undefined, labels: new Map() },
    ]);
  });

  it('has the labels of each server, whatever the family of its address', () => {
    const labels = labelsByAddress([
      { ip: '10.0.0.1', port: '4000', labels: 'rack=3=b,zone=east' },
      { ip: 'fd00::1', port: '4000', labels: 'zone=west' },
      { ip: '10.0.0.3', port: '4000', labels: '' },
      { ip: null, port: '4000', labels: 'zone=lost' },
    ]);
    const rows = ['10.0.0.1:4000', '[fd00::1]:4000', '10.0.0.3:4000', '10.0.0.4:4000'].map((row) =>
      tidb(row),
    );
    const { tidb: servers } = reachableServers(rows, false, labels);
    expect(servers.map((server) => Object.fromEntries(server.labels))).to.deep.equal([
      { rack: '3=b', zone: 'east' },
      { zone: 'west' },
      {},
      {},
    ]);
  });
});
