import { expect } from 'chai';
import { ts } from '../../../../src/codec/tso.js';
import { rowsOf } from './batch-rows.js';
import type { RowInit } from './cdc-proto.js';
import { committed, FeedSubject as Subject, KEY } from './feed-subject.js';
import { region, ScriptedRegions } from './scripted-store.js';

describe('ChangeFeed, at its limits', () => {
  it('gives up the span that holds the most uncommitted bytes when there are too many', async () => {
    const subject = new Subject({ uncommittedBytes: 20_000 });
    subject.consume();
    await subject.subscribe();
    await subject.subscribe({ id: 'b' });
    const { stream } = subject;
    const [a, b] = stream.requests;
    const prewrite = (startTs: number, size: number): RowInit => ({
      type: 'PREWRITE',
      op_type: 'PUT',
      start_ts: BigInt(startTs),
      key: KEY,
      value: new Uint8Array(size).fill(1),
    });
    for (const request of [a!, b!]) stream.initialize(request);
    stream.rows(a!, prewrite(20, 100));
    stream.rows(b!, prewrite(20, 4000));
    await subject.settle();
    expect(subject.feed.uncommittedBytes).to.be.greaterThan(4000).and.lessThan(20_000);
    stream.rows(b!, prewrite(21, 8000));
    await subject.settle();
    const gap = subject.events.at(-1)!;
    if (gap.kind !== 'gap') throw new Error(gap.kind);
    expect([gap.spanId, gap.cause.name, gap.cause.kind]).to.deep.equal(['b', 'LimitError', 'limit']);
    expect(subject.feed.uncommittedBytes).to.be.lessThan(10_000);
    stream.rows(a!, committed(22, { type: 'COMMIT', start_ts: 20n }));
    await subject.settle();
    expect(subject.story.at(-1)).to.equal('rows 22');
  });

  it('stops reading when nobody takes, and goes on where it stopped', async () => {
    const subject = new Subject({ queueBytes: 3000 });
    await subject.subscribe();
    const { stream } = subject;
    for (let n = 0; n < 100; n++)
      stream.rows(stream.last, committed(20 + n, { value: new Uint8Array(100).fill(1) }));
    await subject.settle(1000);
    expect(stream.taken).to.be.greaterThan(5).and.lessThan(30);
    expect(subject.feed.queuedBytes).to.be.lessThan(3500);
    const heldMs = subject.runtime.monotonicMs();
    await subject.settle(500_000);
    expect(subject.transport.streams, 'silence that is our own doing').to.have.length(1);
    expect(subject.runtime.monotonicMs()).to.be.greaterThan(heldMs);
    subject.consume();
    await subject.settle(100);
    expect(stream.taken).to.equal(100);
    const commits = subject.events.flatMap((event) =>
      event.kind === 'rows' ? rowsOf(event.batch).map((row) => row.commitTs) : [],
    );
    expect(commits).to.deep.equal(Array.from({ length: 100 }, (_, n) => BigInt(20 + n)));
    expect(subject.feed.queuedBytes).to.equal(0);
  });

  it('joins rows into one batch while the consumer is busy', async () => {
    const subject = new Subject();
    await subject.subscribe();
    const { stream } = subject;
    for (let n = 0; n < 50; n++) stream.rows(stream.last, committed(20 + n));
    await subject.settle();
    subject.consume();
    await subject.settle();
    expect(subject.events).to.have.length(1);
  });

  it('subscribes anew what is silent, then opens its stream anew, each time more patiently', async () => {
    const subject = new Subject({ watchdog: { silentMs: 1000, scanSilentMs: 5000 } });
    subject.consume();
    await subject.subscribe();
    const { stream } = subject;
    const noise = (): void => stream.send({ events: [] });
    const until = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 100) {
        noise();
        await subject.settle(100);
      }
    };
    stream.initialize(stream.last);
    await until(900);
    expect(stream.requests).to.have.length(1);
    await until(600);
    expect(stream.requests.map(({ kind }) => kind)).to.deep.equal(['register', 'deregister', 'register']);
    stream.initialize(stream.last);
    await until(1500);
    expect(subject.transport.streams).to.have.length(1);
    await until(1000);
    expect(subject.transport.streams).to.have.length(2);
    const second = subject.stream;
    second.initialize(second.last);
    second.resolve(second.last, 20);
    await subject.settle(900);
    expect(second.requests).to.have.length(1);
  });

  it('opens the stream anew at once if all of it is silent', async () => {
    const subject = new Subject({ watchdog: { silentMs: 1000, scanSilentMs: 5000 } });
    await subject.subscribe();
    subject.stream.initialize(subject.stream.last);
    await subject.settle(1600);
    expect(subject.transport.streams).to.have.length(2);
  });

  it('subscribes anew a request that was never answered', async () => {
    const subject = new Subject({ watchdog: { silentMs: 1000, scanSilentMs: 5000 } });
    await subject.subscribe();
    await subject.settle(4900);
    expect(subject.stream.requests).to.have.length(1);
    await subject.settle(600);
    expect(subject.stream.requests).to.have.length(3);
  });

  it('hands out nothing of a span that was unsubscribed, and tells the store', async () => {
    const subject = new Subject();
    await subject.subscribe();
    const { stream } = subject;
    stream.rows(stream.last, committed(20), { type: 'INITIALIZED' });
    stream.resolve(stream.last, 30);
    await subject.settle();
    expect(subject.feed.queuedBytes).to.be.greaterThan(0);
    subject.feed.unsubscribe('a');
    subject.feed.unsubscribe('never heard of');
    subject.consume();
    await subject.settle(100);
    expect(subject.events).to.deep.equal([]);
    expect(subject.feed.queuedBytes).to.equal(0);
    expect(stream.last.kind).to.equal('deregister');
  });

  it('survives PD without an answer, holes, and regions without a store', async () => {
    const subject = new Subject({}, new ScriptedRegions(region(20, '', '7440'), region(22, '7450', '')));
    subject.consume();
    await subject.subscribe();
    await subject.settle(300);
    expect(subject.stream.requests.map(({ regionId }) => regionId)).to.deep.equal([20, 22]);
    expect(subject.feed.lag()[0]?.lastError).to.equal('no region is known for some keys');
    subject.regions.regions.push(region(21, '7440', '7450'));
    await subject.settle(2000);
    expect(subject.stream.last).to.deep.include({ regionId: 21, start: '7440', end: '7450' });
    for (const request of subject.stream.requests) subject.stream.initialize(request);
    await subject.settle();
    expect(subject.story).to.deep.equal(['initialized']);
  });

  it('follows a span that was subscribed twice at different times independently', async () => {
    const subject = new Subject();
    subject.consume();
    await subject.subscribe();
    await subject.subscribe({ id: 'b', checkpoint: ts(15n) });
    const { stream } = subject;
    const [a, b] = stream.requests;
    expect(a!.requestId).not.to.equal(b!.requestId);
    stream.rows(b!, committed(14), committed(16), { type: 'INITIALIZED' });
    await subject.settle();
    expect(subject.story).to.deep.equal(['rows 16', 'initialized']);
    expect(subject.events.every((event) => event.spanId === 'b')).to.equal(true);
  });

  it('ends all it has begun when it is closed', async () => {
    const subject = new Subject();
    await subject.subscribe();
    let isClosed = false;
    void subject.feed.close().then(() => (isClosed = true));
    await subject.settle();
    expect(isClosed).to.equal(true);
    expect(subject.stream.isClosed).to.equal(true);
    await subject.settle(100_000);
    expect(subject.transport.streams).to.have.length(1);
  });
});
