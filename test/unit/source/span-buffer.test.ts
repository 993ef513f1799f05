import { expect } from 'chai';
import { TiviewError } from '../../../src/base/errors.js';
import { fromUtf8, utf8 } from '../../../src/base/bytes.js';
import { ts } from '../../../src/codec/tso.js';
import { BufferBudget, SpanBuffer } from '../../../src/source/span-buffer.js';
import { batchBytes, keyOf } from '../../../src/tikv/feed/row-change-batch.js';
import { changeBatch } from '../../support/change-batch.js';

function batchAt(...commitTs: readonly bigint[]) {
  return changeBatch(commitTs.map((at) => ({ commitTs: at, key: utf8(`k${at}`), value: utf8('v') })));
}

const LARGE = 1 << 20;
const CAUSE = new TiviewError('gone', { kind: 'test', side: 'tikv', isRetryable: false });

interface Subject {
  readonly buffer: SpanBuffer;
  readonly budget: BufferBudget;
  readonly rings: () => number;
}

function subject(limitBytes = LARGE): Subject {
  const budget = new BufferBudget(limitBytes);
  let rings = 0;
  const buffer = new SpanBuffer(ts(10n), budget, () => rings++);
  return { buffer, budget, rings: () => rings };
}

function taken(buffer: SpanBuffer, upper: bigint): string[] {
  const keys: string[] = [];
  buffer.takeUpTo(ts(upper), (batch, row) => keys.push(fromUtf8(keyOf(batch, row))));
  return keys;
}

describe('span buffer', () => {
  it('gives away what an epoch covers and keeps what is later', () => {
    const { buffer, budget } = subject();
    buffer.rows(batchAt(13n, 11n, 15n));
    buffer.rows(batchAt(20n));
    expect(buffer.count).to.equal(4);
    expect(buffer.hasUpTo(ts(10n))).to.equal(false);
    expect(buffer.hasUpTo(ts(11n))).to.equal(true);
    expect(taken(buffer, 13n)).to.deep.equal(['k13', 'k11']);
    expect(buffer.count).to.equal(2);
    expect(buffer.hasUpTo(ts(14n))).to.equal(false);
    expect(taken(buffer, 14n)).to.deep.equal([]);
    expect(taken(buffer, 15n)).to.deep.equal(['k15']);
    expect(taken(buffer, 99n)).to.deep.equal(['k20']);
    expect(buffer.count).to.equal(0);
    expect(budget.usedBytes).to.equal(0);
  });

  it('holds the bytes of a batch until its last row has left', () => {
    const { buffer, budget } = subject();
    const batch = batchAt(11n, 12n);
    buffer.rows(batch);
    taken(buffer, 11n);
    expect(budget.usedBytes).to.equal(batchBytes(batch));
    taken(buffer, 12n);
    expect(budget.usedBytes).to.equal(0);
  });

  it('tells when resolved grows, and only then', () => {
    const { buffer, rings } = subject();
    buffer.resolved(ts(9n));
    buffer.resolved(ts(10n));
    expect([buffer.resolvedTs, rings()]).to.deep.equal([10n, 0]);
    buffer.resolved(ts(12n));
    expect([buffer.resolvedTs, rings()]).to.deep.equal([12n, 1]);
  });

  it('ends in a gap that begins where it was resolved when there is too much', () => {
    const { buffer, budget, rings } = subject(100);
    buffer.resolved(ts(12n));
    buffer.rows(batchAt(13n, 14n, 15n));
    expect(buffer.openGap?.from).to.equal(12n);
    expect(buffer.openGap?.cause.kind).to.equal('limit');
    expect([buffer.count, budget.usedBytes, rings()]).to.deep.equal([0, 0, 2]);
    buffer.rows(batchAt(16n));
    expect(buffer.count).to.equal(0);
  });

  it('keeps the first gap, and forgets what waited', () => {
    const { buffer, budget } = subject();
    buffer.rows(batchAt(11n));
    buffer.gap(ts(10n), CAUSE);
    buffer.gap(ts(11n), new TiviewError('later', { kind: 'other', side: 'tikv', isRetryable: false }));
    expect(buffer.openGap).to.deep.equal({ from: 10n, cause: CAUSE });
    expect([buffer.count, budget.usedBytes]).to.deep.equal([0, 0]);
  });

  it('moves what waits, and its bytes, to another owner', () => {
    const { buffer, budget, rings } = subject();
    const batch = batchAt(11n, 12n);
    buffer.rows(batch);
    taken(buffer, 11n);
    const other = new BufferBudget(LARGE);
    let rung = 0;
    buffer.moveTo(other, () => rung++);
    expect([budget.usedBytes, other.usedBytes]).to.deep.equal([0, batchBytes(batch)]);
    buffer.resolved(ts(13n));
    expect([rings(), rung]).to.deep.equal([0, 1]);
    expect(taken(buffer, 13n)).to.deep.equal(['k12']);
    expect(other.usedBytes).to.equal(0);
  });

  it('ends in a gap when its new owner has no room', () => {
    const { buffer, budget } = subject();
    buffer.rows(batchAt(11n));
    const other = new BufferBudget(10);
    buffer.moveTo(other, () => undefined);
    expect(buffer.openGap?.from).to.equal(10n);
    expect([budget.usedBytes, other.usedBytes, buffer.count]).to.deep.equal([0, 0, 0]);
  });
});
