import { expect } from 'chai';
import { fromUtf8 } from '../../../../src/base/bytes.js';
import { ts } from '../../../../src/codec/tso.js';
import { GcBarrier } from '../../../../src/tikv/pd/gc-barrier.js';
import { PdMembers } from '../../../../src/tikv/pd/pd-members.js';
import { PdRpc } from '../../../../src/tikv/pd/pd-rpc.js';
import { VirtualRuntime } from '../../../support/virtual-runtime.js';
import { ScriptedPd } from './scripted-pd.js';
import { failureOf } from '../../../support/failure.js';

const NEVER = new AbortController().signal;
const header = { clusterId: 7n };

describe('tikv/pd/gc-barrier', () => {
  let pd: ScriptedPd;
  let barrier: GcBarrier;

  beforeEach(async () => {
    pd = new ScriptedPd().withMembers('a:1');
    const members = new PdMembers(pd, ['a:1']);
    await members.refresh(NEVER);
    barrier = new GcBarrier(
      new PdRpc({ transport: pd, members, runtime: new VirtualRuntime() }),
      'tiview/test',
    );
  });

  const names = (): string[] => pd.calls.map(({ name }) => name).filter((name) => name !== 'GetMembers');
  const kindOf = async (promise: Promise<unknown>): Promise<string> =>
    (await failureOf(promise))?.kind ?? 'fine';

  it('is a barrier where PD has them', async () => {
    pd.on('SetGCBarrier', () => ({ header })).on('DeleteGCBarrier', () => ({ header }));
    await barrier.hold(ts(50n), 90, NEVER);
    expect(barrier.heldTs).to.equal(50n);
    const { request } = pd.calls.at(-1)!;
    expect(request).to.include({ barrierId: 'tiview/test', barrierTs: 50n, ttlSeconds: 90n });
    await barrier.refresh(NEVER);
    await barrier.release(NEVER);
    expect(barrier.heldTs).to.equal(undefined);
    expect(names()).to.deep.equal(['SetGCBarrier', 'SetGCBarrier', 'DeleteGCBarrier']);
  });

  it('says that history is gone when PD’s safe point is beyond', async () => {
    const error = { type: 1, message: '[PD:gc:ErrGCBarrierTSBehindTxnSafePoint] barrier is behind' };
    pd.on('SetGCBarrier', () => ({ header: { ...header, error } }));
    expect(await kindOf(barrier.hold(ts(50n), 90, NEVER))).to.equal('historyGone');
    expect(barrier.heldTs).to.equal(undefined);
    pd.on('SetGCBarrier', () => ({ header: { ...header, error: { type: 1, message: 'something else' } } }));
    expect(await kindOf(barrier.hold(ts(50n), 90, NEVER))).to.equal('pdReply');
  });

  it('is a service safe point on an older PD, which it asks about barriers once', async () => {
    pd.on('UpdateServiceGCSafePoint', () => ({ header, minSafePoint: 50n }));
    await barrier.hold(ts(50n), 90, NEVER);
    await barrier.refresh(NEVER);
    await barrier.release(NEVER);
    const [, hold, , release] = pd.calls.slice(1);
    expect(fromUtf8(hold!.request['serviceId'] as Uint8Array)).to.equal('tiview/test');
    expect(hold!.request).to.include({ TTL: 90n, safePoint: 50n });
    expect(release!.request['TTL']).to.equal(0n);
    expect(names()).to.deep.equal(['SetGCBarrier', ...Array<string>(3).fill('UpdateServiceGCSafePoint')]);
  });

  it('reads off the reply that an older PD has ignored it', async () => {
    pd.on('UpdateServiceGCSafePoint', () => ({ header, minSafePoint: 51n }));
    expect(await kindOf(barrier.hold(ts(50n), 90, NEVER))).to.equal('historyGone');
    expect(await kindOf(barrier.hold(ts(51n), 90, NEVER))).to.equal('fine');
    expect(await kindOf(barrier.hold(ts(50n), 90, NEVER))).to.equal('historyGone');
    expect(barrier.heldTs).to.equal(51n);
  });

  it('refuses a name that PD keeps for itself, a time that is none, and to refresh what is not held', async () => {
    const members = new PdMembers(pd, ['a:1']);
    const rpc = new PdRpc({ transport: pd, members, runtime: new VirtualRuntime() });
    expect(() => new GcBarrier(rpc, 'gc_worker')).to.throw();
    expect(() => new GcBarrier(rpc, '')).to.throw();
    expect((await failureOf(barrier.hold(ts(50n), 0, NEVER)))?.name).to.equal('AssertionError');
    expect((await failureOf(barrier.refresh(NEVER)))?.name).to.equal('AssertionError');
  });
});
