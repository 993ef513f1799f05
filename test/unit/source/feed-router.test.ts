import { expect } from 'chai';
import { TiviewError } from '../../../src/base/errors.js';
import { utf8 } from '../../../src/base/bytes.js';
import { silent } from '../../../src/base/telemetry.js';
import { ts } from '../../../src/codec/tso.js';
import { FeedRouter, type SpanConsumer } from '../../../src/source/feed-router.js';
import { changeBatch } from '../../support/change-batch.js';
import { failureOf } from '../../support/failure.js';
import { ScriptedFeed } from '../../support/scripted-feed.js';
import { settle } from '../../support/virtual-runtime.js';

class Recorder implements SpanConsumer {
  readonly heard: string[] = [];

  rows({ count }: { readonly count: number }): void {
    this.heard.push(`rows ${count}`);
  }

  resolved(at: bigint): void {
    this.heard.push(`resolved ${at}`);
  }

  gap(from: bigint, cause: Error): void {
    this.heard.push(`gap ${from} ${cause.message}`);
  }
}

const SPAN = { start: utf8('a'), end: utf8('b'), checkpoint: ts(5n) };
const BATCH = changeBatch([{ commitTs: 7n, key: utf8('a1') }]);
const CAUSE = new TiviewError('lost', { kind: 'test', side: 'tikv', isRetryable: false });

describe('feed router', () => {
  let controller: AbortController;
  beforeEach(() => (controller = new AbortController()));
  afterEach(() => controller.abort());

  function subject() {
    const feed = new ScriptedFeed();
    const router = new FeedRouter(feed, silent.metrics);
    const running = router.run(controller.signal);
    running.catch(() => undefined);
    return { feed, router, running };
  }

  it('hands each span its own events, in order', async () => {
    const { feed, router } = subject();
    const [one, two] = [new Recorder(), new Recorder()];
    router.subscribe({ id: 'one', ...SPAN }, one);
    router.subscribe({ id: 'two', ...SPAN }, two);
    feed.say({ kind: 'rows', spanId: 'one', batch: BATCH });
    feed.say({ kind: 'initialized', spanId: 'one' });
    feed.say({ kind: 'resolved', spanId: 'two', ts: ts(8n) });
    feed.say({ kind: 'resolved', spanId: 'one', ts: ts(9n) });
    await settle();
    expect(one.heard).to.deep.equal(['rows 1', 'resolved 9']);
    expect(two.heard).to.deep.equal(['resolved 8']);
  });

  it('tells nobody who has left, or whose span has ended in a gap', async () => {
    const { feed, router } = subject();
    const [one, two] = [new Recorder(), new Recorder()];
    router.subscribe({ id: 'one', ...SPAN }, one);
    router.subscribe({ id: 'two', ...SPAN }, two);
    router.unsubscribe('one');
    router.unsubscribe('one');
    feed.say({ kind: 'resolved', spanId: 'one', ts: ts(8n) });
    feed.say({ kind: 'gap', spanId: 'two', from: ts(6n), cause: CAUSE });
    feed.say({ kind: 'resolved', spanId: 'two', ts: ts(9n) });
    await settle();
    expect(one.heard).to.deep.equal([]);
    expect(two.heard).to.deep.equal(['gap 6 lost']);
    expect([...feed.spans.keys()]).to.deep.equal([]);
    router.subscribe({ id: 'two', ...SPAN }, two);
    expect([...feed.spans.keys()]).to.deep.equal(['two']);
  });

  it('gives a span to one consumer only', () => {
    const { router } = subject();
    router.subscribe({ id: 'one', ...SPAN }, new Recorder());
    expect(() => router.subscribe({ id: 'one', ...SPAN }, new Recorder())).to.throw('followed already');
  });

  it('ends with the reason of its signal', async () => {
    const own = new AbortController();
    const router = new FeedRouter(new ScriptedFeed(), silent.metrics);
    const running = failureOf(router.run(own.signal));
    own.abort(new Error('enough'));
    expect((await running)?.message).to.equal('enough');
  });
});
