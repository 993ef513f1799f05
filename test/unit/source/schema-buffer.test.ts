import { expect } from 'chai';
import { TiviewError } from '../../../src/base/errors.js';
import { concatBytes, utf8 } from '../../../src/base/bytes.js';
import { SCHEMA_VERSION_KEY, databaseMetaKey, tableMetaKey } from '../../../src/codec/meta-keys.js';
import { ts } from '../../../src/codec/tso.js';
import { SchemaBuffer } from '../../../src/source/schema-buffer.js';
import { BufferBudget } from '../../../src/source/span-buffer.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { ciName, columnJson, tableJson } from '../catalog/support/table-json.js';
import { type Change, changeBatch } from '../../support/change-batch.js';

const COLUMNS = [columnJson(0, 'id', asPrimaryKey(fieldType('int')))];

function tableBytes(id: number, name = 't'): Uint8Array {
  return utf8(JSON.stringify(tableJson(COLUMNS, { id, name: ciName(name), pk_is_handle: true })));
}

function put(commitTs: bigint, databaseId: number, id: number): Change {
  return { commitTs, key: tableMetaKey(databaseId, id), value: tableBytes(id) };
}

function subject(limitBytes = 1 << 20) {
  const budget = new BufferBudget(limitBytes);
  let rings = 0;
  return { budget, rings: () => rings, buffer: new SchemaBuffer(ts(5n), budget, () => rings++) };
}

const shown = (buffer: SchemaBuffer, upper: bigint): string[] =>
  buffer.takeUpTo(ts(upper)).map((change) => `${change.kind}@${change.commitTs}`);

describe('schema buffer', () => {
  it('gives changes in the order of their commits, up to the epoch', () => {
    const { buffer, budget } = subject();
    buffer.rows(changeBatch([put(9n, 1, 20), put(7n, 1, 21), put(12n, 1, 20)]));
    expect(buffer.hasUpTo(ts(6n))).to.equal(false);
    expect(buffer.hasUpTo(ts(7n))).to.equal(true);
    expect(shown(buffer, 10n)).to.deep.equal(['tablePut@7', 'tablePut@9']);
    expect(shown(buffer, 10n)).to.deep.equal([]);
    expect(budget.usedBytes).to.equal(tableBytes(20).length);
    expect(shown(buffer, 12n)).to.deep.equal(['tablePut@12']);
    expect(budget.usedBytes).to.equal(0);
  });

  it('leaves out counters, jobs and keys that are nobody’s', () => {
    const { buffer } = subject();
    const noKey = utf8('m');
    buffer.rows(
      changeBatch([
        { commitTs: 7n, key: SCHEMA_VERSION_KEY, value: utf8('12') },
        { commitTs: 7n, key: noKey, value: utf8('x') },
        { commitTs: 7n, key: concatBytes(tableMetaKey(1, 2), utf8('more')), value: utf8('{}') },
      ]),
    );
    expect(shown(buffer, 10n)).to.deep.equal([]);
  });

  it('takes the drop of a table that moved for a part of its move', () => {
    const { buffer } = subject();
    buffer.rows(changeBatch([{ commitTs: 7n, key: tableMetaKey(1, 20) }, put(7n, 2, 20)]));
    expect(shown(buffer, 7n)).to.deep.equal(['tablePut@7']);
    buffer.rows(
      changeBatch([
        { commitTs: 8n, key: tableMetaKey(2, 20) },
        { commitTs: 8n, key: databaseMetaKey(2) },
      ]),
    );
    expect(shown(buffer, 8n)).to.deep.equal(['tableDropped@8', 'databaseDropped@8']);
  });

  it('says of which table it cannot tell what it says', () => {
    const { buffer } = subject();
    buffer.rows(
      changeBatch([
        { commitTs: 7n, key: tableMetaKey(1, 20), value: utf8('{"id": "no number"}') },
        { commitTs: 8n, key: databaseMetaKey(1), value: utf8('no JSON') },
      ]),
    );
    const [change, ...others] = buffer.takeUpTo(ts(9n));
    expect(others).to.deep.equal([]);
    expect(change).to.include({ kind: 'tableUnreadable', tableId: 20, commitTs: 7n });
  });

  it('ends in a gap when more waits than an epoch may hold', () => {
    const { buffer, budget, rings } = subject(tableBytes(20).length + 1);
    buffer.resolved(ts(6n));
    buffer.rows(changeBatch([put(7n, 1, 20)]));
    expect(buffer.openGap).to.equal(undefined);
    buffer.rows(changeBatch([put(8n, 1, 20)]));
    expect(buffer.openGap?.from).to.equal(6n);
    expect([budget.usedBytes, rings()]).to.deep.equal([0, 2]);
    buffer.rows(changeBatch([put(9n, 1, 20)]));
    expect(buffer.hasUpTo(ts(99n))).to.equal(false);
  });

  it('keeps the first gap', () => {
    const { buffer } = subject();
    const cause = new TiviewError('lost', { kind: 'test', side: 'tikv', isRetryable: false });
    buffer.gap(ts(6n), cause);
    buffer.gap(ts(7n), cause);
    expect(buffer.openGap).to.deep.equal({ from: 6n, cause });
  });
});
