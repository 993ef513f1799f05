import { expect } from 'chai';
import {
  type KeyString,
  equalBytes,
  nextKey,
  prefixEnd,
  utf8,
  NO_BYTES,
  concatBytes,
} from '../../../../../src/base/bytes.js';
import { ByteWriter } from '../../../../../src/base/byte-writer.js';
import { RowEncoder } from '../../../../../src/catalog/row-encoder.js';
import { appendDatum, cellAt } from '../../../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../../../src/codec/column-builder.js';
import type { Datum } from '../../../../../src/codec/datum.js';
import { datumText } from '../../../../../src/codec/datum-text.js';
import { Decimal } from '../../../../../src/codec/decimal.js';
import { writeCompact } from '../../../../../src/codec/flagged-datum.js';
import { MutationBatch } from '../../../../../src/codec/mutation-batch.js';
import { ROWID_COLUMN, ROWID_TYPE, recordPrefix } from '../../../../../src/codec/table-keys.js';
import type { Condition, Constant } from '../../../../../src/tikv/coprocessor/condition.js';
import type { CopRange, CopResponse } from '../../../../../src/tikv/coprocessor/cop-types.js';
import {
  type ScanColumn,
  type TableScanPlan,
  encodePlan,
  outputTypes,
} from '../../../../../src/tikv/coprocessor/dag-request.js';
import { PageDecoder } from '../../../../../src/tikv/coprocessor/page-decoder.js';
import type { SelectResponse } from '../../../../../src/tikv/coprocessor/cop-types.js';
import { rangesBelow } from '../../../../../src/tikv/coprocessor/scan-ranges.js';
import { kvMethods } from '../../../../../src/tikv/kv-methods.js';
import { messageCodec } from '../../../../../src/tikv/proto.js';
import { columnJson, tableJson, tableVersion } from '../../../catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../../../codec/support/field-types.js';
import { ClusterSubject } from '../cluster-subject.js';

type Text = (string | null)[];

const COLUMNS = [
  ['id', asPrimaryKey(fieldType('int'))],
  ['i', fieldType('int')],
  ['u', fieldType('bigint unsigned')],
  ['d', fieldType('double')],
  ['dc', fieldType('decimal(20,3)')],
  ['s', fieldType('varchar(20)')],
  ['ci', fieldType('varchar(20) collate utf8mb4_general_ci')],
  ['dtm', fieldType('datetime(3)')],
  ['tm', fieldType('time')],
  ['e', fieldType("enum('a','b')")],
] as const;
const TYPES = COLUMNS.map(([, type]) => type);
const TABLE = tableVersion(
  tableJson(
    COLUMNS.map(([name, type], place) => columnJson(place, name, type)),
    { pk_is_handle: true },
  ),
);
const moment = (second: bigint): bigint => ((((2024n * 13n + 1n) << 5n) | 1n) << 41n) | (second << 24n);

const ROWS: readonly (readonly Datum[])[] = [
  [
    1n,
    -5n,
    18446744073709551615n,
    -0.5,
    new Decimal(12345n, 3),
    utf8('abc'),
    utf8('Abc '),
    moment(1n),
    3_600_000_000_000n,
    1n,
  ],
  [2n, 7n, 5n, 2.25, new Decimal(-1n, 3), utf8('b'), utf8('aBC'), moment(30n), -1_000_000_000n, 2n],
  [3n, null, null, null, null, null, null, null, null, null],
  [4n, 100n, 0n, 0, new Decimal(5000n, 3), utf8(''), utf8('x'), moment(59n), 0n, 1n],
];

/** Stores rows as TiDB would. */
function store(s: ClusterSubject, rows: readonly (readonly Datum[])[]): void {
  const builders = TYPES.map((type) => columnBuilderOf(type));
  for (const row of rows) row.forEach((datum, i) => appendDatum(builders[i]!, datum));
  const columns = builders.map((builder) => builder.finish());
  const batch = new MutationBatch();
  const encoder = new RowEncoder(
    TABLE,
    TABLE.columns.map((column) => column.id),
  );
  rows.forEach((_, row) => encoder.put(columns, row, batch));
  const written = batch.consolidated();
  s.write(
    ...Array.from({ length: written.count }, (_, i) => ({
      kind: 'put' as const,
      key: written.keyAt(i).slice(),
      value: written.valueAt(i).slice(),
    })),
  );
}

const scanColumns: readonly ScanColumn[] = TABLE.columns.map(({ id, type }) => ({
  id,
  type,
  isHandle: id === 1,
}));
const planOf = (more: Partial<TableScanPlan> = {}): TableScanPlan => ({
  tableId: BigInt(TABLE.id),
  columns: scanColumns,
  usesNewCollation: true,
  ...more,
});

describe('embedded/storage/coprocessor', () => {
  let s: ClusterSubject;
  const range = TABLE.recordRanges[0]!;
  beforeEach(() => {
    s = new ClusterSubject();
    s.pass(100);
    store(s, ROWS);
  });

  function ask(
    plan: TableScanPlan,
    ranges: readonly CopRange[] = [range],
    { pagingSize = 0n, isSpelledOut = true, data = encodePlan(plan) } = {},
  ): CopResponse {
    return s.call(kvMethods.coprocessor, s.contextOf('t' as KeyString), {
      tp: 103n,
      data,
      ranges: isSpelledOut ? rangesBelow(ranges, NO_BYTES) : ranges,
      startTs: s.tso(),
      pagingSize,
    });
  }

  function textOf(plan: TableScanPlan, reply: CopResponse): Text[] {
    expect([reply.otherError, reply.locked, reply.regionError]).to.deep.equal(['', null, null]);
    const types = outputTypes(plan);
    const decoder = new PageDecoder(types);
    const { chunks } = messageCodec<SelectResponse>('tipb.SelectResponse').decode(reply.data);
    for (const { rowsData } of chunks) decoder.add(rowsData);
    const { rows } = decoder;
    const columns = decoder.finish();
    return Array.from({ length: rows }, (_, row) =>
      columns.map((column, i) => {
        const datum = cellAt(column, row, types[i]!);
        return datum === null ? null : datumText(datum, types[i]!);
      }),
    );
  }

  const idsOf = (conditions: readonly Condition[]): string[] => {
    const plan = planOf({ conditions, output: [0] });
    return textOf(plan, ask(plan)).map(([id]) => id!);
  };

  it('gives all columns of all rows', () => {
    const expected = ROWS.map((row) =>
      row.map((datum, i) => (datum === null ? null : datumText(datum, TYPES[i]!))),
    );
    expect(textOf(planOf(), ask(planOf()))).to.deep.equal(expected);
  });

  it('gives some columns, in another order, and hidden row ids', () => {
    const plan = planOf({
      columns: [{ id: ROWID_COLUMN, type: ROWID_TYPE, isHandle: true }, scanColumns[5]!],
      output: [1, 0],
    });
    expect(textOf(plan, ask(plan))[0]).to.deep.equal(['abc', '1']);
  });

  it('gives the default of a column that rows were written without', () => {
    const type = fieldType('int');
    const out = new ByteWriter();
    writeCompact(out, 7n, type);
    const plan = planOf({
      columns: [
        { id: 99, type, isHandle: false, originDefault: out.take() },
        { id: 98, type, isHandle: false },
      ],
    });
    expect(textOf(plan, ask(plan))[0]).to.deep.equal(['7', null]);
  });

  const column = (name: string): number => COLUMNS.findIndex(([other]) => other === name);
  const is = (name: string, op: '=' | '<>' | '<' | '<=' | '>' | '>=', value: Constant): Condition => ({
    kind: 'compare',
    op,
    column: column(name),
    value,
  });
  const int = (value: bigint, isUnsigned = false): Constant => ({ kind: 'int', value, isUnsigned });
  const string = (value: string): Constant => ({ kind: 'string', value: utf8(value) });
  const cases: readonly (readonly [string, Condition, string])[] = [
    ['i = 7', is('i', '=', int(7n)), '2'],
    ['i <> 7', is('i', '<>', int(7n)), '14'],
    ['i < 7', is('i', '<', int(7n)), '1'],
    ['i <= 7', is('i', '<=', int(7n)), '12'],
    ['i > -6', is('i', '>', int(-6n)), '124'],
    ['u >= 18446744073709551615', is('u', '>=', int(18446744073709551615n, true)), '1'],
    ['u > -1', is('u', '>', int(-1n)), '124'],
    ['d < 0', is('d', '<', { kind: 'real', value: 0 }), '1'],
    ['dc >= 12.3450', is('dc', '>=', { kind: 'decimal', value: new Decimal(123450n, 4) }), '1'],
    ["s > 'ab'", is('s', '>', string('ab')), '12'],
    ["s = 'abc  '", is('s', '=', string('abc  ')), '1'],
    ["ci = 'ABC'", is('ci', '=', string('ABC')), '12'],
    ['dtm < :30', is('dtm', '<', { kind: 'time', packed: moment(30n) }), '1'],
    ['tm <= 0', is('tm', '<=', { kind: 'duration', nanoseconds: 0n }), '24'],
    ['i is null', { kind: 'isNull', column: column('i') }, '3'],
    ['s is null', { kind: 'isNull', column: column('s') }, '3'],
    ['not (i < 7)', { kind: 'not', condition: is('i', '<', int(7n)) }, '24'],
    ['i in (7, 100)', { kind: 'in', column: column('i'), values: [int(7n), int(100n)] }, '24'],
    ["ci in ('X')", { kind: 'in', column: column('ci'), values: [string('X')] }, '4'],
    [
      'i < 7 or s is null',
      { kind: 'or', conditions: [is('i', '<', int(7n)), { kind: 'isNull', column: column('s') }] },
      '13',
    ],
    [
      'i < 50 and d > 0',
      { kind: 'and', conditions: [is('i', '<', int(50n)), is('d', '>', { kind: 'real', value: 0 })] },
      '2',
    ],
  ];
  for (const [text, condition, ids] of cases) {
    it(`tests ${text}`, () => {
      expect(idsOf([condition]).join('')).to.equal(ids);
    });
  }

  it('needs all conditions to be true', () => {
    expect(idsOf([is('i', '<', int(50n)), is('i', '>', int(0n))])).to.deep.equal(['2']);
  });

  it('goes on where a page has ended', () => {
    const plan = planOf({
      conditions: [{ kind: 'not', condition: { kind: 'isNull', column: 1 } }],
      output: [0],
    });
    const ids: string[] = [];
    let { start } = range;
    for (let pages = 0; !equalBytes(start, range.end); pages++) {
      const reply = ask(plan, [{ start, end: range.end }], { pagingSize: 1n });
      ids.push(...textOf(plan, reply).map(([id]) => id!));
      expect(pages).to.be.lessThan(5);
      start = reply.range!.end;
    }
    expect(ids).to.deep.equal(['1', '2', '4']);
  });

  it('takes a range that looks like a point for one', () => {
    const prefix = recordPrefix(TABLE.id);
    const whole = { start: prefix, end: prefixEnd(prefix) };
    expect(textOf(planOf(), ask(planOf(), [whole], { isSpelledOut: false }))).to.deep.equal([]);
    const spelledOut = { start: nextKey(prefix), end: prefixEnd(prefix) };
    expect(textOf(planOf(), ask(planOf(), [spelledOut], { isSpelledOut: false }))).to.have.length(4);
  });

  it('stops at a lock', () => {
    const startTs = s.tso();
    s.prewrite(startTs, [{ kind: 'delete', key: concatBytes(recordPrefix(TABLE.id), new Uint8Array(8)) }]);
    expect(ask(planOf()).locked?.lockVersion).to.equal(startTs);
  });

  it('says what it does not serve', () => {
    const reply = s.call(kvMethods.coprocessor, s.contextOf('t' as KeyString), {
      tp: 104n,
      data: new Uint8Array(0),
      ranges: [range],
      startTs: s.tso(),
      pagingSize: 0n,
    });
    expect(reply.otherError).to.match(/type 104/);
    const limit = messageCodec('tipb.DAGRequest').encode({ executors: [{ tp: 4 }] });
    expect(ask(planOf(), [range], { data: limit }).otherError).to.match(/table scan only/);
  });
});
