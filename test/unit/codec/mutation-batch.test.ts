import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { type Expectation, MutationBatch } from '../../../src/codec/mutation-batch.js';

function put(batch: MutationBatch, key: string, value: string, expectation: Expectation = 'absent'): void {
  batch.bytes.bytes(utf8(key));
  batch.endKey();
  batch.bytes.bytes(utf8(value));
  batch.endPut(expectation);
}

function remove(batch: MutationBatch, key: string, expectation: Expectation = 'present'): void {
  batch.bytes.bytes(utf8(key));
  batch.endDelete(expectation);
}

function shown(batch: MutationBatch): string[] {
  return Array.from({ length: batch.count }, (_, i) =>
    [batch.kindAt(i), fromUtf8(batch.keyAt(i)), fromUtf8(batch.valueAt(i)), batch.expectationAt(i)].join(' '),
  );
}

describe('mutation batches', () => {
  it('keep what was added, in order', () => {
    const batch = new MutationBatch();
    put(batch, 'b', '1');
    remove(batch, 'a');
    put(batch, '', '', 'unknown');
    expect(shown(batch)).to.deep.equal(['put b 1 absent', 'delete a  present', 'put   unknown']);
  });

  it('are consolidated: one a key, ascending', () => {
    const batch = new MutationBatch();
    for (let i = 199; i >= 0; i--) put(batch, `k${String(i).padStart(3, '0')}`, String(i));
    const keys = shown(batch.consolidated());
    expect(keys).to.have.length(200);
    expect(keys).to.deep.equal([...keys].sort());
  });

  it('let the put win over the delete of the same key, whichever came first', () => {
    for (const isPutFirst of [true, false]) {
      const batch = new MutationBatch();
      if (isPutFirst) put(batch, 'k', 'new');
      remove(batch, 'k');
      if (!isPutFirst) put(batch, 'k', 'new');
      put(batch, 'kk', 'x');
      expect(shown(batch.consolidated())).to.deep.equal(['put k new present', 'put kk x absent']);
    }
  });

  it('fold deletes of the same key', () => {
    const batch = new MutationBatch();
    remove(batch, 'k');
    remove(batch, 'k');
    expect(shown(batch.consolidated())).to.deep.equal(['delete k  present']);
  });

  it('refuse two rows under one key', () => {
    const batch = new MutationBatch();
    put(batch, 'k', '1');
    put(batch, 'k', '2');
    expect(() => batch.consolidated())
      .to.throw(SqlError)
      .with.property('errno', 1062);
  });

  it('take back what was added, and what is half added', () => {
    const batch = new MutationBatch();
    put(batch, 'a', '1');
    put(batch, 'b', '2');
    batch.bytes.bytes(utf8('half'));
    batch.truncate(1);
    put(batch, 'c', '3');
    expect(shown(batch)).to.deep.equal(['put a 1 absent', 'put c 3 absent']);
    batch.reset();
    expect(batch.count).to.equal(0);
    remove(batch, 'd');
    expect(shown(batch)).to.deep.equal(['delete d  present']);
  });
});
