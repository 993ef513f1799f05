import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { lowerName } from '../../../src/catalog/lower-name.js';
import { originDefaultOf } from '../../../src/catalog/origin-default.js';
import { SchemaError } from '../../../src/catalog/schema-error.js';
import { parseDatabaseInfo, parseTableInfo, physicalIdsOf } from '../../../src/catalog/table-info.js';
import { fieldType } from '../codec/support/field-types.js';
import { ciName, columnJson, indexJson, tableInfo, tableJson, typeJson } from './support/table-json.js';

const COLUMNS = [columnJson(0, 'Id', fieldType('int not null')), columnJson(1, 's', fieldType('varchar(9)'))];

function parse(json: unknown): unknown {
  return parseTableInfo(utf8(JSON.stringify(json)));
}

describe('TableInfo', () => {
  it('is read with what matters, frozen', () => {
    const info = tableInfo(
      tableJson(COLUMNS, {
        name: ciName('Orders'),
        index_info: [indexJson(2, 'K', [[1, 3], 0], { is_unique: true, is_invisible: true })],
        comment: 'c',
        auto_id_cache: 1,
        ttl_info: { column: ciName('s') },
        fk_info: [{ id: 1 }],
        cache_table_status: 1,
        materialized_view_base: { mlog_id: 5 },
        a_field_of_the_future: { x: [1] },
      }),
    );
    expect(info).to.include({
      id: 100,
      kind: 'table',
      state: 'public',
      comment: 'c',
      autoIdCache: 1,
      temporary: 'none',
    });
    expect(info).to.include({ hasTtl: true, hasForeignKeys: true, isCached: true, mode: 'normal' });
    expect(info.materialized).to.deep.equal({ isView: false, isLog: false, isBase: true });
    expect(info.name).to.deep.equal({ original: 'Orders', lower: 'orders' });
    expect(info.columns[0]).to.deep.include({
      id: 1,
      name: { original: 'Id', lower: 'id' },
      offset: 0,
      state: 'public',
    });
    expect(info.columns[0]).to.include({
      hasDefault: false,
      isHidden: false,
      isArray: false,
      hasChangingType: false,
    });
    expect(info.indexes[0]).to.include({
      id: 2,
      isUnique: true,
      isPrimary: false,
      isInvisible: true,
      backfill: 'none',
    });
    expect(info.indexes[0]?.columns.map(({ offset, prefixLength }) => [offset, prefixLength])).to.deep.equal([
      [1, 3],
      [0, -1],
    ]);
    expect(physicalIdsOf(info)).to.deep.equal([100]);
    for (const frozen of [info, info.columns, info.columns[0], info.columns[0]?.type, info.indexes[0]]) {
      expect(Object.isFrozen(frozen)).to.equal(true);
    }
  });

  it('reads partitions, but not those that were never enabled', () => {
    const partition = {
      type: 1,
      expr: '`id`',
      columns: null,
      enable: true,
      definitions: [
        { id: 111, name: ciName('p0') },
        { id: 112, name: ciName('P1') },
      ],
      adding_definitions: [{ id: 113, name: ciName('p2') }],
      dropping_definitions: null,
    };
    const info = tableInfo(tableJson(COLUMNS, { partition }));
    expect(physicalIdsOf(info)).to.deep.equal([111, 112]);
    expect(info.partition).to.deep.include({ type: 1, expression: '`id`' });
    expect(info.partition?.adding.map(({ id }) => id)).to.deep.equal([113]);
    expect(
      physicalIdsOf(tableInfo(tableJson(COLUMNS, { partition: { ...partition, enable: false } }))),
    ).to.deep.equal([100]);
  });

  it('tells views, sequences and temporary tables', () => {
    expect(tableInfo(tableJson(COLUMNS, { view: { view_select: 'x' } })).kind).to.equal('view');
    expect(tableInfo(tableJson([], { sequence: { sequence_cache: true } })).kind).to.equal('sequence');
    expect(tableInfo(tableJson(COLUMNS, { temp_table_type: 1 })).temporary).to.equal('global');
    expect(tableInfo(tableJson(COLUMNS, { mode: 1 })).mode).to.equal('import');
    const own = tableInfo(tableJson(COLUMNS, { materialized_view: {}, materialized_view_log: {} }));
    expect(own.materialized).to.deep.equal({ isView: true, isLog: true, isBase: false });
  });

  it('reads indexes of every sort', () => {
    const info = tableInfo(
      tableJson(COLUMNS, {
        index_info: [
          indexJson(1, 'a', [0], { mv_index: true, is_global: true, global_index_version: 1 }),
          indexJson(2, 'b', [0], { vector_index: { dimension: 3 } }),
          indexJson(3, 'c', [0], { condition_expr_string: '`s` > 1', state: 3, backfill_state: 2 }),
          indexJson(4, 'd', [0], { partial_condition_expr_string: 'x', hybrid_index: {} }),
        ],
      }),
    );
    expect(
      info.indexes.map(({ isMultiValued, isGlobal, globalVersion }) => [
        isMultiValued,
        isGlobal,
        globalVersion,
      ]),
    ).to.deep.equal([
      [true, true, 1],
      [false, false, 0],
      [false, false, 0],
      [false, false, 0],
    ]);
    expect(info.indexes.map(({ isColumnar }) => isColumnar)).to.deep.equal([false, true, false, true]);
    expect(info.indexes.map(({ condition }) => condition)).to.deep.equal([
      undefined,
      undefined,
      '`s` > 1',
      'x',
    ]);
    expect(info.indexes[2]).to.include({ state: 'writeReorganization', backfill: 'readyToMerge' });
  });

  it('reads columns that are changing or computed', () => {
    const info = tableInfo(
      tableJson([
        columnJson(0, 'a', fieldType('int'), { changing_type: typeJson(fieldType('bigint')) }),
        columnJson(1, 'b', fieldType('int'), { change_state_info: { relative_col_offset: 0 }, state: 2 }),
        columnJson(2, 'c', fieldType('int'), {
          generated_expr_string: '`a` + 1',
          generated_stored: true,
          hidden: true,
        }),
      ]),
    );
    expect(info.columns.map(({ hasChangingType }) => hasChangingType)).to.deep.equal([true, false, false]);
    expect(info.columns[1]).to.include({ replacesOffset: 0, state: 'writeOnly' });
    expect(info.columns[2]).to.deep.include({
      isHidden: true,
      generated: { expression: '`a` + 1', isStored: true },
    });
  });

  for (const [what, json] of [
    ['text that is not JSON', undefined],
    ['an array', []],
    ['a missing id', { ...tableJson(COLUMNS), id: undefined }],
    ['an id that is no integer', { ...tableJson(COLUMNS), id: 1.5 }],
    ['a missing name', { ...tableJson(COLUMNS), name: null }],
    ['columns that are no array', { ...tableJson(COLUMNS), cols: {} }],
    ['a column without type', tableJson([{ ...columnJson(0, 'a', fieldType('int')), type: null }])],
    [
      'a column of an unknown type',
      tableJson([columnJson(0, 'a', { ...fieldType('int'), tp: 99 as never })]),
    ],
    ['a column at the wrong offset', tableJson([columnJson(1, 'a', fieldType('int'))])],
    ['a column in an unknown state', tableJson([columnJson(0, 'a', fieldType('int'), { state: 99 })])],
    [
      'a column whose default is an object',
      tableJson([columnJson(0, 'a', fieldType('int'), { origin_default: {} })]),
    ],
    [
      'members that are no texts',
      tableJson([columnJson(0, 'a', { ...fieldType("enum('a')"), elems: [1] as never })]),
    ],
    ['an index on a column that is not there', tableJson(COLUMNS, { index_info: [indexJson(1, 'i', [7])] })],
    [
      'an index in an unknown backfill state',
      tableJson(COLUMNS, { index_info: [indexJson(1, 'i', [0], { backfill_state: 9 })] }),
    ],
    ['a flag that is a number', tableJson(COLUMNS, { pk_is_handle: 1 })],
    ['a kind of temporary table that is not known', tableJson(COLUMNS, { temp_table_type: 9 })],
    [
      'a partition without id',
      tableJson(COLUMNS, { partition: { enable: true, type: 1, definitions: [{ name: ciName('p') }] } }),
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => (json === undefined ? parseTableInfo(utf8('{')) : parse(json)))
        .to.throw(SchemaError)
        .with.property('kind', 'schemaUnreadable');
    });
  }
});

describe('DBInfo', () => {
  it('is read', () => {
    const json = { id: 2, db_name: ciName('Test'), charset: 'UTF8MB4', collate: 'utf8mb4_bin', state: 5 };
    expect(parseDatabaseInfo(utf8(JSON.stringify(json)))).to.deep.equal({
      id: 2,
      name: { original: 'Test', lower: 'test' },
      charset: 'utf8mb4',
      collate: 'utf8mb4_bin',
      state: 'public',
    });
    expect(() => parseDatabaseInfo(utf8('{}'))).to.throw(SchemaError);
  });
});

describe('origin defaults', () => {
  const defaultOf = (type: string, more: Readonly<Record<string, unknown>>): unknown => {
    const column = tableInfo(tableJson([columnJson(0, 'a', fieldType(type), more)])).columns[0];
    return column === undefined ? undefined : originDefaultOf(column);
  };

  it('are values of the column', () => {
    expect(defaultOf('int', { origin_default: '7' })).to.equal(7n);
    expect(defaultOf('int', { origin_default: 7 })).to.equal(7n);
    expect(defaultOf('tinyint', { origin_default: true })).to.equal(1n);
    expect(defaultOf('tinyint', { origin_default: false })).to.equal(0n);
    expect(defaultOf('timestamp', { origin_default: '2024-02-29 12:00:00' })).to.equal(0x19b2bac000000000n);
  });

  it('of BIT columns are bytes in a field of their own', () => {
    expect(defaultOf('bit(16)', { origin_default: 'garbage', origin_default_bit: 'AQI=' })).to.equal(258n);
    expect(defaultOf('bit(16)', { origin_default: '\u0003' })).to.equal(3n);
  });

  it('that are absent mean NULL, the first member, or that no such row can be', () => {
    expect(defaultOf('int', {})).to.equal(null);
    expect(defaultOf("enum('a','b') not null", {})).to.equal(1n);
    expect(defaultOf('int not null', {})).to.equal(undefined);
  });

  it('that are no value of the column are refused', () => {
    expect(() => defaultOf('int', { origin_default: 'x' })).to.throw(SchemaError);
  });

  it('of TIMESTAMP columns from before TiDB 2.1 are refused, but for zero', () => {
    expect(() => defaultOf('timestamp', { origin_default: '2024-02-29 12:00:00', version: 0 })).to.throw(
      SqlError,
      'before 2.1',
    );
    expect(defaultOf('timestamp', { origin_default: '0000-00-00 00:00:00', version: 0 })).to.equal(0n);
    expect(defaultOf('datetime', { origin_default: '2024-02-29 12:00:00', version: 0 })).to.equal(
      0x19b2bac000000000n,
    );
  });
});

describe('names', () => {
  it('are lowered character by character, as Go does', () => {
    expect(lowerName('ÄÖ_Table1')).to.equal('äö_table1');
    expect(lowerName('ΑΣ')).to.equal('ασ');
    expect(lowerName('\u0130x')).to.equal('ix');
    expect(lowerName('😀A')).to.equal('😀a');
  });
});
