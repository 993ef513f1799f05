import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { NetChanges } from '../../../src/source/net-changes.js';
import { TableInput } from '../../../src/source/table-input.js';
import { BASE_TYPES, type BaseRow, baseTable, storedRow } from '../../support/base-table.js';
import { type Change, changeBatch } from '../../support/change-batch.js';
import { rowsOf } from '../dataflow/rows.js';

const TABLE = baseTable();

function change(commitTs: bigint, before: BaseRow | undefined, after: BaseRow | undefined): Change {
  const { key } = storedRow(TABLE, before ?? after ?? [0, 0, '']);
  return {
    commitTs,
    key,
    old: before === undefined ? undefined : storedRow(TABLE, before).value,
    value: after === undefined ? undefined : storedRow(TABLE, after).value,
  };
}

function delta(columnIds: readonly number[], ...changes: readonly Change[]) {
  const net = new NetChanges();
  const batch = changeBatch(changes);
  for (let row = 0; row < batch.count; row++) net.add(batch, row);
  const types = columnIds.map((id) => BASE_TYPES[id - 1]!);
  return rowsOf(types, new TableInput({ version: TABLE, columnIds }).delta(net));
}

describe('table input', () => {
  it('takes away the old row and adds the new one', () => {
    expect(delta([1, 3], change(7n, [1, 5, 'x'], [1, 5, 'y']))).to.deep.equal([
      [-1, 1n, 'x'],
      [1, 1n, 'y'],
    ]);
    expect(delta([1], change(7n, undefined, [1, 5, 'x']))).to.deep.equal([[1, 1n]]);
    expect(delta([1], change(7n, [1, 5, 'x'], undefined))).to.deep.equal([[-1, 1n]]);
  });

  it('does not see changes of columns that are not in use', () => {
    expect(delta([1, 2], change(7n, [1, 5, 'x'], [1, 5, 'y']))).to.deep.equal([]);
  });

  it('makes many changes of a key one, whatever their order', () => {
    const changes = [
      change(9n, [1, 6, 'x'], [1, 7, 'x']),
      change(7n, [1, 4, 'x'], [1, 5, 'x']),
      change(8n, [1, 5, 'x'], [1, 6, 'x']),
    ];
    expect(delta([2], ...changes)).to.deep.equal([
      [-1, 4n],
      [1, 7n],
    ]);
    expect(delta([2], ...changes, ...changes)).to.have.length(2);
  });

  it('does not see a row that came and went, or came back as it was', () => {
    expect(delta([1], change(7n, undefined, [1, 5, 'x']), change(8n, [1, 5, 'x'], undefined))).to.deep.equal(
      [],
    );
    expect(
      delta([1, 2], change(7n, [1, 5, 'x'], undefined), change(8n, undefined, [1, 5, 'y'])),
    ).to.deep.equal([]);
  });

  it('begins anew after a row that cannot be decoded', () => {
    const input = new TableInput({ version: TABLE, columnIds: [1, 2] });
    const bad = new NetChanges();
    const rows: Change[] = [
      change(7n, undefined, [1, 5, 'x']),
      { commitTs: 7n, key: storedRow(TABLE, [2, 0, '']).key, value: utf8('no row') },
    ];
    const batch = changeBatch(rows);
    for (let row = 0; row < 2; row++) bad.add(batch, row);
    expect(() => input.delta(bad)).to.throw(CodecError);
    const good = new NetChanges();
    good.add(batch, 0);
    expect(rowsOf(BASE_TYPES, input.delta(good))).to.deep.equal([[1, 1n, 5n]]);
  });
});
