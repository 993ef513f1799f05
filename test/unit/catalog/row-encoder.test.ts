import { expect } from 'chai';
import { toHex, utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { RowEncoder } from '../../../src/catalog/row-encoder.js';
import { TableChangingError } from '../../../src/catalog/schema-error.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { appendDatum } from '../../../src/codec/cell.js';
import type { Column } from '../../../src/codec/column.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import type { FieldType } from '../../../src/codec/field-type.js';
import { MutationBatch } from '../../../src/codec/mutation-batch.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { columnJson, indexJson, tableJson, tableVersion, typeJson } from './support/table-json.js';

type Json = Readonly<Record<string, unknown>>;

const INT = fieldType('int');
const TEXT = fieldType('varchar(200)');

/** Columns of rows given row by row. */
function columnsOf(types: readonly FieldType[], rows: readonly (readonly Datum[])[]): Column[] {
  return types.map((type, i) => {
    const builder = columnBuilderOf(type);
    for (const row of rows) appendDatum(builder, row[i] ?? null);
    return builder.finish();
  });
}

function shown(batch: MutationBatch): string[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const key = toHex(batch.keyAt(i)).replace(/^748000000000000064/, '');
    return `${batch.kindAt(i)} ${key} ${toHex(batch.valueAt(i))} ${batch.expectationAt(i)}`;
  });
}

const ID = columnJson(0, 'id', asPrimaryKey(INT));
const A = columnJson(1, 'a', INT);
const S = columnJson(2, 's', TEXT);

function table(indexes: readonly Json[], more: Json = {}): TableVersion {
  return tableVersion(tableJson([ID, A, S], { pk_is_handle: true, index_info: indexes, ...more }));
}

function encoder(version: TableVersion): RowEncoder {
  return new RowEncoder(version, [1, 2, 3]);
}

const ROWS = columnsOf(
  [INT, INT, TEXT],
  [
    [1n, 5n, utf8('x ')],
    [1n, 6n, utf8('x ')],
    [1n, 5n, utf8('x')],
    [2n, 5n, utf8('x ')],
    [3n, null, null],
  ],
);

const ROW_1 = '5f728000000000000001';
const VALUE_1 = '8000020000000203010003000578' + '20';

describe('row encoder', () => {
  it('puts a row and its entries, and takes them away', () => {
    const version = table([indexJson(1, 'a', [1]), indexJson(2, 's', [2], { is_unique: true })]);
    const batch = new MutationBatch();
    encoder(version).put(ROWS, 0, batch);
    expect(shown(batch)).to.deep.equal([
      `put ${ROW_1} ${VALUE_1} absent`,
      'put 5f698000000000000001038000000000000005038000000000000001 30 absent',
      'put 5f698000000000000002017800000000000000f8 08800001000000030200' + '78200000000000000001 absent',
    ]);
    batch.reset();
    encoder(version).delete(ROWS, 0, batch);
    expect(shown(batch)).to.deep.equal([
      `delete ${ROW_1}  present`,
      'delete 5f698000000000000001038000000000000005038000000000000001  present',
      'delete 5f698000000000000002017800000000000000f8  present',
    ]);
  });

  it('updates only the entries that change', () => {
    const version = table([indexJson(1, 'a', [1]), indexJson(2, 's', [2], { is_unique: true })]);
    const batch = new MutationBatch();
    encoder(version).update(ROWS, 0, 1, batch);
    expect(shown(batch)).to.deep.equal([
      `put ${ROW_1} 8000020000000203010003000678` + '20 present',
      'delete 5f698000000000000001038000000000000005038000000000000001  present',
      'put 5f698000000000000001038000000000000006038000000000000001 30 absent',
    ]);
    // The same key, but another string behind it.
    batch.reset();
    encoder(version).update(ROWS, 0, 2, batch);
    expect(shown(batch).slice(1)).to.deep.equal([
      'put 5f698000000000000002017800000000000000f8 08800001000000030100' + '780000000000000001 present',
    ]);
  });

  it('deletes and puts when the handle changes', () => {
    const batch = new MutationBatch();
    encoder(table([])).update(ROWS, 0, 3, batch);
    expect(shown(batch).map((line) => line.split(' ')[0])).to.deep.equal(['delete', 'put']);
  });

  it('leaves NULLs out, unless the column ever had a default', () => {
    const batch = new MutationBatch();
    encoder(table([])).put(ROWS, 4, batch);
    expect(shown(batch)).to.deep.equal(['put 5f728000000000000003 800000000000 absent']);
    const withDefaults = tableVersion(
      tableJson([ID, { ...A, default: '5' }, { ...S, origin_default: 'x' }], { pk_is_handle: true }),
    );
    batch.reset();
    encoder(withDefaults).put(ROWS, 4, batch);
    expect(shown(batch)).to.deep.equal(['put 5f728000000000000003 8000000002000203 absent']);
  });

  it('takes row ids for a table without clustered key', () => {
    const version = tableVersion(
      tableJson([columnJson(0, 'a', INT)], { index_info: [indexJson(1, 'a', [0], { is_unique: true })] }),
    );
    const batch = new MutationBatch();
    new RowEncoder(version, [-1, 1]).put(columnsOf([fieldType('bigint'), INT], [[-2n, null]]), 0, batch);
    expect(shown(batch)).to.deep.equal([
      'put 5f727ffffffffffffffe 800000000000 absent',
      'put 5f69800000000000000100037ffffffffffffffe 30 absent',
    ]);
    expect(() => new RowEncoder(version, [1])).to.throw('no row ids');
  });

  it('writes spaces that the key lacks as TiDB does, from 128 on in two forms', () => {
    const primary = indexJson(1, 'PRIMARY', [0], { is_primary: true, is_unique: true });
    const version = tableVersion(
      tableJson([columnJson(0, 'k', asPrimaryKey(TEXT)), columnJson(1, 's', TEXT)], {
        is_common_handle: true,
        common_handle_version: 1,
        index_info: [primary, indexJson(2, 'i', [1])],
      }),
    );
    const batch = new MutationBatch();
    const spaces = utf8(`a${' '.repeat(130)}`);
    new RowEncoder(version, [1, 2]).put(columnsOf([TEXT, TEXT], [[spaces, spaces]]), 0, batch);
    // Id 1, of the key, as signed: two bytes; id 2 as unsigned: one.
    expect(toHex(batch.valueAt(1))).to.equal('007d0180000200000001020200030082' + '0082');
    // A NULL of the index counts as no spaces.
    batch.reset();
    new RowEncoder(version, [1, 2]).put(columnsOf([TEXT, TEXT], [[utf8('a'), null]]), 0, batch);
    expect(toHex(batch.valueAt(1))).to.equal('007d01800002000000010201000200' + '0000');
  });

  it('holds of the clustered key as much as the longer of its prefix and that of the index', () => {
    const primary = indexJson(1, 'PRIMARY', [[0, 4]], { is_primary: true, is_unique: true });
    const versionWith = (prefix: number, type: FieldType): TableVersion =>
      tableVersion(
        tableJson([columnJson(0, 'k', asPrimaryKey(type))], {
          is_common_handle: true,
          common_handle_version: 1,
          index_info: [primary, indexJson(2, 'i', [[0, prefix]])],
        }),
      );
    const valueOf = (prefix: number, type: FieldType): string => {
      const batch = new MutationBatch();
      new RowEncoder(versionWith(prefix, type), [1]).put(columnsOf([type], [[utf8('ab    cd')]]), 0, batch);
      return toHex(batch.valueAt(1));
    };
    // Of four characters two are trailing spaces; of six, four; the whole ends in none.
    expect(valueOf(2, TEXT)).to.equal('007d0180000100000001010002');
    expect(valueOf(6, TEXT)).to.equal('007d0180000100000001010004');
    expect(valueOf(-1, TEXT)).to.equal('007d0180000100000001010000');
    expect(valueOf(2, fieldType('varchar(200) collate utf8mb4_general_ci'))).to.equal(
      '007d0180000100000001040061622020',
    );
  });

  it('writes values in version 0 for tables clustered before TiDB 5.0', () => {
    const primary = indexJson(1, 'PRIMARY', [0], { is_primary: true, is_unique: true });
    const version = tableVersion(
      tableJson([columnJson(0, 'k', asPrimaryKey(fieldType('date'))), columnJson(1, 's', TEXT)], {
        is_common_handle: true,
        common_handle_version: 0,
        index_info: [primary, indexJson(2, 'i', [1], { is_unique: true })],
      }),
    );
    const batch = new MutationBatch();
    new RowEncoder(version, [1, 2]).put(columnsOf([fieldType('date'), TEXT], [[0n, utf8('x')]]), 0, batch);
    expect(toHex(batch.valueAt(1))).to.equal('007f0009040000000000000000' + '8000010000000201' + '0078');
  });

  describe('of tables that are changing', () => {
    const put = (version: TableVersion): string[] => {
      const batch = new MutationBatch();
      encoder(version).put(ROWS, 0, batch);
      return shown(batch);
    };
    const remove = (version: TableVersion): string[] => {
      const batch = new MutationBatch();
      encoder(version).delete(ROWS, 0, batch);
      return shown(batch);
    };

    it('writes a column that is being added with its default', () => {
      const adding = columnJson(3, 'n', fieldType('int not null'), {
        state: 2,
        origin_default: '7',
        default: '9',
      });
      const version = tableVersion(
        tableJson([ID, A, S, adding], {
          pk_is_handle: true,
          index_info: [indexJson(1, 'i', [3], { state: 2 })],
        }),
      );
      expect(put(version)).to.deep.equal([
        `put ${ROW_1} 80000300000002030401000300040005782007 absent`,
        'put 5f698000000000000001038000000000000007038000000000000001 30 unknown',
      ]);
      const gone = tableVersion(tableJson([ID, A, S, { ...adding, state: 1 }], { pk_is_handle: true }));
      expect(put(gone)).to.deep.equal([`put ${ROW_1} ${VALUE_1} absent`]);
    });

    it('only deletes entries of an index in delete-only', () => {
      for (const state of [1, 4]) {
        const version = table([indexJson(1, 'a', [1], { state })]);
        expect(put(version)).to.have.length(1);
        expect(remove(version)[1]).to.match(/^delete 5f69.* unknown$/);
        const batch = new MutationBatch();
        encoder(version).update(ROWS, 0, 1, batch);
        expect(shown(batch)[1]).to.match(/^delete 5f69.* unknown$/);
        batch.reset();
        encoder(version).update(ROWS, 0, 0, batch);
        expect(batch.count).to.equal(1);
        // The same key, but what was behind it has changed: the entry would be wrong.
        const strings = table([indexJson(1, 's', [2], { state })]);
        batch.reset();
        encoder(strings).update(ROWS, 0, 2, batch);
        expect(shown(batch)[1]).to.match(/^delete 5f69.* unknown$/);
      }
      expect(remove(table([indexJson(1, 'a', [1], { state: 0 })]))).to.have.length(1);
    });

    it('writes through a temporary index while TiDB fills the index beside', () => {
      const key = '038000000000000005038000000000000001';
      const running = (state: number): TableVersion =>
        table([indexJson(1, 'a', [1], { state, backfill_state: 1 })]);
      expect(put(running(3))[1]).to.equal(`put 5f69ffff000000000001${key} 013062 unknown`);
      expect(remove(running(3))[1]).to.equal(`put 5f69ffff000000000001${key} 0362 unknown`);
      expect(put(running(1))).to.have.length(1);
      expect(remove(running(1))[1]).to.equal(`put 5f69ffff000000000001${key} 0364 unknown`);
      const merging = table([indexJson(1, 'a', [1], { state: 3, backfill_state: 3 })]);
      expect(put(merging).slice(1)).to.deep.equal([
        `put 5f698000000000000001${key} 30 unknown`,
        `put 5f69ffff000000000001${key} 01306d unknown`,
      ]);
      expect(remove(merging).slice(1)).to.deep.equal([
        `delete 5f698000000000000001${key}  unknown`,
        `put 5f69ffff000000000001${key} 036d unknown`,
      ]);
    });

    it('is refused where only TiDB can follow', () => {
      const unique = indexJson(1, 'a', [1], { state: 3, backfill_state: 1, is_unique: true });
      const changing = { ...A, changing_type: typeJson(fieldType('bigint')) };
      const replacing = columnJson(3, '_Col$_a_0', fieldType('bigint'), {
        state: 2,
        change_state_info: { relative_col_offset: 1 },
      });
      const converted = indexJson(1, 'a', [1]);
      const columns = converted['idx_cols'] as readonly Json[];
      for (const version of [
        table([unique]),
        tableVersion(tableJson([ID, changing, S], { pk_is_handle: true })),
        tableVersion(tableJson([ID, A, S, replacing], { pk_is_handle: true })),
        table([{ ...converted, idx_cols: [{ ...columns[0], using_changing_type: true }] }]),
      ]) {
        expect(() => encoder(version))
          .to.throw(TableChangingError)
          .with.property('isRetryable', true);
      }
      const beingDropped = tableVersion(
        tableJson([ID, A, S, { ...replacing, state: 1 }], { pk_is_handle: true }),
      );
      expect(put(beingDropped)).to.have.length(1);
    });
  });

  for (const [what, more] of [
    ['over JSON arrays', { mv_index: true }],
    ['with a condition', { condition_expr_string: 'x' }],
    ['global in a newer form', { is_global: true, global_index_version: 1 }],
  ] as const) {
    it(`refuses an index ${what}`, () => {
      expect(() => encoder(table([indexJson(1, 'i', [1], more)])))
        .to.throw(SqlError, "index 'i'")
        .with.property('errno', 1235);
    });
  }

  it('passes over indexes that live in TiFlash', () => {
    const batch = new MutationBatch();
    encoder(table([indexJson(1, 'v', [1], { vector_index: {} })])).put(ROWS, 0, batch);
    expect(batch.count).to.equal(1);
  });

  it('refuses indexes on expressions and generated columns without values', () => {
    const virtual = columnJson(3, 'v', INT, { generated_expr_string: '1', hidden: true });
    const stored = { ...virtual, generated_stored: true };
    const indexed = tableVersion(
      tableJson([ID, A, S, virtual], { pk_is_handle: true, index_info: [indexJson(1, 'e', [3])] }),
    );
    expect(() => encoder(indexed)).to.throw(SqlError, 'on an expression');
    expect(() => encoder(tableVersion(tableJson([ID, A, S, stored], { pk_is_handle: true })))).to.throw(
      SqlError,
      'generated',
    );
    // A virtual column without index is not stored at all; given, it can be indexed.
    expect(() =>
      encoder(tableVersion(tableJson([ID, A, S, virtual], { pk_is_handle: true }))),
    ).not.to.throw();
    expect(() => new RowEncoder(indexed, [1, 2, 3, 4])).not.to.throw();
  });

  it('refuses values that cannot be in their column, and adds nothing then', () => {
    const decimal = fieldType('decimal(3,1)');
    const version = tableVersion(
      tableJson([ID, columnJson(1, 'd', decimal), columnJson(2, 'n', fieldType('int not null'))], {
        pk_is_handle: true,
        index_info: [indexJson(1, 'i', [1])],
      }),
    );
    const rows = columnsOf(
      [INT, fieldType('decimal(9,1)'), INT],
      [
        [1n, new Decimal(1000n, 1), 1n],
        [1n, new Decimal(10n, 1), null],
        [1n, new Decimal(-999n, 1), 1n],
      ],
    );
    const batch = new MutationBatch();
    expect(() => encoder(version).put(rows, 0, batch))
      .to.throw(SqlError, "'d'")
      .with.property('errno', 1264);
    expect(() => encoder(version).put(rows, 1, batch))
      .to.throw(SqlError, "'n'")
      .with.property('errno', 1048);
    expect(() => encoder(version).update(rows, 0, 2, batch)).to.throw(SqlError);
    expect(() => encoder(version).delete(rows, 0, batch)).to.throw(SqlError);
    expect(batch.count).to.equal(0);
    encoder(version).put(rows, 2, batch);
    expect(batch.count).to.equal(2);
  });

  it('refuses NULL in a clustered key', () => {
    const primary = indexJson(1, 'PRIMARY', [0], { is_primary: true, is_unique: true });
    const version = tableVersion(
      tableJson([columnJson(0, 'k', asPrimaryKey(TEXT))], {
        is_common_handle: true,
        common_handle_version: 1,
        index_info: [primary],
      }),
    );
    const rows = columnsOf([TEXT], [[null]]);
    expect(() => new RowEncoder(version, [1]).put(rows, 0, new MutationBatch()))
      .to.throw(SqlError)
      .with.property('errno', 1048);
  });

  it('asks for every column, and for a physical table of the table', () => {
    expect(() => new RowEncoder(table([]), [1, 2])).to.throw('no values given for column 3');
    expect(() => new RowEncoder(table([]), [1, 2, 3], 7)).to.throw('no physical table');
    const view = table([], { view: {}, pk_is_handle: false });
    expect(() => new RowEncoder(view, [1, 2, 3])).to.throw('no rows');
  });
});
