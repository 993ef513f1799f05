/**
 * Expressions over one row, with everything decided: columns are positions, comparisons say in which domain they
 * compare, constants have been converted into it. Truth is three-valued as in SQL. Plain data, so that a circuit's
 * description can cross to a worker thread.
 */
import type { Datum } from '../codec/datum.js';
import { Decimal } from '../codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType } from '../codec/field-type.js';

/** Any expression. */
export type RowExpression =
  | InputColumn
  | Constant
  | Comparison
  | Membership
  | LikeTest
  | NullTest
  | TruthTest
  | Negation
  | Connective
  | Call
  | Case
  | Cast;

/** A column of the rows that come in. */
export interface InputColumn {
  readonly kind: 'column';
  /** Position in the input's columns. */
  readonly index: number;
  readonly type: FieldType;
}

/** A value that is the same for all rows. */
export interface Constant {
  readonly kind: 'constant';
  readonly value: Datum;
  readonly type: FieldType;
}

/** The comparisons; `<=>` is never NULL. */
export type ComparisonOperator = '=' | '<=>' | '<>' | '<' | '<=' | '>' | '>=';

/**
 * In which values two operands are compared:
 * - `integer`: as integers of any signedness (YEAR too); - `decimal`: as exact numbers, for integers and decimals;
 * - `real`: both as doubles; - `string`: under a collation; - `time`: as packed moments of one time zone;
 * - `duration`: as nanoseconds.
 */
export type ComparisonDomain =
  | { readonly kind: 'integer' | 'decimal' | 'real' | 'time' | 'duration' }
  | { readonly kind: 'string'; readonly collation: string; readonly isNewCollation: boolean };

/** `left operator right` */
export interface Comparison {
  readonly kind: 'compare';
  readonly operator: ComparisonOperator;
  readonly domain: ComparisonDomain;
  readonly left: RowExpression;
  readonly right: RowExpression;
}

/**
 * `operand IN (values)`; NULL if none is equal and one is NULL. Strings are equal if their sort keys are, which for
 * broken UTF-8 is not what `=` says; so a list of one value is a comparison, as in TiDB.
 */
export interface Membership {
  readonly kind: 'in';
  readonly domain: ComparisonDomain;
  readonly operand: RowExpression;
  /** Not empty. */
  readonly values: readonly Constant[];
}

/** `operand LIKE pattern` */
export interface LikeTest {
  readonly kind: 'like';
  readonly collation: string;
  readonly isNewCollation: boolean;
  readonly operand: RowExpression;
  readonly pattern: Uint8Array;
  /** The byte that takes a wildcard its meaning. */
  readonly escape: number;
}

/** `operand IS NULL` */
export interface NullTest {
  readonly kind: 'isNull';
  readonly operand: RowExpression;
}

/** `operand IS TRUE` or `IS FALSE`; never NULL. */
export interface TruthTest {
  readonly kind: 'isTruth';
  readonly truth: boolean;
  readonly operand: RowExpression;
}

/** `NOT operand` */
export interface Negation {
  readonly kind: 'not';
  readonly operand: RowExpression;
}

/** `a AND b AND …`, `a OR b OR …`, `a XOR b XOR …` */
export interface Connective {
  readonly kind: 'and' | 'or' | 'xor';
  /** At least two. */
  readonly operands: readonly RowExpression[];
}

/**
 * Functions of values. Operands have been converted to what the function takes; unless said otherwise the value is
 * NULL if an operand is.
 * - arithmetic on integers, exact numbers or doubles, as the result's type says; division by zero gives NULL;
 * - `round`, `truncate`: the second operand is a constant number of digits;
 * - `coalesce`: the first operand that is not NULL; all are of the result's kind;
 * - `greatest`, `least`: all numbers of one kind;
 * - strings in UTF-8: positions and lengths are in characters, `length` in bytes; `trim…` takes what to cut off as
 *   second operand; `concatWs` leaves out NULLs behind the separator; - `wallClock`: a TIMESTAMP, which is in
 *   UTC, as the clock shows it so many minutes (a constant) east of there; `year` to `second`: parts of a moment.
 */
export type ScalarFunction =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'intDivide'
  | 'modulo'
  | 'negate'
  | 'abs'
  | 'sign'
  | 'ceil'
  | 'floor'
  | 'round'
  | 'truncate'
  | 'coalesce'
  | 'greatest'
  | 'least'
  | 'concat'
  | 'concatWs'
  | 'length'
  | 'charLength'
  | 'upper'
  | 'lower'
  | 'substring'
  | 'left'
  | 'right'
  | 'trimLeading'
  | 'trimTrailing'
  | 'trimBoth'
  | 'replace'
  | 'lpad'
  | 'rpad'
  | 'wallClock'
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second';

/** `function(operands)` */
export interface Call {
  readonly kind: 'call';
  readonly function: ScalarFunction;
  readonly operands: readonly RowExpression[];
  readonly type: FieldType;
  /** Digits after the point that a decimal value has; a quotient has more of them than its type shows. */
  readonly scale: number;
  /** The piece of SQL, for errors. */
  readonly source: string;
}

/** `CASE WHEN … THEN … ELSE … END`: the value of the first branch whose test is true. */
export interface Case {
  readonly kind: 'case';
  readonly branches: readonly { readonly when: RowExpression; readonly then: RowExpression }[];
  readonly otherwise: RowExpression;
  readonly type: FieldType;
  /** As in {@link Call}. */
  readonly scale: number;
}

/** A conversion into a type, cutting, rounding and clamping as TiDB's CAST does in a SELECT. */
export interface Cast {
  readonly kind: 'cast';
  readonly operand: RowExpression;
  readonly type: FieldType;
  /** As in {@link Call}. */
  readonly scale: number;
  /** The piece of SQL, for errors. */
  readonly source: string;
}

/** The type of everything that is true, false or NULL: a BIGINT of one digit. */
export const BOOLEAN_TYPE: FieldType = Object.freeze({
  tp: MysqlType.longlong,
  flag: FieldFlag.binary,
  flen: 1,
  decimal: 0,
  charset: 'binary',
  collate: 'binary',
  elems: Object.freeze([]),
});

/** The type of an expression's value. */
export function typeOf(expression: RowExpression): FieldType {
  switch (expression.kind) {
    case 'column':
    case 'constant':
    case 'call':
    case 'case':
    case 'cast':
      return expression.type;
    default:
      return BOOLEAN_TYPE;
  }
}

/**
 * Digits after the point that the values of an exact expression have. More than its type's for quotients: TiDB
 * computes them in words of nine digits, goes on with all of them, and rounds when it shows them.
 */
export function scaleOf(expression: RowExpression): number {
  switch (expression.kind) {
    case 'column':
      return expression.type.tp === MysqlType.newdecimal ? Math.max(expression.type.decimal, 0) : 0;
    case 'constant':
      return expression.value instanceof Decimal ? expression.value.scale : 0;
    case 'call':
    case 'case':
    case 'cast':
      return expression.scale;
    default:
      return 0;
  }
}

/**
 * The expression as it must be stored where something goes on computing with it: a column of its type alone would
 * lose digits that TiDB keeps (see {@link scaleOf}).
 */
export function withAllDigits(expression: RowExpression): RowExpression {
  const type = typeOf(expression);
  const scale = scaleOf(expression);
  if (type.tp !== MysqlType.newdecimal || scale <= type.decimal) return expression;
  return expression.kind === 'call' || expression.kind === 'case' || expression.kind === 'cast'
    ? { ...expression, type: { ...type, flen: type.flen + scale - type.decimal, decimal: scale } }
    : expression;
}
