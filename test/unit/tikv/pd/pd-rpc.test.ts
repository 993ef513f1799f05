import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { PdMembers } from '../../../../src/tikv/pd/pd-members.js';
import { PdRegions } from '../../../../src/tikv/pd/pd-regions.js';
import { PdRpc } from '../../../../src/tikv/pd/pd-rpc.js';
import { PdErrorType } from '../../../../src/tikv/pd/pd-types.js';
import { StoreDirectory } from '../../../../src/tikv/store-directory.js';
import { RpcCode } from '../../../../src/tikv/rpc-error.js';
import { failureOf } from '../../../support/failure.js';
import { VirtualRuntime } from '../../../support/virtual-runtime.js';
import { ScriptedPd, refuse } from './scripted-pd.js';

const NEVER = new AbortController().signal;
const header = { clusterId: 7n };
const outcomeOf = async (promise: Promise<unknown>): Promise<string> => {
  const failure = await failureOf(promise);
  return failure === undefined ? 'fine' : (failure.kind ?? failure.name);
};

describe('tikv/pd members and calls', () => {
  let pd: ScriptedPd;
  let runtime: VirtualRuntime;

  beforeEach(() => {
    pd = new ScriptedPd();
    runtime = new VirtualRuntime();
  });

  async function connected(seeds = ['a:1']): Promise<PdRegions> {
    const members = new PdMembers(pd, seeds);
    await members.refresh(NEVER);
    return new PdRegions(new PdRpc({ transport: pd, members, runtime }));
  }

  /** Lets virtual time pass until the promise has settled. */
  async function drive<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    promise.then(done, done);
    while (!isDone) await runtime.advance(50);
    return promise;
  }

  const region = (id: bigint) => ({
    header,
    region: {
      id,
      regionEpoch: { confVer: 1n, version: 1n },
      peers: [
        { id: 1n, storeId: 1n },
        { id: 2n, storeId: 2n, role: 1 },
        { id: 3n, storeId: 3n, isWitness: true },
        { id: 4n, storeId: 4n },
      ],
    },
    leader: { id: 4n, storeId: 4n },
  });

  it('finds the leader through any seed that answers', async () => {
    pd.on('GetMembers', (address) => {
      if (address !== 'c:1') return refuse(RpcCode.unavailable, 'down');
      return { header, leader: { clientUrls: ['https://leader:2379/'] }, members: [] };
    });
    const members = new PdMembers(pd, ['a:1', 'b:1', 'c:1']);
    await members.refresh(NEVER);
    expect(members.leader).to.equal('leader:2379');
    expect(members.clusterId).to.equal(7n);
  });

  it('says so when nobody knows a leader, or a seed belongs to another cluster', async () => {
    const members = new PdMembers(pd, ['a:1']);
    pd.on('GetMembers', () => ({ header, members: [] }));
    expect(await outcomeOf(members.refresh(NEVER))).to.equal('pdNoLeader');
    pd.withMembers('a:1');
    await members.refresh(NEVER);
    pd.on('GetMembers', () => ({ header: { clusterId: 8n }, leader: { clientUrls: ['http://x:1'] } }));
    expect(await outcomeOf(members.refresh(NEVER))).to.equal('clusterIdMismatch');
  });

  it('asks once for all who want to know the leader at the same time', async () => {
    pd.withMembers('a:1');
    const members = new PdMembers(pd, ['a:1']);
    await Promise.all([members.refresh(NEVER), members.refresh(NEVER), members.refresh(NEVER)]);
    expect(pd.calls).to.have.length(1);
  });

  it('follows the leader when the old one refuses', async () => {
    pd.withMembers('a:1', 'b:1');
    const regions = await connected();
    pd.withMembers('b:1', 'a:1');
    pd.on('GetRegion', (address) =>
      address === 'b:1' ? region(5n) : refuse(RpcCode.unavailable, 'not leader'),
    );
    expect((await drive(regions.byKey(utf8('k'), NEVER)))?.id).to.equal(5n);
  });

  it('waits for a new leader to have its cluster', async () => {
    pd.withMembers('a:1');
    const regions = await connected();
    let asked = 0;
    pd.on('GetRegion', () => {
      if (++asked < 3)
        return { header: { ...header, error: { type: PdErrorType.notBootstrapped, message: 'no' } } };
      return region(5n);
    });
    expect((await drive(regions.byKey(utf8('k'), NEVER)))?.id).to.equal(5n);
  });

  it('gives up with a typed error when there is no leader for long', async () => {
    pd.withMembers('a:1');
    const regions = await connected();
    pd.on('GetRegion', () => refuse(RpcCode.unavailable, 'not leader'));
    expect(await drive(outcomeOf(regions.byKey(utf8('k'), NEVER)))).to.equal('budget');
  });

  it('does not repeat what cannot succeed', async () => {
    pd.withMembers('a:1');
    const regions = await connected();
    pd.on('GetRegion', () => refuse(RpcCode.failedPrecondition, 'mismatch cluster id'));
    expect(await drive(outcomeOf(regions.byKey(utf8('k'), NEVER)))).to.equal('rpc');
    expect(pd.calls.filter(({ name }) => name === 'GetRegion')).to.have.length(1);
  });

  it('keeps only peers that can lead a region', async () => {
    pd.withMembers('a:1');
    const regions = await connected();
    pd.on('GetRegionByID', () => region(5n));
    const found = await regions.byId(5n, NEVER);
    expect(found?.peers).to.deep.equal([
      { peerId: 1n, storeId: 1n },
      { peerId: 4n, storeId: 4n },
    ]);
    expect(found?.leader).to.deep.equal({ peerId: 4n, storeId: 4n });
  });

  it('knows no region where PD knows none', async () => {
    pd.withMembers('a:1');
    const regions = await connected();
    pd.on('GetRegion', () => ({ header }));
    expect(await regions.byKey(utf8('k'), NEVER)).to.equal(undefined);
    pd.on('GetRegionByID', () => ({
      header: { ...header, error: { type: PdErrorType.regionNotFound, message: '' } },
    }));
    expect(await regions.byId(5n, NEVER)).to.equal(undefined);
  });

  it('scans with the older call where the newer one is unknown, and asks for that only once', async () => {
    pd.withMembers('a:1');
    const regions = await connected();
    pd.on('ScanRegions', () => ({ header, regions: [region(5n), region(6n)] }));
    for (let i = 0; i < 3; i++) {
      const found = await regions.scan(utf8('a'), utf8('b'), NEVER);
      expect(found.map(({ id }) => id)).to.deep.equal([5n, 6n]);
    }
    expect(pd.calls.filter(({ name }) => name === 'BatchScanRegions')).to.have.length(1);
  });

  it('takes PD’s complaint about holes for no regions', async () => {
    pd.withMembers('a:1');
    const regions = await connected();
    const error = { type: PdErrorType.regionsNotContainAllKeyRange, message: 'holes' };
    pd.on('BatchScanRegions', () => ({ header: { ...header, error } }));
    expect(await regions.scan(utf8('a'), utf8('b'), NEVER)).to.deep.equal([]);
  });

  it('gives addresses of TiKV’s stores only', async () => {
    pd.withMembers('a:1');
    const directory = new StoreDirectory(await connected());
    pd.on('GetStore', (_address, { storeId }) => {
      if (storeId === 1n) return { header, store: { id: 1n, address: 'kv:1' } };
      if (storeId === 2n)
        return { header, store: { id: 2n, address: 'x', labels: [{ key: 'engine', value: 'tiflash' }] } };
      if (storeId === 3n) return { header, store: { id: 3n, address: 'x', state: 2 } };
      return { header: { ...header, error: { type: PdErrorType.unknown, message: 'invalid store ID' } } };
    });
    expect(await directory.address(1n, NEVER)).to.equal('kv:1');
    expect(await directory.address(1n, NEVER)).to.equal('kv:1');
    expect(pd.calls.filter(({ name }) => name === 'GetStore')).to.have.length(1);
    for (const id of [2n, 3n, 4n])
      expect(await outcomeOf(directory.address(id, NEVER))).to.equal('storeGone');
    directory.forget(1n);
    await directory.address(1n, NEVER);
    expect(pd.calls.filter(({ name }) => name === 'GetStore')).to.have.length(5);
  });
});
