/**
 * Expressions over one row, with everything decided: columns are positions, comparisons say in which domain they
 * compare, constants have been converted into it. Truth is three-valued as in SQL. Plain data, so that a circuit's
 * description can cross to a worker thread.
 */
import type { Datum } from '../codec/datum.js';
import { FieldFlag, type FieldType, MysqlType } from '../codec/field-type.js';

/** Any expression. */
export type RowExpression =
  InputColumn | Constant | Comparison | Membership | LikeTest | NullTest | TruthTest | Negation | Connective;

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
  return expression.kind === 'column' || expression.kind === 'constant' ? expression.type : BOOLEAN_TYPE;
}
