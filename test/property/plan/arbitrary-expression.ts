/** Random expressions as the parser gives them, over columns of every kind that expressions compute with. */
import fc from 'fast-check';
import { utf8 } from '../../../src/base/bytes.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, type MysqlTypeCode } from '../../../src/codec/field-type.js';
import { packTime, parseTime } from '../../../src/codec/packed-time.js';
import type { BinaryOperator, NumberLiteral } from '../../../src/sql/ast/leaf.js';
import type { Expression } from '../../../src/sql/ast/select.js';

/** A column, and values at its edges. */
interface TestColumn {
  readonly name: string;
  readonly type: FieldType;
  readonly values: readonly Datum[];
}

const span = { start: 0, end: 0 };

function type(tp: MysqlTypeCode, flen: number, decimal: number, flag = 0): FieldType {
  return { tp, flag, flen, decimal, charset: 'binary', collate: 'binary', elems: [] };
}

function text(collate: string): FieldType {
  return { ...type(MysqlType.varchar, 20, -1), charset: 'utf8mb4', collate };
}

function decimals(scale: number, ...unscaled: readonly bigint[]): readonly Datum[] {
  return unscaled.map((value) => new Decimal(value, scale));
}

function moments(...texts: readonly string[]): readonly Datum[] {
  return texts.map((it) => packTime(parseTime(it)!));
}

const STRINGS = ['', 'a', 'aB', 'abc ', '  x', 'é中😀', 'ΐß', '12', '-3.5e1x', '%a_', '1'].map((it) =>
  utf8(it),
);

/** The columns. */
export const COLUMNS: readonly TestColumn[] = [
  { name: 'ti', type: type(MysqlType.tiny, 4, 0), values: [0n, 1n, -1n, 127n, -128n] },
  {
    name: 'b',
    type: type(MysqlType.longlong, 20, 0),
    values: [0n, 3n, -7n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)],
  },
  {
    name: 'u',
    type: type(MysqlType.longlong, 20, 0, FieldFlag.unsigned),
    values: [0n, 2n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n],
  },
  {
    name: 'd',
    type: type(MysqlType.newdecimal, 10, 2),
    values: decimals(2, 0n, 125n, -250n, 1n, -9_999_999_999n, 9_999_999_999n),
  },
  {
    name: 'w',
    type: type(MysqlType.newdecimal, 30, 10),
    values: decimals(10, 0n, 5n * 10n ** 9n, -(10n ** 29n), 2n ** 53n, -(2n ** 53n) - 1n, 12_345_678_901n),
  },
  {
    name: 'f',
    type: type(MysqlType.double, 22, -1),
    values: [0, -0, 1.5, -2.5, 0.1, 1e15, 1e-7, 1e300, -3, 2 ** 53],
  },
  { name: 's', type: text('utf8mb4_bin'), values: STRINGS },
  { name: 't', type: text('utf8mb4_general_ci'), values: STRINGS },
  {
    name: 'da',
    type: type(MysqlType.date, 10, 0),
    values: moments('2024-02-29', '1999-12-31', '0000-00-00'),
  },
  {
    name: 'dt',
    type: type(MysqlType.datetime, 19, 0),
    values: moments('2024-02-29 23:59:59', '2000-01-01 00:00:00', '9999-12-31 12:34:56'),
  },
];

/** Any row. */
export const arbitraryRow: fc.Arbitrary<readonly Datum[]> = fc.tuple(
  ...COLUMNS.map(({ values }) => fc.option<Datum>(fc.constantFrom(...values), { nil: null, freq: 6 })),
);

function column(name: string): Expression {
  return { kind: 'column', span, database: undefined, table: undefined, name };
}

function number(form: NumberLiteral['form'], value: string): Expression {
  return { kind: 'number', span, form, text: value };
}

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...COLUMNS.map(({ name }) => column(name))) },
  fc.constantFrom(
    number('integer', '0'),
    number('integer', '1'),
    number('integer', '3'),
    number('integer', '9223372036854775807'),
    number('decimal', '1.50'),
    number('decimal', '0.001'),
    number('double', '2.5e0'),
    { kind: 'string', span, value: 'aB', charset: 'utf8mb4' } as const,
    { kind: 'string', span, value: '12', charset: 'utf8mb4' } as const,
  ),
);

function call(name: string, ...args: readonly Expression[]): Expression {
  return { kind: 'call', span, schema: undefined, name, args };
}

const digits = fc.constantFrom(...['0', '1', '2', '5'].map((it) => number('integer', it)), {
  kind: 'unary',
  span,
  operator: '-',
  operand: number('integer', '2'),
} as const);

const OPERATORS: readonly BinaryOperator[] = [
  ...(['+', '-', '*', '/', 'DIV', '%', '+', '-', '*', '/'] as const),
  ...(['AND', 'OR', 'XOR', '=', '<=>', '!=', '<', '<=', '>', '>='] as const),
];
const ONE = [
  'ABS',
  'SIGN',
  'CEIL',
  'FLOOR',
  'ROUND',
  'LENGTH',
  'CHAR_LENGTH',
  'UPPER',
  'LOWER',
  'LTRIM',
  'RTRIM',
];
const PARTS = ['YEAR', 'MONTH', 'DAY', 'DATE'];
const TWO = ['IFNULL', 'NULLIF', 'GREATEST', 'LEAST', 'CONCAT', 'LEFT', 'RIGHT', 'SUBSTRING', 'COALESCE'];
const THREE = ['IF', 'COALESCE', 'CONCAT_WS', 'REPLACE', 'SUBSTRING', 'CONCAT'];
const TYPES = [
  { name: 'SIGNED', parameters: [] },
  { name: 'UNSIGNED', parameters: [] },
  { name: 'DECIMAL', parameters: [10, 2] },
  { name: 'DECIMAL', parameters: [30, 12] },
  { name: 'CHAR', parameters: [] },
  { name: 'CHAR', parameters: [3] },
  { name: 'DOUBLE', parameters: [] },
  { name: 'DATE', parameters: [] },
];

function over(inner: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> {
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom(...OPERATORS), inner, inner)
        .map(([operator, left, right]): Expression => ({ kind: 'binary', span, operator, left, right })),
    },
    fc
      .tuple(fc.constantFrom('-', 'NOT'), inner)
      .map(([operator, operand]): Expression => ({ kind: 'unary', span, operator, operand })),
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...ONE), inner).map(([name, a]) => call(name, a)) },
    fc
      .tuple(fc.constantFrom(...PARTS), fc.constantFrom('da', 'dt'))
      .map(([name, a]) => call(name, column(a))),
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(...TWO), inner, inner).map(([name, a, b]) => call(name, a, b)),
    },
    fc.tuple(fc.constantFrom('ROUND', 'TRUNCATE'), inner, digits).map(([name, a, b]) => call(name, a, b)),
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...THREE), inner, inner, inner)
        .map(([name, ...args]) => call(name, ...args)),
    },
    fc
      .tuple(fc.constantFrom('LPAD', 'RPAD'), inner, digits, inner)
      .map(([name, ...args]) => call(name, ...args)),
    fc
      .tuple(fc.constantFrom('BOTH', 'LEADING', 'TRAILING'), inner, inner)
      .map(([direction, characters, operand]): Expression => ({
        kind: 'trim',
        span,
        direction,
        characters,
        operand,
      })),
    fc.tuple(fc.constantFrom(...TYPES), inner).map(([{ name, parameters }, operand]): Expression => ({
      kind: 'cast',
      span,
      form: 'CAST',
      operand,
      type: { name, parameters, isBinary: false, charset: undefined, isArray: false },
    })),
    fc
      .tuple(fc.option(inner, { nil: undefined }), inner, inner, inner, fc.option(inner, { nil: undefined }))
      .map(([operand, when, then, other, otherwise]): Expression => ({
        kind: 'case',
        span,
        operand,
        branches: [
          { when, then },
          { when: other, then: otherwise ?? then },
        ],
        otherwise,
      })),
    fc
      .tuple(inner, fc.boolean())
      .map(([operand, isNegated]): Expression => ({ kind: 'isNull', span, operand, isNegated })),
    fc.tuple(inner, inner, inner).map(([operand, ...list]): Expression => ({
      kind: 'inList',
      span,
      operand,
      list,
      isNegated: false,
    })),
  );
}

/** Any expression; many of them are of kinds that the binder refuses. */
export const arbitraryExpression: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 2, arbitrary: over(leaf) },
  { weight: 3, arbitrary: over(over(leaf)) },
  over(over(over(leaf))),
);
