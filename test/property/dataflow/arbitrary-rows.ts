/** Random rows of every storage kind, with NULLs and edges, and random expressions over them. */
import fc from 'fast-check';
import { utf8 } from '../../../src/base/bytes.js';
import { appendDatum } from '../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, type MysqlTypeCode } from '../../../src/codec/field-type.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import type {
  ComparisonDomain,
  ComparisonOperator,
  Constant,
  InputColumn,
  RowExpression,
} from '../../../src/dataflow/expression.js';

/** A row: one value a column of {@link COLUMNS}. */
export type Row = readonly Datum[];

function type(tp: MysqlTypeCode, more: Partial<FieldType> = {}): FieldType {
  return { tp, flag: 0, flen: 20, decimal: 0, charset: 'binary', collate: 'binary', elems: [], ...more };
}

function text(collate: string): FieldType {
  return type(MysqlType.varchar, { charset: 'utf8mb4', collate, decimal: -1 });
}

/** The columns: two of most kinds, so that columns can be compared with each other. */
export const COLUMNS: readonly FieldType[] = [
  type(MysqlType.longlong),
  type(MysqlType.longlong, { flag: FieldFlag.unsigned }),
  type(MysqlType.long),
  type(MysqlType.newdecimal, { flen: 12, decimal: 5 }),
  type(MysqlType.newdecimal, { flen: 65, decimal: 30 }),
  type(MysqlType.double, { decimal: -1 }),
  text('utf8mb4_bin'),
  text('utf8mb4_bin'),
  text('utf8mb4_general_ci'),
  text('utf8mb4_general_ci'),
  type(MysqlType.varchar),
  type(MysqlType.datetime, { decimal: 6 }),
  type(MysqlType.datetime),
  type(MysqlType.duration),
  text('utf8mb4_0900_bin'),
];

const INTEGERS = [
  0n,
  1n,
  -1n,
  5n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const UNSIGNED = [0n, 1n, 5n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
const DOUBLES = [0, -0, 1.5, -1.5, 5, 1e300, -1e300, 1e-300, 2 ** 53, 9.007199254740992e15, 0.1];
const TEXTS = [
  '',
  'a',
  'A',
  'a ',
  'ab',
  'aB ',
  'b',
  'é',
  'E',
  'ß',
  's',
  '中',
  '😀',
  '😁',
  '%',
  '_',
  'a%',
  'a\\b',
  ' ',
  '\t',
].map((it) => utf8(it));
const BROKEN = [
  Uint8Array.of(0x61, 0xff),
  Uint8Array.of(0xc3),
  Uint8Array.of(0xf0, 0x9f),
  Uint8Array.of(0x61, 0xc3, 0x62),
];

function decimals(scale: number): readonly Decimal[] {
  const unscaled = [
    0n,
    1n,
    -1n,
    15n * 10n ** BigInt(scale - 1),
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n),
    10n ** 34n,
    -(10n ** 60n),
  ];
  return unscaled.map((value) => new Decimal(value, scale));
}

/** Values that a type can have. */
function valuesOf(column: FieldType): readonly NonNullable<Datum>[] {
  switch (column.tp) {
    case MysqlType.longlong:
      return (column.flag & FieldFlag.unsigned) !== 0 ? UNSIGNED : INTEGERS;
    case MysqlType.long:
      return [0n, 1n, -1n, 5n, 2n ** 31n - 1n, -(2n ** 31n)];
    case MysqlType.newdecimal:
      return decimals(column.decimal);
    case MysqlType.double:
      return DOUBLES;
    case MysqlType.datetime:
      return [0n, 1n, 0x1234_5678_9abc_def0n, 0x1234_5678_0000_0000n, 2n ** 62n];
    case MysqlType.duration:
      return [0n, 1n, -1n, 3_020_399_000_000_000n, -3_020_399_000_000_000n];
    default:
      return [...TEXTS, ...BROKEN];
  }
}

/** Any row. */
export const arbitraryRow: fc.Arbitrary<Row> = fc.tuple(
  ...COLUMNS.map((column) => fc.option<Datum>(fc.constantFrom(...valuesOf(column)), { nil: null, freq: 5 })),
);

function columnAt(index: number): InputColumn {
  return { kind: 'column', index, type: COLUMNS[index]! };
}

/** Columns that compare in a domain. */
const COMPARABLE: readonly { readonly domain: ComparisonDomain; readonly columns: readonly number[] }[] = [
  { domain: { kind: 'integer' }, columns: [0, 1, 2] },
  { domain: { kind: 'decimal' }, columns: [0, 1, 2, 3, 4] },
  { domain: { kind: 'real' }, columns: [0, 1, 2, 3, 4, 5] },
  { domain: { kind: 'string', collation: 'utf8mb4_bin', isNewCollation: true }, columns: [6, 7] },
  { domain: { kind: 'string', collation: 'utf8mb4_general_ci', isNewCollation: true }, columns: [8, 9] },
  { domain: { kind: 'string', collation: 'binary', isNewCollation: true }, columns: [10] },
  { domain: { kind: 'string', collation: 'utf8mb4_0900_bin', isNewCollation: true }, columns: [14] },
  { domain: { kind: 'string', collation: 'utf8mb4_general_ci', isNewCollation: false }, columns: [8, 9] },
  { domain: { kind: 'time' }, columns: [11, 12] },
  { domain: { kind: 'duration' }, columns: [13] },
];

/** Constants that can be compared in a domain. */
function constantsFor(domain: ComparisonDomain, columns: readonly number[]): readonly Constant[] {
  const own = columns.flatMap((index) => {
    const column = COLUMNS[index]!;
    return valuesOf(column).map((value): Constant => ({ kind: 'constant', value, type: column }));
  });
  if (domain.kind !== 'decimal') return own;
  const finer = [
    new Decimal(1n, 40),
    new Decimal(-15n, 1),
    new Decimal(10n ** 40n, 0),
    new Decimal(9_223_372_036_854_775_8075n, 1),
  ];
  return [
    ...own,
    ...finer.map((value): Constant => ({
      kind: 'constant',
      value,
      type: type(MysqlType.newdecimal, { decimal: value.scale }),
    })),
  ];
}

const operator = fc.constantFrom<ComparisonOperator>('=', '<=>', '<>', '<', '<=', '>', '>=');
const NULL: Constant = { kind: 'constant', value: null, type: type(MysqlType.null) };

const comparison: fc.Arbitrary<RowExpression> = fc
  .constantFrom(...COMPARABLE)
  .chain(({ domain, columns }) => {
    const column = fc.constantFrom(...columns).map(columnAt);
    const operand = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...constantsFor(domain, columns)) },
      column,
      fc.constant(NULL),
    );
    return fc
      .tuple(operator, column, operand, fc.boolean())
      .map(([op, left, right, isTurned]): RowExpression => ({
        kind: 'compare',
        operator: op,
        domain,
        left: isTurned ? right : left,
        right: isTurned ? left : right,
      }));
  });

const membership: fc.Arbitrary<RowExpression> = fc
  .constantFrom(...COMPARABLE)
  .chain(({ domain, columns }) =>
    fc
      .tuple(
        fc.constantFrom(...columns).map(columnAt),
        fc.array(fc.constantFrom(...constantsFor(domain, columns), NULL), { minLength: 1, maxLength: 14 }),
      )
      .map(([operand, values]): RowExpression => ({ kind: 'in', domain, operand, values })),
  );

const LIKE_COLUMNS = [6, 8, 10, 14];
const PATTERNS = [
  'a%',
  '%',
  '',
  '_',
  'a_',
  '%é',
  '_%_',
  '\\%',
  'a\\\\b',
  '%a%b%',
  '😀',
  '__',
  'A',
  'ß%',
  'a\\',
  '中_',
  '%\ufffd',
];

const like: fc.Arbitrary<RowExpression> = fc
  .tuple(
    fc.constantFrom(...LIKE_COLUMNS),
    fc.oneof(fc.constantFrom(...PATTERNS.map((it) => utf8(it))), fc.constantFrom(...BROKEN)),
    fc.constantFrom(0x5c, 0x7c, 0x25, 0x61),
  )
  .map(([index, pattern, escape]): RowExpression => ({
    kind: 'like',
    collation: COLUMNS[index]!.collate,
    isNewCollation: true,
    operand: columnAt(index),
    pattern,
    escape,
  }));

const truthColumn: fc.Arbitrary<RowExpression> = fc.constantFrom(0, 1, 2, 3, 4, 5).map(columnAt);
const truthConstant: fc.Arbitrary<RowExpression> = fc.constantFrom<RowExpression>(
  NULL,
  { kind: 'constant', value: 0n, type: COLUMNS[0]! },
  { kind: 'constant', value: 7n, type: COLUMNS[0]! },
  { kind: 'constant', value: new Decimal(0n, 5), type: COLUMNS[3]! },
  { kind: 'constant', value: 0.5, type: COLUMNS[5]! },
);

const depth = { depthIdentifier: fc.createDepthIdentifier(), maxDepth: 5, depthSize: 'small' } as const;

/** Any test over a row of {@link COLUMNS}. */
export const arbitraryTest: fc.Arbitrary<RowExpression> = fc.letrec<{ test: RowExpression }>((tie) => ({
  test: fc.oneof(
    { ...depth, withCrossShrink: true },
    { weight: 4, arbitrary: comparison },
    { weight: 2, arbitrary: membership },
    like,
    truthColumn,
    truthConstant,
    fc
      .constantFrom(...COLUMNS.keys())
      .map((index): RowExpression => ({ kind: 'isNull', operand: columnAt(index) })),
    tie('test').map((operand): RowExpression => ({ kind: 'isNull', operand })),
    tie('test').map((operand): RowExpression => ({ kind: 'not', operand })),
    fc
      .tuple(tie('test'), fc.boolean())
      .map(([operand, truth]): RowExpression => ({ kind: 'isTruth', truth, operand })),
    fc
      .tuple(
        fc.constantFrom('and' as const, 'or' as const, 'xor' as const),
        fc.array(tie('test'), { minLength: 2, maxLength: 3 }),
      )
      .map(([kind, operands]): RowExpression => ({ kind, operands })),
    fc
      .tuple(operator, tie('test'), tie('test'))
      .filter(([, left, right]) => isTest(left) && isTest(right))
      .map(([op, left, right]): RowExpression => ({
        kind: 'compare',
        operator: op,
        domain: { kind: 'integer' },
        left,
        right,
      })),
  ),
})).test;

function isTest(expression: RowExpression): boolean {
  return expression.kind !== 'column' && expression.kind !== 'constant';
}

/** Rows as a delta of {@link COLUMNS}. */
export function deltaOfRows(rows: readonly { readonly row: Row; readonly weight: number }[]): Delta {
  const builders = COLUMNS.map(columnBuilderOf);
  for (const { row } of rows) builders.forEach((builder, i) => appendDatum(builder, row[i]!));
  return {
    rows: rows.length,
    weights: Int32Array.from(rows, ({ weight }) => weight),
    columns: builders.map((builder) => builder.finish()),
    isConsolidated: false,
  };
}

/** A value as text, so that equal values, and only they, have equal texts. */
export function datumKey(datum: Datum): string {
  if (datum === null) return 'null';
  if (datum instanceof Uint8Array) return `x${Buffer.from(datum).toString('hex')}`;
  if (datum instanceof Decimal) return `d${datum.toString()}`;
  return Object.is(datum, -0) ? 'f-0' : `${typeof datum}${String(datum)}`;
}
