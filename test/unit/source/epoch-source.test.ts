import { expect } from 'chai';
import { Alarm } from '../../../src/base/alarm.js';
import { TiviewError } from '../../../src/base/errors.js';
import { utf8 } from '../../../src/base/bytes.js';
import { silent } from '../../../src/base/telemetry.js';
import { META_RANGE, tableMetaKey } from '../../../src/codec/meta-keys.js';
import { ts } from '../../../src/codec/tso.js';
import { EpochSource } from '../../../src/source/epoch-source.js';
import { FeedRouter } from '../../../src/source/feed-router.js';
import type { SourceTable } from '../../../src/source/source-table.js';
import { BASE_TYPES, type BaseRow, baseTable, storedRow } from '../../support/base-table.js';
import { changeBatch } from '../../support/change-batch.js';
import { ScriptedFeed } from '../../support/scripted-feed.js';
import { settle } from '../../support/virtual-runtime.js';
import { rowsOf } from '../dataflow/rows.js';

const CAUSE = new TiviewError('lost', { kind: 'test', side: 'tikv', isRetryable: false });

/** A table with the columns id and a. */
function table(id: number): SourceTable {
  return { version: baseTable(id), columnIds: [1, 2] };
}

describe('epoch source', () => {
  let controller: AbortController;
  beforeEach(() => (controller = new AbortController()));
  afterEach(() => controller.abort());

  function world() {
    const feed = new ScriptedFeed();
    const router = new FeedRouter(feed, silent.metrics);
    router.run(controller.signal).catch(() => undefined);
    const source = (name: string, at = 10n): EpochSource => {
      return new EpochSource(router, name, ts(at), new Alarm());
    };
    const resolve = async (at: bigint, ...spans: readonly string[]): Promise<void> => {
      for (const spanId of spans) feed.say({ kind: 'resolved', spanId, ts: ts(at) });
      await settle();
    };
    const insert = async (spanId: string, id: number, commitTs: bigint, row: BaseRow): Promise<void> => {
      const batch = changeBatch([{ commitTs, ...storedRow(baseTable(id), row) }]);
      feed.say({ kind: 'rows', spanId, batch });
      await settle();
    };
    return { feed, source, resolve, insert };
  }

  it('is resolved where its slowest span is, that of the schema too', async () => {
    const { feed, source, resolve } = world();
    const group = source('g');
    group.follow(table(100));
    group.follow(table(101));
    expect([...feed.spans.keys()]).to.deep.equal(['g/schema', 'g/100/0', 'g/101/1']);
    expect(feed.spans.get('g/schema')).to.deep.include({ ...META_RANGE, checkpoint: 10n });
    await resolve(20n, 'g/100/0', 'g/101/1');
    expect(group.resolvedTs).to.equal(10n);
    await resolve(18n, 'g/schema');
    expect(group.resolvedTs).to.equal(18n);
    expect(group.hasChangesUpTo(ts(18n))).to.equal(false);
  });

  it('closes an epoch with the changes of every table, and goes on from there', async () => {
    const { feed, source, resolve, insert } = world();
    const group = source('g');
    group.follow(table(100));
    group.follow(table(101));
    await insert('g/100/0', 100, 12n, [1, 5, 'x']);
    await insert('g/100/0', 100, 19n, [2, 6, 'x']);
    await resolve(18n, 'g/schema', 'g/100/0', 'g/101/1');
    expect(group.hasChangesUpTo(ts(18n))).to.equal(true);
    const input = group.take(ts(18n));
    expect(input).to.include({ lower: 10n, upper: 18n, events: 1, oldestTs: 12n });
    expect([...input.sources.keys()]).to.deep.equal([100]);
    expect(rowsOf(BASE_TYPES, input.sources.get(100)!)).to.deep.equal([[1, 1n, 5n]]);
    expect(group.bufferedBytes).to.be.greaterThan(0);
    expect(() => group.take(ts(19n))).to.throw('not resolved');
    expect(() => group.take(ts(17n))).to.throw('below');
    await resolve(19n, 'g/schema', 'g/100/0', 'g/101/1');
    expect(rowsOf(BASE_TYPES, group.take(ts(19n)).sources.get(100)!)).to.deep.equal([[1, 2n, 6n]]);
    expect(group.bufferedBytes).to.equal(0);
    expect(feed.spans.size).to.equal(3);
  });

  it('tells of schema changes along with the rows', async () => {
    const { feed, source, resolve } = world();
    const group = source('g');
    feed.say({
      kind: 'rows',
      spanId: 'g/schema',
      batch: changeBatch([{ commitTs: 12n, key: tableMetaKey(1, 100) }]),
    });
    await resolve(15n, 'g/schema');
    expect(group.hasChangesUpTo(ts(15n))).to.equal(true);
    expect(group.take(ts(15n)).schemaChanges).to.deep.equal([
      { kind: 'tableDropped', commitTs: 12n, databaseId: 1, tableId: 100 },
    ]);
  });

  it('gives up a table whose rows it cannot read, and no other', async () => {
    const { feed, source, resolve, insert } = world();
    const group = source('g');
    group.follow(table(100));
    group.follow(table(101));
    const { key } = storedRow(baseTable(100), [1, 5, 'x']);
    feed.say({
      kind: 'rows',
      spanId: 'g/100/0',
      batch: changeBatch([{ commitTs: 12n, key, value: utf8('?') }]),
    });
    await insert('g/101/1', 101, 13n, [1, 5, 'x']);
    await resolve(15n, 'g/schema', 'g/100/0', 'g/101/1');
    const input = group.take(ts(15n));
    expect(input.failures.map(({ tableId, from }) => [tableId, from])).to.deep.equal([[100, 10n]]);
    expect([...input.sources.keys()]).to.deep.equal([101]);
    expect(group.tables.map(({ version }) => version.id)).to.deep.equal([101]);
    expect([...feed.spans.keys()]).to.deep.equal(['g/schema', 'g/101/1']);
  });

  it('lists gaps, and closes no epoch over one', async () => {
    const { feed, source, resolve } = world();
    const group = source('g');
    group.follow(table(100));
    feed.say({ kind: 'gap', spanId: 'g/100/0', from: ts(11n), cause: CAUSE });
    await resolve(15n, 'g/schema');
    expect(group.gaps()).to.deep.equal([{ from: 11n, cause: CAUSE, tableId: 100 }]);
    expect(() => group.take(group.resolvedTs)).to.throw('over a gap');
    group.leave(100);
    expect(group.gaps()).to.deep.equal([]);
    expect(group.take(ts(15n)).upper).to.equal(15n);
    feed.say({ kind: 'gap', spanId: 'g/schema', from: ts(15n), cause: CAUSE });
    await settle();
    expect(group.gaps()).to.deep.equal([{ from: 15n, cause: CAUSE, tableId: undefined }]);
  });

  it('reads other columns of a table that it follows, without subscribing again', async () => {
    const { feed, source, resolve, insert } = world();
    const group = source('g');
    group.follow(table(100));
    await insert('g/100/0', 100, 12n, [1, 5, 'x']);
    group.follow({ ...table(100), columnIds: [3] });
    expect(feed.spans.size).to.equal(2);
    await resolve(15n, 'g/schema', 'g/100/0');
    expect(rowsOf([BASE_TYPES[2]!], group.take(ts(15n)).sources.get(100)!)).to.deep.equal([[1, 'x']]);
  });

  it('adopts what a build follows, changes that wait included', async () => {
    const { feed, source, resolve, insert } = world();
    const [group, build] = [source('g'), source('b')];
    group.follow(table(100));
    build.follow(table(100));
    build.follow(table(101));
    await insert('b/101/1', 101, 12n, [1, 5, 'x']);
    await insert('g/100/0', 100, 12n, [2, 6, 'x']);
    await insert('b/100/0', 100, 12n, [2, 6, 'x']);
    group.adopt(build);
    expect([...feed.spans.keys()]).to.deep.equal(['g/schema', 'g/100/0', 'b/101/1']);
    expect(build.tables).to.deep.equal([]);
    await resolve(15n, 'g/schema', 'g/100/0', 'b/101/1');
    const { sources } = group.take(ts(15n));
    expect(rowsOf(BASE_TYPES, sources.get(100)!)).to.deep.equal([[1, 2n, 6n]]);
    expect(rowsOf(BASE_TYPES, sources.get(101)!)).to.deep.equal([[1, 1n, 5n]]);
    expect(() => group.adopt(source('late', 11n))).to.throw('adopting');
  });

  it('names the span that holds it back', () => {
    const { feed, source } = world();
    const group = source('g');
    group.follow(table(100));
    const lag = (spanId: string, resolved: bigint) => ({
      ...{ spanId, resolved: ts(resolved), since: 0 },
      ...{ slowestRegionId: 7n, storeId: 1n, lastError: undefined },
    });
    feed.lags = [lag('other', 1n), lag('g/schema', 14n), lag('g/100/0', 12n)];
    expect(group.heldBackBy()?.spanId).to.equal('g/100/0');
    feed.lags = [lag('other', 1n)];
    expect(group.heldBackBy()).to.equal(undefined);
  });

  it('leaves nothing behind when it is closed', async () => {
    const { feed, source, insert } = world();
    const group = source('g');
    group.follow(table(100));
    await insert('g/100/0', 100, 12n, [1, 5, 'x']);
    group.close();
    expect(feed.spans.size).to.equal(0);
    expect(group.bufferedBytes).to.equal(0);
  });
});
