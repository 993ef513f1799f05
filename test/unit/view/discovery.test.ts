import { expect } from 'chai';
import { reachableServers } from '../../../src/view/discovery.js';

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
    expect(reachableServers(rows, false)).to.deep.equal({
      tidb: [
        { address: '10.0.0.1:4000', statusAddress: '10.0.0.1:10080' },
        { address: 'db-0.svc:4000', statusAddress: 'db-0.svc:10080' },
        { address: '[fd00::1]:4000', statusAddress: '[fd00::1]:10080' },
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
      ),
    ).to.deep.equal({ tidb: [], ignored: rows });
    const { tidb: local, ignored } = reachableServers(
      rows.map((row) => tidb(row)),
      true,
    );
    expect(local.map(({ address }) => address)).to.deep.equal(rows.slice(2, 5));
    expect(ignored).to.deep.equal([...rows.slice(0, 2), ...rows.slice(5)]);
  });

  it('leaves out a status address alone', () => {
    const rows = [tidb('10.0.0.1:4000', '0.0.0.0:10080'), tidb('10.0.0.2:4000', null)];
    expect(reachableServers(rows, false).tidb).to.deep.equal([
      { address: '10.0.0.1:4000', statusAddress: undefined },
      { address: '10.0.0.2:4000', statusAddress: undefined },
    ]);
  });
});
