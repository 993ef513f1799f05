import { expect } from 'chai';
import { type KeyString, keyBytes, utf8 } from '../../../../src/base/bytes.js';
import { comparableBytes } from '../../../../src/codec/memcomparable.js';
import { kvMethods } from '../../../../src/tikv/kv-methods.js';
import type { RegionErrorMessage } from '../../../../src/tikv/proto-types.js';
import type { GetRegionResponse, PdReply, RegionsResponse } from '../../../../src/tikv/pd/pd-types.js';
import { messageCodec } from '../../../../src/tikv/proto.js';
import { CLUSTER_ID, ClusterSubject, put } from './cluster-subject.js';

const A = 'ta' as KeyString;
const Z = 'tz' as KeyString;

describe('embedded/storage: a cluster', () => {
  let s: ClusterSubject;
  beforeEach(() => {
    s = new ClusterSubject();
    s.pass(100);
  });

  const get = (key: KeyString, ts: bigint, context = s.contextOf(key)) =>
    s.call(kvMethods.get, context, { key: keyBytes(key), version: ts });
  const valueOf = (key: KeyString, ts: bigint): string | undefined => {
    const reply = get(key, ts);
    expect([reply.error, reply.regionError]).to.deep.equal([null, null]);
    return reply.notFound ? undefined : Buffer.from(reply.value).toString();
  };

  describe('at PD', () => {
    const regionsOf = (reply: Record<string, unknown>) => (reply as unknown as RegionsResponse).regions;
    const errorOf = (reply: Record<string, unknown>): string | undefined =>
      (reply as unknown as PdReply).header?.error?.message;
    const scan = (start: string, end: string, limit = 0) =>
      s.pd('BatchScanRegions', { ranges: [{ startKey: bound(start), endKey: bound(end) }], limit }, [
        'BatchScanRegionsRequest',
        'BatchScanRegionsResponse',
      ]);
    const bound = (key: string): Uint8Array => (key === '' ? utf8('') : comparableBytes(utf8(key)));

    it('tells of regions by key, by id, by range, and of the one before', () => {
      const all = regionsOf(scan('', ''));
      expect(all).to.have.length(3);
      expect(new Set(all.map(({ leader }) => leader!.storeId)).size).to.equal(3);
      expect(regionsOf(scan('a', 'b'))).to.have.length(1);
      expect(regionsOf(scan('', '', 2))).to.have.length(2);
      const { id } = all[1]!.region!;
      const byId = s.pd('GetRegionByID', { regionId: id }, ['GetRegionByIDRequest', 'GetRegionResponse']);
      expect((byId as unknown as GetRegionResponse).region!.id).to.equal(id);
      const none = s.pd('GetRegionByID', { regionId: 999n }, ['GetRegionByIDRequest', 'GetRegionResponse']);
      expect((none as unknown as GetRegionResponse).region).to.equal(null);
      const before = s.pd('GetPrevRegion', { regionKey: bound('u') }, [
        'GetRegionRequest',
        'GetRegionResponse',
      ]);
      expect((before as unknown as GetRegionResponse).region!.id).to.equal(id);
      const old = s.pd('ScanRegions', { startKey: bound('a') }, [
        'ScanRegionsRequest',
        'ScanRegionsResponse',
      ]);
      expect(regionsOf(old)).to.have.length(3);
    });

    it('tells of splits a little later', () => {
      s.cluster.faults.pdLagMs = 50;
      s.cluster.faults.split(utf8('tm'));
      s.pass(49);
      expect(regionsOf(scan('', ''))).to.have.length(3);
      s.pass(1);
      expect(regionsOf(scan('', ''))).to.have.length(4);
    });

    it('knows the stores', () => {
      const all = s.pd('GetAllStores', {}, ['GetAllStoresRequest', 'GetAllStoresResponse']);
      expect(all['stores']).to.have.length(3);
      const one = s.pd('GetStore', { storeId: 2n }, ['GetStoreRequest', 'GetStoreResponse']);
      expect(one['store']).to.include({ address: 's2:1', state: 0 });
      expect(errorOf(s.pd('GetStore', { storeId: 9n }, ['GetStoreRequest', 'GetStoreResponse']))).to.match(
        /not found/,
      );
    });

    it('has no leader for a while, and says so to those who ask for members', () => {
      s.cluster.faults.losePdLeader(100);
      expect(() => scan('', '')).to.throw(/14 not leader/);
      expect(() => s.tso()).to.throw(/not leader/);
      const members = s.pd('GetMembers', {}, ['GetMembersRequest', 'GetMembersResponse']);
      expect([members['leader'], (members['members'] as unknown[]).length]).to.deep.equal([null, 1]);
      s.pass(100);
      expect(regionsOf(scan('', ''))).to.have.length(3);
    });

    it('gives timestamps that never go back, whatever the clock does', () => {
      const first = s.tso();
      s.nowMs -= 5000;
      const second = s.tso();
      s.cluster.faults.jumpTso(60_000);
      const third = s.tso();
      expect(second > first && third > second + (50_000n << 18n)).to.equal(true);
    });

    it('refuses strangers and does not know what nobody asks', () => {
      const body = messageCodec<object>('pdpb.GetRegionRequest').encode({});
      const outcome = s.cluster.callPd('GetRegion', body, s.nowMs);
      expect(outcome.kind === 'failure' && [outcome.code, outcome.details]).to.deep.equal([
        9,
        `mismatch cluster id, need ${CLUSTER_ID} but got 0`,
      ]);
      const unknown = s.cluster.callPd('Bootstrap', body, s.nowMs);
      expect(unknown.kind === 'failure' && unknown.code).to.equal(12);
    });

    describe('history', () => {
      const hold = (ts: bigint): string | undefined =>
        errorOf(
          s.pd('SetGCBarrier', { barrierId: 'b', barrierTs: ts, ttlSeconds: 3600n }, [
            'SetGCBarrierRequest',
            'SetGCBarrierResponse',
          ]),
        );
      const service = (ts: bigint, TTL = 3600n): bigint =>
        s.pd('UpdateServiceGCSafePoint', { serviceId: utf8('x'), TTL, safePoint: ts }, [
          'UpdateServiceGCSafePointRequest',
          'UpdateServiceGCSafePointResponse',
        ])['minSafePoint'] as bigint;
      let between: bigint;
      beforeEach(() => {
        s.write(put('ta', 'old'));
        between = s.tso();
        s.write(put('ta', 'new'));
      });

      it('is forgotten after ten minutes', () => {
        s.pass(599_000);
        expect(valueOf(A, between)).to.equal('old');
        s.pass(12_000);
        expect(valueOf(A, between)).to.equal(undefined);
        expect(valueOf(A, s.tso())).to.equal('new');
        expect(hold(between)).to.match(/BehindTxnSafePoint/);
      });

      for (const [what, keep, letGo] of [
        [
          'a barrier',
          () => hold(between) === undefined,
          () =>
            s.pd('DeleteGCBarrier', { barrierId: 'b' }, [
              'DeleteGCBarrierRequest',
              'DeleteGCBarrierResponse',
            ]),
        ],
        ['a service safe point', () => service(between) <= between, () => service(0n, 0n)],
      ] as const) {
        it(`is kept by ${what}, until it is let go`, () => {
          expect(keep()).to.equal(true);
          s.pass(1_000_000);
          expect(valueOf(A, between)).to.equal('old');
          letGo();
          s.pass(20_000);
          expect(valueOf(A, between)).to.equal(undefined);
        });
      }

      it('tells a service that came too late by the safe point alone', () => {
        s.pass(620_000);
        expect(service(between) > between).to.equal(true);
      });

      it('takes no barrier without a name or a life', () => {
        const set = (request: Record<string, unknown>) =>
          errorOf(s.pd('SetGCBarrier', request, ['SetGCBarrierRequest', 'SetGCBarrierResponse']));
        expect(set({ barrierTs: between, ttlSeconds: 1n })).to.match(/Invalid/);
        expect(set({ barrierId: 'b', barrierTs: between })).to.match(/Invalid/);
      });
    });
  });

  describe('at a store', () => {
    const troubleOf = (error: RegionErrorMessage | null): string | undefined =>
      Object.entries(error ?? {}).find(([name, value]) => name !== 'message' && value !== null)?.[0];

    it('refuses requests for another store, region, shape, leader, peer or key', () => {
      const context = s.contextOf(A);
      const peer = context.peer!;
      const ts = s.tso();
      const troubles = [
        { ...context, regionId: 999n },
        { ...context, regionEpoch: { confVer: 1n, version: 99n } },
        { ...context, regionEpoch: { confVer: 7n, version: context.regionEpoch!.version } },
        { ...context, peer: { ...peer, id: 999n } },
        { ...context, peer: { ...peer, storeId: (peer.storeId % 3n) + 1n } },
        s.contextOf('a' as KeyString),
      ].map((other) => troubleOf(get(A, ts, other).regionError));
      expect(troubles).to.deep.equal([
        'regionNotFound',
        'epochNotMatch',
        'epochNotMatch',
        'mismatchPeerId',
        'notLeader',
        'keyNotInRegion',
      ]);
      const request = kvMethods.get.request.encode({ context, key: keyBytes(A), version: ts });
      const wrongStore = s.cluster.callStore((peer.storeId % 3n) + 1n, 'KvGet', request, s.nowMs);
      const reply = wrongStore.kind === 'reply' ? kvMethods.get.response.decode(wrongStore.body) : undefined;
      expect(troubleOf(reply?.regionError ?? null)).to.equal('storeNotMatch');
    });

    it('tells after a split what is there now', () => {
      const context = s.contextOf(A);
      s.cluster.faults.split(utf8('tm'));
      const error = get(Z, s.tso(), context).regionError;
      expect(error?.epochNotMatch?.currentRegions).to.have.length(2);
    });

    it('takes no batch that a raft entry does not hold, and no key that is too long', () => {
      const value = 'x'.repeat(5 * 1024 * 1024);
      const send = (keys: readonly string[], text: string) => {
        const startTs = s.tso();
        return s.call(kvMethods.prewrite, s.contextOf(A), {
          mutations: keys.map((key) => ({ op: 0, key: utf8(key), value: utf8(text), assertion: 0 })),
          primaryLock: utf8(keys[0]!),
          startVersion: startTs,
          lockTtl: 1000n,
          txnSize: 1n,
          minCommitTs: startTs + 1n,
          assertionLevel: 0,
        });
      };
      expect(troubleOf(send(['ta', 'tb'], value).regionError)).to.equal('raftEntryTooLarge');
      expect(send([`t${'k'.repeat(9000)}`], 'v').errors[0]?.abort).to.match(/KeyTooLarge/);
    });

    it('scans to the end of its region, and lists locks', () => {
      for (const key of ['ta', 'tb', 'tc']) s.write(put(key, key));
      s.prewrite(s.tso(), [put('td', 'open')]);
      const scan = (more: object = {}) =>
        s.call(kvMethods.scan, s.contextOf(A), {
          startKey: utf8('ta'),
          endKey: utf8('td'),
          limit: 10,
          version: s.tso(),
          keyOnly: false,
          reverse: false,
          ...more,
        });
      const keys = (reply: ReturnType<typeof scan>): string[] =>
        reply.pairs.map(({ key }) => Buffer.from(key).toString());
      expect(keys(scan())).to.deep.equal(['ta', 'tb', 'tc']);
      expect(keys(scan({ limit: 2 }))).to.deep.equal(['ta', 'tb']);
      expect(scan({ keyOnly: true }).pairs[0]!.value).to.have.length(0);
      expect(scan({ endKey: utf8('') }).pairs.at(-1)!.error?.locked).not.to.equal(null);
      expect(scan({ reverse: true }).error?.abort).to.match(/not served/);
      const locks = s.call(kvMethods.scanLock, s.contextOf(A), {
        maxVersion: s.tso(),
        startKey: utf8(''),
        endKey: utf8(''),
        limit: 0,
      });
      expect(locks.locks.map(({ key }) => Buffer.from(key).toString())).to.deep.equal(['td']);
    });

    it('resolves all locks of a transaction in a region', () => {
      const startTs = s.tso();
      s.prewrite(startTs, [put('ta', '1'), put('tb', '1')]);
      const other = s.tso();
      s.prewrite(other, [put('tc', '1')]);
      s.call(kvMethods.resolveLock, s.contextOf(A), {
        startVersion: startTs,
        commitVersion: s.tso(),
        keys: [],
      });
      expect([valueOf(A, s.tso()), s.cluster.size.locks]).to.deep.equal(['1', 1]);
    });

    it('does not serve what nobody needs, and asserts what would abort TiKV', () => {
      const context = s.contextOf(A);
      const request = kvMethods.pessimisticRollback.request.encode({ context });
      const outcome = s.cluster.callStore(context.peer!.storeId, 'KVPessimisticRollback', request, s.nowMs);
      expect(outcome.kind === 'failure' && outcome.code).to.equal(12);
      expect(() =>
        s.call(kvMethods.commit, context, {
          startVersion: 1n,
          commitVersion: 2n,
          keys: [],
          commitRole: 0,
          primaryKey: utf8(''),
        }),
      ).to.throw(/would abort/);
    });

    for (const [what, lose, value] of [
      ['a request', () => s.cluster.faults.loseRequests('KvCommit'), undefined],
      ['a reply', () => s.cluster.faults.loseReplies('KvCommit'), 'v'],
    ] as const) {
      it(`loses ${what} when told to: the caller cannot tell which`, () => {
        const startTs = s.tso();
        s.prewrite(startTs, [put('ta', 'v')]);
        lose();
        expect(() => s.commit(startTs, [keyBytes(A)])).to.throw(/14 .*lost/);
        if (value === undefined) s.commit(startTs, [keyBytes(A)]);
        expect(valueOf(A, s.tso())).to.equal('v');
      });
    }
  });
});
