import { expect } from 'chai';
import { toHex } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { SchemaError } from '../../../src/catalog/schema-error.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { ciName, columnJson, indexJson, tableJson, tableVersion } from './support/table-json.js';

const ID = columnJson(0, 'id', asPrimaryKey(fieldType('int')));
const S = columnJson(1, 's', fieldType('varchar(9) not null'));
const N = columnJson(2, 'n', fieldType('int'));

describe('table versions', () => {
  it('of a table with an integer key', () => {
    const table = tableVersion(tableJson([ID, S, N], { pk_is_handle: true }));
    expect(table.handle).to.deep.equal({ kind: 'int', columnId: 1 });
    expect(table.keyColumnIds).to.deep.equal([1]);
    expect(table.uniqueKeys).to.deep.equal([[1]]);
    expect(table.physicalIds).to.deep.equal([100]);
    expect(table.recordRanges.map(({ start, end }) => [toHex(start), toHex(end)])).to.deep.equal([
      ['7480000000000000645f72', '7480000000000000645f73'],
    ]);
    expect(table.columns.map(({ name }) => name.lower)).to.deep.equal(['id', 's', 'n']);
    expect(table.id).to.equal(100);
    expect(table.column(2)?.name.lower).to.equal('s');
    expect(table.column(9)).to.equal(undefined);
    expect(Object.isFrozen(table)).to.equal(true);
  });

  it('of a clustered table', () => {
    const primary = indexJson(1, 'PRIMARY', [[1, 3], 0], { is_primary: true, is_unique: true });
    const table = tableVersion(
      tableJson([ID, S, N], { is_common_handle: true, common_handle_version: 1, index_info: [primary] }),
    );
    expect(table.handle).to.deep.equal({
      kind: 'common',
      columns: [
        { columnId: 2, isPrefix: true },
        { columnId: 1, isPrefix: false },
      ],
    });
    expect(table.keyColumnIds).to.deep.equal([2, 1]);
    expect(table.uniqueKeys).to.deep.equal([]);
  });

  it('of a table without clustered key', () => {
    const indexes = [
      indexJson(1, 'PRIMARY', [0], { is_primary: true, is_unique: true }),
      indexJson(2, 'u', [1, 0], { is_unique: true }),
      indexJson(3, 'nullable', [2], { is_unique: true }),
      indexJson(4, 'prefix', [[1, 2]], { is_unique: true }),
      indexJson(5, 'building', [1], { is_unique: true, state: 2 }),
      indexJson(6, 'partial', [1], { is_unique: true, condition_expr_string: 'x' }),
      indexJson(7, 'plain', [1]),
    ];
    const table = tableVersion(tableJson([ID, S, N], { index_info: indexes }));
    expect(table.handle).to.deep.equal({ kind: 'rowid' });
    expect(table.keyColumnIds).to.deep.equal([-1]);
    expect(table.uniqueKeys).to.deep.equal([[1], [2, 1]]);
  });

  it('list only columns that can be named', () => {
    const hidden = columnJson(1, 'h', fieldType('int'), { hidden: true });
    const adding = columnJson(2, 'w', fieldType('int'), { state: 2 });
    expect(tableVersion(tableJson([ID, hidden, adding], { pk_is_handle: true })).columns).to.have.length(1);
  });

  it('refuse to decode what rows do not hold', () => {
    const virtual = columnJson(1, 'v', fieldType('int'), { generated_expr_string: '1' });
    const stored = columnJson(2, 'w', fieldType('int'), {
      generated_expr_string: '1',
      generated_stored: true,
    });
    const table = tableVersion(tableJson([ID, virtual, stored], { pk_is_handle: true }));
    expect(() => table.rowDecoder([2]))
      .to.throw(SqlError, "generated column 'v'")
      .with.property('errno', 1235);
    expect(table.rowDecoder([1, 3]).columnIds).to.deep.equal([1, 3]);
    expect(() => table.rowDecoder([9])).to.throw('no column 9');
  });

  it('refuse a TableInfo that contradicts itself', () => {
    expect(() => tableVersion(tableJson([{ ...S, offset: 0 }], { pk_is_handle: true }))).to.throw(
      SchemaError,
    );
    expect(() => tableVersion(tableJson([ID], { is_common_handle: true }))).to.throw(SchemaError);
  });

  it('have the same fingerprint as long as the columns in use are read alike', () => {
    const base = tableJson([ID, S, N], { pk_is_handle: true });
    const print = (more: Readonly<Record<string, unknown>>): string =>
      tableVersion({ ...base, ...more }).fingerprintOf([1, 2]);
    const same = [
      {},
      { comment: 'x' },
      { name: ciName('other') },
      { index_info: [indexJson(1, 'i', [1])] },
      { cols: [ID, { ...S, name: ciName('renamed'), comment: 'x' }, N] },
      { cols: [ID, S] },
      { cols: [ID, S, { ...N, origin_default: '7' }] },
      { cols: [ID, S, { ...N, state: 2 }] },
      { cols: [ID, S, N, columnJson(3, 'added', fieldType('int'))] },
    ];
    const different = [
      { id: 101 },
      { cols: [ID, columnJson(1, 's', fieldType('varchar(8) not null')), N] },
      { cols: [ID, columnJson(1, 's', fieldType('varchar(9)')), N] },
      { cols: [ID, { ...S, origin_default: '7' }, N] },
      { cols: [ID, { ...S, state: 2 }, N] },
      { pk_is_handle: false },
    ];
    for (const more of same) expect(print(more), JSON.stringify(more)).to.equal(print({}));
    for (const more of different) expect(print(more), JSON.stringify(more)).not.to.equal(print({}));
    expect(tableVersion(base, false).fingerprintOf([1, 2])).not.to.equal(print({}));
  });
});
