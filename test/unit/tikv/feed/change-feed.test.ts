import { expect } from 'chai';
import { fromHex } from '../../../../src/base/bytes.js';
import { silent } from '../../../../src/base/telemetry.js';
import { PrometheusMetrics } from '../../../../src/observe/prometheus-metrics.js';
import { committed, FeedSubject as Subject } from './feed-subject.js';
import { region, ScriptedRegions } from './scripted-store.js';

describe('ChangeFeed', () => {
  it('asks for the part of the region that lies in the span, multiplexed', async () => {
    const subject = new Subject();
    await subject.subscribe();
    const { stream } = subject;
    expect([stream.address, stream.method]).to.deep.equal(['store-1', '/cdcpb.ChangeData/EventFeedV2']);
    expect(stream.metadata).to.deep.equal({ features: 'stream-multiplexing' });
    expect(stream.requests).to.deep.equal([
      { requestId: 1, regionId: 20, checkpoint: 10n, kind: 'register', start: '74', end: '75' },
    ]);
  });

  it('tells of rows, then once of the complete scan, then of resolved timestamps after their rows', async () => {
    const subject = new Subject();
    subject.consume();
    await subject.subscribe();
    const { stream } = subject;
    stream.rows(stream.last, committed(12), { type: 'INITIALIZED' });
    stream.resolve(stream.last, 15);
    await subject.settle();
    stream.rows(stream.last, committed(17));
    stream.resolve(stream.last, 20);
    stream.resolve(stream.last, 20);
    await subject.settle();
    expect(subject.story).to.deep.equal(['rows 12', 'initialized', 'resolved 15', 'rows 17', 'resolved 20']);
  });

  it('holds the span at its least region, gaps included', async () => {
    const subject = new Subject({}, new ScriptedRegions(region(20, '', '7450'), region(21, '7450', '')));
    subject.consume();
    await subject.subscribe();
    const { stream } = subject;
    const [left, right] = [stream.requests[0]!, stream.requests[1]!];
    expect(left.requestId).to.equal(right.requestId);
    for (const request of [left, right]) stream.initialize(request);
    stream.send({ resolved_ts: { request_id: left.requestId, regions: [20, 21], ts: 30 } });
    stream.resolve(right, 40);
    await subject.settle();
    expect(subject.story).to.deep.equal(['initialized', 'resolved 30']);
    stream.refuse(left, { epoch_not_match: {} });
    stream.resolve(right, 50);
    await subject.settle();
    expect(subject.story).to.have.length(2);
    expect(subject.feed.lag()).to.deep.include({
      spanId: 'a',
      resolved: 30n,
      slowestRegionId: undefined,
      storeId: undefined,
      since: 1000,
      lastError: 'region 20: epochNotMatch',
    });
    await subject.settle(200);
    expect(stream.last).to.deep.include({ regionId: 20, checkpoint: 30n, start: '74', end: '7450' });
    stream.initialize(stream.last);
    stream.resolve(stream.last, 45);
    await subject.settle();
    expect(subject.story.at(-1)).to.equal('resolved 45');
    expect(subject.feed.lag()[0]).to.deep.include({
      slowestRegionId: 20n,
      storeId: 1n,
      lastError: undefined,
    });
  });

  it('goes to the leader that TiKV names, at once', async () => {
    const subject = new Subject();
    await subject.subscribe();
    subject.stream.refuse(subject.stream.last, {
      not_leader: { region_id: 20, leader: { id: 202, store_id: 2 } },
    });
    await subject.settle();
    expect(subject.stream.address).to.equal('store-2');
    expect(subject.stream.requests).to.have.length(1);
  });

  it('subscribes the regions that an epoch error brings, without asking for them', async () => {
    const subject = new Subject();
    await subject.subscribe();
    const { stream } = subject;
    const asked = subject.regions.covered;
    const bound = fromHex('74500000000000' + '00f9');
    stream.refuse(stream.last, {
      epoch_not_match: {
        current_regions: [
          { id: 30, end_key: bound, region_epoch: { version: 2 }, peers: [{ id: 301, store_id: 1 }] },
          { id: 20, start_key: bound, region_epoch: { version: 2 }, peers: [{ id: 201, store_id: 1 }] },
        ],
      },
    });
    await subject.settle();
    expect(stream.requests.slice(1).map(({ regionId, start, end }) => [regionId, start, end])).to.deep.equal([
      [30, '74', '7450'],
      [20, '7450', '75'],
    ]);
    expect(subject.regions.covered).to.equal(asked + 1);
  });

  it('waits as long as a busy server asks, and longer each time', async () => {
    const subject = new Subject();
    await subject.subscribe();
    const { stream } = subject;
    stream.refuse(stream.last, { server_is_busy: { backoff_ms: 300 } });
    await subject.settle(299);
    expect(stream.requests).to.have.length(1);
    await subject.settle(2);
    expect(stream.requests).to.have.length(2);
    for (let n = 0; n < 6; n++) {
      stream.refuse(stream.last, { congested: { region_id: 20 } });
      await subject.settle(2100);
    }
    stream.refuse(stream.last, { congested: { region_id: 20 } });
    await subject.settle(900);
    expect(stream.requests).to.have.length(8);
  });

  for (const [what, error] of [
    ['another cluster', { cluster_id_mismatch: { current: 6, request: 5 } }],
    ['an incompatible version', { compatibility: { required_version: '99.0.0' } }],
  ] as const) {
    it(`ends a span in a gap for ${what}, and lets its name go`, async () => {
      const subject = new Subject();
      subject.consume();
      await subject.subscribe();
      subject.stream.refuse(subject.stream.last, error);
      await subject.settle(100);
      expect(subject.story).to.deep.equal(['gap 10 feedRefused']);
      expect(subject.feed.lag()).to.deep.equal([]);
      await subject.subscribe();
      expect(subject.stream.last.kind).to.equal('register');
    });
  }

  it('falls back to a stream a region where the store knows no other', async () => {
    const subject = new Subject({}, new ScriptedRegions(region(20, '', '7450'), region(21, '7450', '')));
    subject.consume();
    await subject.subscribe();
    subject.stream.fail(Object.assign(new Error('unknown method'), { code: 12 }));
    await subject.settle(1);
    const [, left, right] = subject.transport.streams;
    expect([left!.method, right!.method]).to.deep.equal(Array(2).fill('/cdcpb.ChangeData/EventFeed'));
    expect(left!.metadata).to.deep.equal({});
    expect(left!.requests).to.have.length(1);
    expect(right!.requests).to.have.length(1);
    for (const stream of [left!, right!]) {
      stream.initialize(stream.last);
      stream.send({ resolved_ts: { request_id: 0, regions: [stream.last.regionId], ts: 30 } });
    }
    await subject.settle();
    expect(subject.story).to.deep.equal(['initialized', 'resolved 30']);
  });

  it('opens a broken stream again and goes on from the last resolved ts', async () => {
    const subject = new Subject();
    subject.consume();
    await subject.subscribe();
    const first = subject.stream;
    first.initialize(first.last);
    first.resolve(first.last, 25);
    await subject.settle();
    first.fail(new Error('14 UNAVAILABLE'));
    await subject.settle(200);
    expect(subject.stream).not.to.equal(first);
    expect(subject.stream.last.checkpoint).to.equal(25n);
    expect([subject.regions.forgotten, subject.regions.invalidated]).to.deep.equal([[], []]);
    subject.stream.fail(new Error('14 UNAVAILABLE'));
    await subject.settle(200);
    expect([subject.regions.forgotten, subject.regions.invalidated]).to.deep.equal([[1n], [20n]]);
  });

  it('looks a store up again, and its region, when PD does not know its address', async () => {
    const regions = new ScriptedRegions(region(20, '', ''));
    let isKnown = false;
    regions.storeAddress = (storeId) =>
      isKnown ? Promise.resolve(`store-${storeId}`) : Promise.reject(new Error(`no store ${storeId}`));
    const subject = new Subject({}, regions);
    await subject.subscribe();
    await subject.settle(100);
    expect(subject.transport.streams).to.deep.equal([]);
    expect(subject.feed.lag()[0]?.lastError).to.equal('no store 1');
    expect([regions.forgotten[0], regions.invalidated[0]]).to.deep.equal([1n, 20n]);
    isKnown = true;
    await subject.settle(200);
    expect(subject.stream.requests).to.have.length(1);
  });

  it('asks PD again when it gives no answer', async () => {
    const regions = new ScriptedRegions(region(20, '', ''));
    const cover = regions.cover.bind(regions);
    let asked = 0;
    regions.cover = (start, end) =>
      ++asked < 3 ? Promise.reject(new Error('no leader')) : cover(start, end);
    const subject = new Subject({}, regions);
    await subject.subscribe();
    expect(subject.feed.lag()[0]?.lastError).to.equal('no leader');
    await subject.settle(300);
    expect([asked, subject.stream.requests.length]).to.deep.equal([3, 1]);
  });

  it('opens no more than 256 scans of a store at once', async () => {
    const bound = (n: number): string => `74${n.toString(16).padStart(4, '0')}`;
    const many = Array.from({ length: 300 }, (_, n) => region(100 + n, bound(n), bound(n + 1)));
    const subject = new Subject({}, new ScriptedRegions(...many));
    await subject.subscribe({ start: fromHex(bound(0)), end: fromHex(bound(300)) });
    await subject.settle(200);
    const { stream } = subject;
    expect(stream.requests).to.have.length(256);
    for (const request of [...stream.requests]) stream.initialize(request);
    await subject.settle(200);
    expect(stream.requests).to.have.length(300);
  });

  it('does not let a store that is down hold up the regions of others', async () => {
    const subject = new Subject(
      {},
      new ScriptedRegions(region(20, '', '7450', 1), region(21, '7450', '', 2)),
    );
    await subject.subscribe({ end: fromHex('7450') });
    for (let n = 0; n < 6; n++) {
      subject.stream.fail(new Error('14 UNAVAILABLE'));
      await subject.settle(n < 5 ? 2000 : 1);
    }
    await subject.subscribe({ id: 'b' });
    expect(subject.stream.address).to.equal('store-2');
    expect(subject.stream.requests).to.have.length(1);
  });

  it('counts what is subscribed again, by cause, under a declared name', async () => {
    const metrics = new PrometheusMetrics();
    const subject = new Subject({ telemetry: { log: silent.log, metrics } });
    await subject.subscribe();
    subject.stream.refuse(subject.stream.last, { epoch_not_match: {} });
    await subject.settle(200);
    subject.stream.fail(new Error('14 UNAVAILABLE'));
    await subject.settle(200);
    subject.stream.initialize(subject.stream.last);
    subject.stream.rows(subject.stream.last, committed(27, { type: 'COMMIT' }));
    await subject.settle(200);
    subject.feed.unsubscribe('a');
    const text = await metrics.text();
    const counted = text.split('\n').filter((line) => line.startsWith('tiview_feed_resubscriptions_total'));
    expect(counted.sort()).to.deep.equal(
      ['epochNotMatch', 'streamBroke', 'unmatchedCommit'].map(
        (cause) => `tiview_feed_resubscriptions_total{cause="${cause}"} 1`,
      ),
    );
  });

  it('treats the orderly end of a stream like its breaking', async () => {
    const subject = new Subject();
    await subject.subscribe();
    subject.stream.end();
    await subject.settle(200);
    expect(subject.transport.streams).to.have.length(2);
  });

  it('gives a stream up that sends nonsense', async () => {
    const subject = new Subject();
    await subject.subscribe();
    subject.stream.send(fromHex('0a05'));
    await subject.settle(200);
    expect(subject.transport.streams).to.have.length(2);
    expect(subject.transport.streams[0]!.isClosed).to.equal(true);
  });

  it('resets the stream when its bookkeeping differs from the store’s', async () => {
    const subject = new Subject();
    await subject.subscribe();
    subject.stream.refuse(subject.stream.last, { duplicate_request: { region_id: 20 } });
    await subject.settle(200);
    expect(subject.transport.streams).to.have.length(2);
  });

  it('subscribes anew, under another id, what lost a prewrite', async () => {
    const subject = new Subject();
    subject.consume();
    await subject.subscribe();
    const { stream } = subject;
    const first = stream.last;
    stream.initialize(first);
    stream.resolve(first, 25);
    stream.rows(first, committed(27, { type: 'COMMIT' }));
    await subject.settle(200);
    const [, deregister, again] = stream.requests;
    expect(deregister).to.deep.include({ kind: 'deregister', requestId: first.requestId, regionId: 20 });
    expect(again).to.deep.include({ kind: 'register', checkpoint: 25n });
    expect(again!.requestId).not.to.equal(first.requestId);
    // TiKV's answer to the deregistration, and whatever else comes late, concerns nobody.
    stream.refuse(first, { region_not_found: { region_id: 20 } });
    stream.rows(first, committed(26));
    stream.rows(again!, committed(27), { type: 'INITIALIZED' });
    stream.resolve(again!, 30);
    await subject.settle();
    expect(subject.story).to.deep.equal(['initialized', 'resolved 25', 'rows 27', 'resolved 30']);
  });

  it('uses a request id again only for what TiKV ended after its scan', async () => {
    const subject = new Subject();
    await subject.subscribe();
    const { stream } = subject;
    const ids: number[] = [];
    for (const isComplete of [true, false, true]) {
      if (isComplete) stream.initialize(stream.last);
      stream.refuse(stream.last, { region_not_found: { region_id: 20 } });
      await subject.settle(200);
      ids.push(stream.last.requestId);
    }
    expect(ids).to.deep.equal([1, 2, 2]);
  });

  it('goes back to the span’s resolved ts for a commit at or below the region’s', async () => {
    const subject = new Subject({}, new ScriptedRegions(region(20, '', '7450'), region(21, '7450', '')));
    subject.consume();
    await subject.subscribe();
    const { stream } = subject;
    const [left, right] = [stream.requests[0]!, stream.requests[1]!];
    for (const request of [left, right]) stream.initialize(request);
    stream.resolve(right, 20);
    stream.resolve(left, 30);
    stream.rows(left, committed(25));
    await subject.settle(200);
    expect(stream.last).to.deep.include({ kind: 'register', regionId: 20, checkpoint: 20n });
    expect(subject.story).to.deep.equal(['initialized', 'resolved 20']);
  });

  it('ends in a gap when a commit comes at or below what was told', async () => {
    const subject = new Subject();
    subject.consume();
    await subject.subscribe();
    const { stream } = subject;
    stream.initialize(stream.last);
    stream.resolve(stream.last, 30);
    stream.rows(stream.last, committed(30));
    await subject.settle();
    expect(subject.story).to.deep.equal(['initialized', 'resolved 30', 'gap 30 feedBroken']);
    expect(stream.last.kind).to.equal('deregister');
  });
});
