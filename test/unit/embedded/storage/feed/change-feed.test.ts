import { expect } from 'chai';
import { type KeyString, keyBytes, utf8 } from '../../../../../src/base/bytes.js';
import { kvMethods } from '../../../../../src/tikv/kv-methods.js';
import { feedTraces } from '../../../tikv/feed/golden-trace.js';
import { ClusterSubject, type FeedSubject, put, remove } from '../cluster-subject.js';
import { type RuleMessage, violations } from '../feed-rules.js';

const A = 'ta' as KeyString;
const LONG = 'x'.repeat(300);
const rows = (told: readonly string[]): string[] => told.filter((one) => one !== 'resolved');

describe('embedded/storage/feed', () => {
  let s: ClusterSubject;
  let feeds: FeedSubject[];
  beforeEach(() => {
    s = new ClusterSubject();
    // PD hears of the first splits.
    s.pass(100);
    feeds = [];
  });
  afterEach(() => {
    for (const feed of feeds) {
      feed.take();
      expect(violations(feed.messages)).to.deep.equal([]);
    }
  });

  const follow = (options: Parameters<ClusterSubject['follow']>[1] = {}): FeedSubject => {
    const feed = s.follow(A, options);
    feeds.push(feed);
    return feed;
  };

  it('obeys rules that the golden traces obey', () => {
    const broken = feedTraces().flatMap((trace) =>
      violations(trace.messages as unknown as RuleMessage[]).map((rule) => `${trace.scenario}: ${rule}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it('scans versions above the checkpoint with old values, then locks and live rows', () => {
    s.write(put('ta', '1'));
    const checkpoint = s.write(put('tb', '1'));
    s.write(put('ta', '2'), remove('tb'));
    s.write(put('ta', '3'), { kind: 'lock', key: keyBytes('tc' as KeyString) });
    s.rollBack(s.tso(), [keyBytes('td' as KeyString)]);
    s.prewrite(s.tso(), [put('te', 'open')]);
    const feed = follow({ checkpoint });
    s.pass(0);
    expect(rows(feed.take())).to.deep.equal([
      'COMMITTED PUT ta=3 was 2',
      'COMMITTED PUT ta=2 was 1',
      'COMMITTED DELETE tb was 1',
      'PREWRITE PUT te=open',
      'INITIALIZED',
    ]);
  });

  it('tells live transactions: values with PREWRITE, with COMMIT if they are short', () => {
    const feed = follow();
    s.pass(0);
    s.write(put('ta', 'old'));
    const startTs = s.tso();
    s.prewrite(startTs, [put('ta', LONG)]);
    s.commit(startTs, [keyBytes(A)]);
    s.write(remove('ta'));
    s.write({ kind: 'lock', key: keyBytes(A) });
    expect(rows(feed.take())).to.deep.equal([
      'INITIALIZED',
      'PREWRITE PUT ta=old',
      'COMMIT PUT ta=old',
      'PREWRITE PUT ta=300 bytes was old',
      'COMMIT PUT ta',
      'PREWRITE DELETE ta was 300 bytes',
      'COMMIT DELETE ta',
    ]);
  });

  it('tells rollbacks, those without a PREWRITE too, and which of them are protected', () => {
    const feed = follow();
    s.pass(0);
    const startTs = s.tso();
    s.prewrite(startTs, [put('ta', '1'), put('tb', '1')]);
    s.rollBack(startTs, [keyBytes(A)]);
    s.rollBack(startTs, [keyBytes('tb' as KeyString)]);
    s.rollBack(s.tso(), [keyBytes('tc' as KeyString)]);
    expect(feed.take().filter((row) => row.startsWith('ROLLBACK'))).to.deep.equal([
      'ROLLBACK ta=p',
      'ROLLBACK tb',
      'ROLLBACK tc',
    ]);
  });

  it('tells a lock that is written again only if its value is short', () => {
    const feed = follow();
    s.pass(0);
    const startTs = s.tso();
    s.prewrite(startTs, [put('ta', 'short'), put('tb', LONG)]);
    rows(feed.take());
    const beat = (key: KeyString): void => {
      const body = { primaryLock: keyBytes(key), startVersion: startTs, adviseLockTtl: 9999n };
      expect(s.call(kvMethods.txnHeartBeat, s.contextOf(key), body).lockTtl).to.equal(9999n);
    };
    beat(A);
    beat('tb' as KeyString);
    expect(feed.take()).to.deep.equal(['PREWRITE PUT ta=short']);
  });

  it('leaves out sources above eight bits, and others for those who filter loops', () => {
    const all = follow();
    const filtering = follow({ filterLoop: true });
    s.pass(0);
    for (const txnSource of [0n, 7n, 256n]) {
      const startTs = s.tso();
      s.prewrite(startTs, [put(`t${txnSource}`, 'v')], { txnSource });
      s.commit(startTs, [utf8(`t${txnSource}`)]);
    }
    const commits = (feed: FeedSubject): string[] => feed.take().filter((row) => row.startsWith('COMMIT'));
    expect(commits(all)).to.deep.equal(['COMMIT PUT t0=v', 'COMMIT PUT t7=v']);
    expect(commits(filtering)).to.deep.equal(['COMMIT PUT t0=v']);
    const later = follow({ filterLoop: true });
    s.pass(0);
    expect(commits(later)).to.deep.equal(['COMMITTED PUT t0=v']);
  });

  it('tells of its own range only', () => {
    const feed = follow({ start: utf8('tb'), end: utf8('td') });
    s.write(put('ta', '1'));
    s.pass(0);
    s.write(put('ta', '2'), put('tb', '2'), put('td', '2'));
    s.prewrite(s.tso(), [put('te', 'open')]);
    s.pass(100);
    expect(rows(feed.take())).to.deep.equal(['INITIALIZED', 'PREWRITE PUT tb=2', 'COMMIT PUT tb=2']);
    expect(feed.resolved(s.contextOf(A).regionId) > 0n).to.equal(true);
  });

  it('may tell a COMMIT before the scan comes to the lock that it was', () => {
    const count = 3000;
    const name = (i: number): string => `t${String(i).padStart(5, '0')}`;
    const mutations = Array.from({ length: count }, (_, i) => put(name(i), `${i}`));
    const startTs = s.tso();
    s.prewrite(startTs, mutations);
    const feed = follow();
    s.cluster.advance(s.nowMs);
    const commitTs = s.commit(
      startTs,
      mutations.map(({ key }) => key),
    );
    s.pass(100);
    const told = rows(feed.take());
    expect(told.indexOf(`COMMIT PUT ${name(2999)}=2999`)).to.be.lessThan(
      told.indexOf(`PREWRITE PUT ${name(2999)}=2999`),
    );
    expect(told.filter((row) => row.startsWith('PREWRITE'))).to.have.length(count);
    expect(told.filter((row) => row.startsWith('COMMIT '))).to.have.length(count);
    s.pass(100);
    feed.take();
    expect(feed.resolved(s.contextOf(A).regionId) > commitTs).to.equal(true);
  });

  describe('resolved timestamps', () => {
    it('come after INITIALIZED, at the pace', () => {
      const feed = follow();
      s.pass(0);
      expect(feed.take()).to.deep.equal(['INITIALIZED', 'resolved']);
      s.pass(49);
      expect(feed.take()).to.deep.equal([]);
      s.pass(1);
      expect(feed.take()).to.deep.equal(['resolved']);
      s.cluster.faults.setResolvedInterval(1000);
      s.pass(50);
      feed.take();
      s.pass(999);
      expect(feed.take()).to.deep.equal([]);
      s.pass(1);
      expect(feed.take()).to.deep.equal(['resolved']);
      s.cluster.faults.stallResolved();
      s.pass(5000);
      expect(feed.take()).to.deep.equal([]);
      s.cluster.faults.resumeResolved();
      s.pass(1000);
      expect(feed.take()).to.deep.equal(['resolved']);
    });

    it('are held by the oldest lock that writes', () => {
      const { regionId } = s.contextOf(A);
      const feed = follow();
      s.pass(100);
      const [first, second] = [s.tso(), s.tso()];
      s.prewrite(second, [put('tb', '1')]);
      s.prewrite(s.tso(), [{ kind: 'lock', key: keyBytes('tc' as KeyString) }]);
      s.pass(100);
      feed.take();
      expect(feed.resolved(regionId)).to.equal(second);
      // One that is older and prewrites late does not take back what was said, but a new subscription begins there.
      s.prewrite(first, [put('td', '1')]);
      const later = follow({ checkpoint: second });
      s.pass(100);
      feed.take();
      later.take();
      expect([feed.resolved(regionId), later.resolved(regionId)]).to.deep.equal([second, first]);
      s.commit(first, [utf8('td')]);
      const committed = s.commit(second, [utf8('tb')]);
      s.pass(100);
      feed.take();
      expect(feed.resolved(regionId) > committed).to.equal(true);
    });

    for (const [version, gets] of [
      ['8.5.0', true],
      ['8.5.0-alpha', true],
      ['4.0.8', true],
      ['4.0.7', false],
      ['v8.5.0', false],
      ['', false],
      ['nonsense', false],
    ] as const) {
      it(`${gets ? 'come' : 'never come'} to a client of version '${version}'`, () => {
        const feed = follow({ version });
        s.pass(100);
        expect(feed.take()).to.deep.equal(gets ? ['INITIALIZED', 'resolved'] : ['INITIALIZED']);
      });
    }
  });

  describe('ends a subscription', () => {
    it('that comes twice', () => {
      const feed = follow();
      feed.register({ context: s.contextOf(A) });
      feed.register({ context: s.contextOf(A), requestId: 2n });
      s.pass(0);
      expect(rows(feed.take())).to.deep.equal(['error duplicate_request', 'INITIALIZED', 'INITIALIZED']);
    });

    it('of another cluster, of no region, of another shape, at another store', () => {
      const feed = s.feed(s.contextOf(A).peer!.storeId);
      const context = s.contextOf(A);
      feed.register({ context, clusterId: 7n });
      feed.register({ context: { ...context, regionId: 999n } });
      feed.register({ context: { ...context, regionEpoch: { confVer: 9n, version: 99n } } });
      const elsewhere = s.feed((context.peer!.storeId % 3n) + 1n);
      elsewhere.register({ context });
      expect([...feed.take(), ...elsewhere.take()]).to.deep.equal([
        'error cluster_id_mismatch',
        'error region_not_found',
        'error epoch_not_match',
        'error not_leader',
      ]);
    });

    it('that is given up, and its id can be used again', () => {
      const feed = follow();
      const context = s.contextOf(A);
      s.pass(0);
      feed.deregister(9n, context.regionId);
      feed.deregister(1n, context.regionId);
      expect(rows(feed.take())).to.deep.equal(['INITIALIZED', 'error region_not_found']);
      s.write(put('ta', 'unheard'));
      feed.register({ context, checkpoint: s.tso() });
      feed.deregister(1n, 0n);
      expect(feed.take()).to.deep.equal(['error region_not_found']);
    });

    for (const [what, act, error] of [
      ['split', () => s.cluster.faults.split(utf8('tm')), 'error epoch_not_match'],
      ['moved', () => s.cluster.faults.moveLeader(s.contextOf(A).regionId, 1n), 'error not_leader'],
    ] as const) {
      it(`whose region is ${what}`, () => {
        const feed = follow();
        s.pass(0);
        feed.take();
        act();
        s.pass(100);
        s.write(put('ta', 'unheard'));
        expect(feed.take()).to.deep.equal([error]);
      });
    }

    it('whose region is merged, on both sides, without naming regions', () => {
      s.cluster.faults.split(utf8('tm'));
      s.pass(100);
      const feed = follow();
      const right = s.contextOf('tz' as KeyString);
      feed.register({ context: right });
      s.pass(0);
      feed.take();
      s.cluster.faults.merge(s.contextOf(A).regionId);
      const told = feed.take();
      expect(told).to.have.length(2);
      expect(told.filter((one) => one === 'error epoch_not_match').length).to.be.greaterThan(0);
      const last = JSON.stringify(feed.messages.at(-1));
      expect(last).not.to.match(/start_key/);
    });

    it('whose client does not read, when too much waits for it', () => {
      const feed = follow();
      s.pass(0);
      const value = 'x'.repeat(1024 * 1024);
      for (let i = 0; i < 70; i++) s.write(put('ta', value));
      expect(feed.take().filter((one) => one.startsWith('error'))).to.deep.equal(['error congested']);
    });

    it('whose store stops, with its stream; others lead the regions a second later', () => {
      const feed = follow();
      const { peer } = s.contextOf(A);
      s.cluster.faults.stopStore(peer!.storeId);
      expect(feed.connection.failure?.code).to.equal(14);
      expect(() => s.feed(peer!.storeId)).to.throw(/stopped/);
      s.pass(1000);
      s.pass(100);
      expect(s.contextOf(A).peer!.storeId).not.to.equal(peer!.storeId);
      s.write(put('ta', 'again'));
      s.cluster.faults.startStore(peer!.storeId);
      s.feed(peer!.storeId);
    });
  });
});
