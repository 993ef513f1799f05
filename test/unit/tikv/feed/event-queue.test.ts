import { expect } from 'chai';
import { NO_BYTES } from '../../../../src/base/bytes.js';
import { ts } from '../../../../src/codec/tso.js';
import { BatchBuilder } from '../../../../src/tikv/feed/batch-builder.js';
import { ByteBudget } from '../../../../src/tikv/feed/byte-budget.js';
import { EventDecoder } from '../../../../src/tikv/feed/event-decoder.js';
import { EventQueue } from '../../../../src/tikv/feed/event-queue.js';
import { FeedSpan } from '../../../../src/tikv/feed/feed-span.js';
import type { RegionFeed, Span } from '../../../../src/tikv/feed/region-feed.js';
import { transferList } from '../../../../src/tikv/feed/row-change-batch.js';
import { rowsOf } from './batch-rows.js';
import { rowsMessage } from './cdc-proto.js';

const { signal } = new AbortController();

function span(id: string): Span {
  return new FeedSpan<RegionFeed>(
    { id, start: NO_BYTES, end: NO_BYTES, checkpoint: ts(1n) },
    new ByteBudget(),
    0,
  );
}

function addRow(to: BatchBuilder, commitTs: number, size = 1): void {
  const decoder = new EventDecoder();
  const value = new Uint8Array(size).fill(1);
  decoder.open(rowsMessage(1, 1, [{ type: 'COMMITTED', commit_ts: BigInt(commitTs), key: value, value }]));
  decoder.next();
  while (decoder.nextRow()) to.addRow(decoder, decoder.row);
  to.endRun();
}

describe('EventQueue', () => {
  it('keeps thousands of events in order', async () => {
    const queue = new EventQueue(1000);
    const a = span('a');
    for (let n = 2; n < 5000; n++) queue.push(a, { kind: 'resolved', spanId: 'a', ts: ts(BigInt(n)) });
    for (let n = 2; n < 5000; n++) expect(await queue.take(signal)).to.deep.include({ ts: BigInt(n) });
    expect(queue.bytes).to.equal(0);
  });

  it('puts the rows of a span before what is pushed after them, and closes a batch at 1 MiB', async () => {
    const queue = new EventQueue(1 << 30);
    const a = span('a');
    for (let n = 0; n < 24; n++) {
      addRow(a.rows, 10 + n, 50_000);
      queue.rowsAdded(a);
    }
    queue.push(a, { kind: 'resolved', spanId: 'a', ts: ts(50n) });
    const kinds: string[] = [];
    let rows = 0;
    for (let n = 0; n < 4; n++) {
      const event = await queue.take(signal);
      kinds.push(event.kind);
      if (event.kind === 'rows') rows += event.batch.count;
      if (event.kind === 'resolved') break;
    }
    expect([rows, kinds]).to.deep.equal([24, ['rows', 'rows', 'rows', 'resolved']]);
  });

  it('lets producers wait while it is full, and wakes them', async () => {
    const queue = new EventQueue(100);
    const a = span('a');
    addRow(a.rows, 10, 200);
    queue.rowsAdded(a);
    let hasRoom = false;
    const waiting = queue.room(signal).then(() => (hasRoom = true));
    await Promise.resolve();
    expect(hasRoom).to.equal(false);
    await queue.take(signal);
    await waiting;
    expect(hasRoom).to.equal(true);
  });

  it('loses no event to an aborted take', async () => {
    const queue = new EventQueue(100);
    const a = span('a');
    const controller = new AbortController();
    const aborted = queue.take(controller.signal).catch((error: unknown) => error);
    controller.abort(new Error('enough'));
    expect(((await aborted) as Error).message).to.equal('enough');
    queue.push(a, { kind: 'initialized', spanId: 'a' });
    expect(await queue.take(signal)).to.deep.include({ kind: 'initialized' });
  });
});

describe('BatchBuilder', () => {
  it('makes batches whose memory can change hands', () => {
    const builder = new BatchBuilder();
    for (let n = 0; n < 40; n++) addRow(builder, 10 + n, n);
    const batch = builder.seal()!;
    const before = rowsOf(batch);
    const moved = structuredClone(batch, { transfer: transferList(batch) });
    expect(rowsOf(moved)).to.deep.equal(before);
    expect(batch.data.byteLength).to.equal(0);
    addRow(builder, 99, 3);
    expect(rowsOf(builder.seal()).map((row) => row.commitTs)).to.deep.equal([99n]);
    expect(builder.seal()).to.equal(undefined);
  });
});
