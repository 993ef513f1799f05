import { expect } from 'chai';
import { fromHex, NO_BYTES } from '../../../../src/base/bytes.js';
import { ts } from '../../../../src/codec/tso.js';
import { BatchBuilder } from '../../../../src/tikv/feed/batch-builder.js';
import { ByteBudget } from '../../../../src/tikv/feed/byte-budget.js';
import { EventDecoder } from '../../../../src/tikv/feed/event-decoder.js';
import { KeyRange } from '../../../../src/tikv/feed/key-range.js';
import { type MatchFault, Matcher } from '../../../../src/tikv/feed/matcher.js';
import { type RowChange, rowsOf } from './batch-rows.js';
import { rowsMessage, type RowInit } from './cdc-proto.js';

const A = fromHex('74aa');
const B = fromHex('74ab');
const V1 = fromHex('8001');
const V2 = fromHex('8002');
const OLD = fromHex('8000');

const prewrite = (startTs: number, more: Partial<RowInit> = {}): RowInit => ({
  type: 'PREWRITE',
  op_type: 'PUT',
  start_ts: BigInt(startTs),
  key: A,
  value: V1,
  old_value: OLD,
  ...more,
});
const commit = (startTs: number, commitTs: number, more: Partial<RowInit> = {}): RowInit => ({
  type: 'COMMIT',
  op_type: 'PUT',
  start_ts: BigInt(startTs),
  commit_ts: BigInt(commitTs),
  key: A,
  ...more,
});
const rollback = (startTs: number): RowInit => ({
  type: 'ROLLBACK',
  op_type: 'UNKNOWN',
  start_ts: BigInt(startTs),
  key: A,
  value: fromHex('70'),
});
const committed = (startTs: number, commitTs: number, more: Partial<RowInit> = {}): RowInit => ({
  ...commit(startTs, commitTs),
  type: 'COMMITTED',
  value: V1,
  ...more,
});
const INITIALIZED: RowInit = { type: 'INITIALIZED' };

class Subject {
  readonly budget = new ByteBudget();
  readonly matcher: Matcher;
  readonly rows: RowChange[] = [];
  readonly #out = new BatchBuilder();

  constructor(checkpoint = 10, start: Uint8Array = fromHex('74'), end: Uint8Array = NO_BYTES) {
    this.matcher = new Matcher({
      range: new KeyRange(start, end),
      checkpoint: ts(BigInt(checkpoint)),
      budget: this.budget,
    });
  }

  /** Feeds each row as an event of its own, so that nothing depends on where events end. */
  take(...rows: readonly RowInit[]): MatchFault | undefined {
    const decoder = new EventDecoder();
    for (const row of rows) {
      decoder.open(rowsMessage(1, 2, [row]));
      decoder.next();
      const fault = this.matcher.take(decoder, this.#out);
      this.rows.push(...rowsOf(this.#out.seal()));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

const change = (
  startTs: number,
  commitTs: number,
  value: string | undefined,
  old: string | undefined,
): RowChange => ({
  startTs: BigInt(startTs),
  commitTs: BigInt(commitTs),
  key: '74aa',
  value,
  old,
  txnSource: 0,
});

describe('Matcher', () => {
  it('joins a commit with the value and old value of its prewrite', () => {
    const subject = new Subject();
    expect(subject.take(INITIALIZED, prewrite(20), commit(20, 21))).to.equal(undefined);
    expect(subject.rows).to.deep.equal([change(20, 21, '8001', '8000')]);
    expect(subject.matcher.prewrites).to.equal(0);
  });

  it('prefers the value of the prewrite to that of the commit', () => {
    const subject = new Subject();
    subject.take(INITIALIZED, prewrite(20), commit(20, 21, { value: V2 }));
    expect(subject.rows[0]?.value).to.equal('8001');
  });

  it('keeps transactions on one key apart', () => {
    const subject = new Subject();
    subject.take(INITIALIZED, prewrite(20), prewrite(22, { value: V2 }), commit(22, 23), commit(20, 25));
    expect(subject.rows.map((row) => [row.commitTs, row.value])).to.deep.equal([
      [23n, '8002'],
      [25n, '8001'],
    ]);
  });

  it('makes a deletion without value, with its old value', () => {
    const subject = new Subject();
    subject.take(
      INITIALIZED,
      prewrite(20, { op_type: 'DELETE', value: NO_BYTES }),
      commit(20, 21, { op_type: 'DELETE' }),
      committed(22, 23, { op_type: 'DELETE', value: NO_BYTES, old_value: V1 }),
    );
    expect(subject.rows).to.deep.equal([
      change(20, 21, undefined, '8000'),
      change(22, 23, undefined, '8001'),
    ]);
  });

  it('never lets a prewrite without value replace one with a value', () => {
    const subject = new Subject();
    subject.take(
      INITIALIZED,
      prewrite(20),
      prewrite(20, { value: NO_BYTES, old_value: NO_BYTES }),
      commit(20, 21),
    );
    expect(subject.rows).to.deep.equal([change(20, 21, '8001', '8000')]);
  });

  it('lets a later prewrite with a value replace the earlier one, unless its generation is older', () => {
    const subject = new Subject();
    subject.take(INITIALIZED, prewrite(20, { value: NO_BYTES }), prewrite(20, { value: V2 }), commit(20, 21));
    subject.take(
      prewrite(30, { generation: 2n, value: V2 }),
      prewrite(30, { generation: 1n, value: V1 }),
      commit(30, 31),
    );
    expect(subject.rows.map((row) => row.value)).to.deep.equal(['8002', '8002']);
  });

  it('believes the commit about the operation: a pipelined transaction may end in a deletion', () => {
    const subject = new Subject();
    subject.take(
      INITIALIZED,
      prewrite(20, { generation: 1n }),
      prewrite(20, { generation: 2n, op_type: 'DELETE', value: NO_BYTES }),
      commit(20, 21, { op_type: 'DELETE' }),
    );
    expect(subject.rows).to.deep.equal([change(20, 21, undefined, '8000')]);
  });

  it('holds a commit that comes before its scanned prewrite until the scan is complete', () => {
    const subject = new Subject();
    subject.take(commit(20, 21, { value: V1 }), prewrite(20));
    expect(subject.rows).to.deep.equal([]);
    subject.take(INITIALIZED);
    expect(subject.rows).to.deep.equal([change(20, 21, '8001', '8000')]);
    expect([subject.matcher.prewrites, subject.matcher.discarded]).to.deep.equal([0, 0]);
  });

  it('matches at once, even while scanning, if the prewrite is there', () => {
    const subject = new Subject();
    subject.take(prewrite(20), commit(20, 21));
    expect(subject.rows).to.have.length(1);
  });

  it('leaves out a commit unmatched at the end of the scan: the scan sent it as committed', () => {
    const subject = new Subject();
    expect(subject.take(commit(20, 21, { value: V1 }), committed(20, 21), INITIALIZED)).to.equal(undefined);
    expect(subject.rows).to.deep.equal([change(20, 21, '8001', undefined)]);
    expect(subject.matcher.discarded).to.equal(1);
  });

  it('leaves it out as well if all it found was a prewrite re-sent without value', () => {
    const subject = new Subject();
    const fake = prewrite(20, { value: NO_BYTES, old_value: NO_BYTES });
    expect(subject.take(fake, commit(20, 21), committed(20, 21), INITIALIZED)).to.equal(undefined);
    expect(subject.rows).to.have.length(1);
    expect([subject.matcher.prewrites, subject.matcher.discarded]).to.deep.equal([0, 1]);
  });

  it('waits for the scanned prewrite if a heartbeat sent one without value first', () => {
    const subject = new Subject();
    subject.take(
      prewrite(20, { value: NO_BYTES, old_value: NO_BYTES }),
      commit(20, 21),
      prewrite(20),
      INITIALIZED,
    );
    expect(subject.rows).to.deep.equal([change(20, 21, '8001', '8000')]);
  });

  it('drops the scanned prewrite of a transaction whose rollback came before it', () => {
    const subject = new Subject();
    subject.take(rollback(20), prewrite(20));
    expect(subject.matcher.prewrites).to.equal(1);
    subject.take(INITIALIZED);
    expect(subject.matcher.prewrites).to.equal(0);
  });

  it('is at fault when a commit has no prewrite after the scan, even if it brings a value', () => {
    const fault = { kind: 'unmatchedCommit', startTs: 20n, commitTs: 21n };
    expect(new Subject().take(INITIALIZED, commit(20, 21))).to.deep.equal(fault);
    expect(new Subject().take(INITIALIZED, commit(20, 21, { value: V1 }))).to.deep.equal(fault);
    expect(new Subject().take(INITIALIZED, prewrite(22), commit(20, 21))).to.deep.equal(fault);
  });

  it('is at fault when nobody sent the value of a put', () => {
    const subject = new Subject();
    expect(subject.take(INITIALIZED, prewrite(20, { value: NO_BYTES }), commit(20, 21))?.kind).to.equal(
      'unmatchedCommit',
    );
  });

  it('takes the value of the commit if the prewrite has only the old one', () => {
    const subject = new Subject();
    subject.take(INITIALIZED, prewrite(20, { value: NO_BYTES }), commit(20, 21, { value: V2 }));
    expect(subject.rows).to.deep.equal([change(20, 21, '8002', '8000')]);
  });

  it('ignores rollbacks without prewrite, and their value', () => {
    const subject = new Subject();
    expect(subject.take(INITIALIZED, rollback(20), prewrite(22), rollback(22), rollback(22))).to.equal(
      undefined,
    );
    expect(subject.matcher.prewrites).to.equal(0);
    expect(subject.rows).to.deep.equal([]);
  });

  it('leaves out commits at or below the checkpoint, but lets go of their prewrites', () => {
    const subject = new Subject(21);
    subject.take(INITIALIZED, prewrite(20), commit(20, 21), committed(18, 19), committed(20, 22));
    expect(subject.rows.map((row) => row.commitTs)).to.deep.equal([22n]);
    expect(subject.matcher.prewrites).to.equal(0);
  });

  it('is at fault when a commit comes at or below a resolved ts', () => {
    const subject = new Subject();
    subject.take(INITIALIZED);
    subject.matcher.resolve(ts(30n));
    expect(subject.take(prewrite(20), commit(20, 31))).to.equal(undefined);
    expect(subject.take(prewrite(25), commit(25, 30))).to.deep.equal({
      kind: 'lateCommit',
      startTs: 25n,
      commitTs: 30n,
    });
    expect(subject.take(committed(25, 29))?.kind).to.equal('lateCommit');
  });

  it('compares timestamps as unsigned 64-bit numbers', () => {
    const low = 0xffff_ffffn;
    const subject = new Subject();
    subject.matcher.resolve(ts((5n << 32n) | low));
    subject.take(INITIALIZED);
    expect(subject.take(committed(1, 0, { commit_ts: (6n << 32n) | 1n }))).to.equal(undefined);
    expect(subject.take(committed(1, 0, { commit_ts: (5n << 32n) | low }))?.kind).to.equal('lateCommit');
    expect(subject.rows[0]?.commitTs).to.equal((6n << 32n) | 1n);
  });

  it('takes nothing outside its own keys', () => {
    const subject = new Subject(10, A, B);
    subject.take(INITIALIZED, prewrite(20, { key: B }), committed(20, 21, { key: B }), committed(20, 21));
    expect(subject.rows.map((row) => row.key)).to.deep.equal(['74aa']);
    expect(subject.matcher.prewrites).to.equal(0);
    expect(subject.take(commit(20, 21, { key: B }))).to.equal(undefined);
  });

  it('passes on who wrote', () => {
    const subject = new Subject();
    subject.take(INITIALIZED, prewrite(20, { txn_source: 17n }), commit(20, 21, { txn_source: 17n }));
    subject.take(committed(22, 23, { txn_source: 18n }));
    expect(subject.rows.map((row) => row.txnSource)).to.deep.equal([17, 18]);
  });

  it('keeps the memory of a table that is in use, and gives it back when it has rested', () => {
    const subject = new Subject();
    subject.take(INITIALIZED, prewrite(2000), commit(2000, 2001));
    for (let tick = 0; tick < 100; tick++) subject.matcher.resolve(ts(BigInt(20 + tick)));
    expect(subject.budget.used).to.be.greaterThan(0);
    subject.take(prewrite(2002), commit(2002, 2003));
    for (let tick = 0; tick <= 100; tick++) subject.matcher.resolve(ts(BigInt(200 + tick)));
    expect(subject.budget.used).to.equal(0);
    subject.take(prewrite(2004), commit(2004, 2005));
    expect(subject.rows).to.have.length(3);
  });

  it('gives back all memory when it is closed, also of what waited', () => {
    const subject = new Subject();
    subject.take(prewrite(20), commit(22, 23), rollback(24));
    expect(subject.budget.used).to.be.greaterThan(1000);
    subject.matcher.close();
    expect(subject.budget.used).to.equal(0);
  });
});
