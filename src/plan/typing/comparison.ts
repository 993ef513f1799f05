/**
 * How TiDB compares two values: in which domain, and as what a constant is taken. Only mixes whose rule is exact and
 * has been checked against TiDB (test/e2e/plan) are here; all others are refused.
 *
 * @see pingcap/tidb pkg/expression/builtin_compare.go (GetAccurateCmpType, refineArgs)
 */
import { isCollationSupported } from '../../codec/collation.js';
import { Decimal } from '../../codec/decimal.js';
import { type FieldType, MysqlType } from '../../codec/field-type.js';
import { shiftMinutes, unpackTime } from '../../codec/packed-time.js';
import {
  type ComparisonDomain,
  type Constant,
  type RowExpression,
  typeOf,
} from '../../dataflow/expression.js';
import { type SessionSettings, decimalType } from './bound.js';
import { asReal, hasHiddenDigits } from './conversion.js';
import {
  asciiText,
  durationConstant,
  fractionDigits,
  integerConstant,
  momentConstant,
  momentParts,
} from './literal.js';
import { deriveCollation } from './string-collation.js';
import { type ValueClass, typeName, valueClassOf } from './value-class.js';

/** What comparisons depend on besides their operands. */
export interface ComparisonContext {
  /** Minutes east of UTC; undefined: not one for ever. */
  readonly offsetMinutes: number | undefined;
  /** The cluster's `new_collation_enabled`. */
  readonly isNewCollation: boolean;
  /** What else the pinned session says; undefined: TiDB's defaults. */
  readonly settings?: SessionSettings;
}

/** Two operands made ready, or why they cannot be compared. */
export type Comparable =
  | {
      readonly kind: 'comparable';
      readonly domain: ComparisonDomain;
      readonly left: RowExpression;
      readonly right: RowExpression;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Integers up to here are doubles, one for one, so that comparing as doubles or as integers is the same. */
const SAFE_MAX = 2 ** 53 - 1;
/** Digits of an integer in a string that TiDB, which goes through doubles, surely reads as that integer. */
const SAFE_INTEGER_TEXT = /^-?\d{1,15}$/;

/** Digits of a decimal in a string that TiDB surely reads as that decimal. */
const DECIMAL_TEXT = /^-?\d{1,30}(?:\.\d{1,20})?$/;

const NUMERIC: ReadonlySet<ValueClass> = new Set<ValueClass>(['integer', 'year', 'decimal', 'real']);

/** Makes two operands comparable; neither is the constant NULL. */
export function comparable(
  left: RowExpression,
  right: RowExpression,
  context: ComparisonContext,
): Comparable {
  const [a, b] = [valueClassOf(typeOf(left)), valueClassOf(typeOf(right))];
  if (a === 'opaque' || b === 'opaque') {
    return refused(
      `comparing ${typeName(typeOf(a === 'opaque' ? left : right))} values is not supported yet`,
    );
  }
  if (NUMERIC.has(a) && NUMERIC.has(b)) return numbers(left, right);
  if (a === 'string' && b === 'string') return strings(left, right, context);
  if (a === 'string' || b === 'string') return withString(left, right, context);
  if (a === 'duration' && b === 'duration') return done({ kind: 'duration' }, left, right);
  const isTime = (it: ValueClass): boolean => it === 'moment' || it === 'timestamp';
  if (isTime(a) && isTime(b)) return moments(left, right, context);
  return mixed(left, right);
}

function numbers(left: RowExpression, right: RowExpression): Comparable {
  const classes = [valueClassOf(typeOf(left)), valueClassOf(typeOf(right))];
  const all = new Set(classes);
  if (all.has('year')) return years(left, right);
  if (!all.has('real')) return done({ kind: all.has('decimal') ? 'decimal' : 'integer' }, left, right);
  if (hasHiddenDigits(left) || hasHiddenDigits(right)) {
    return refused('a quotient is compared with a floating-point number');
  }
  // TiDB turns such a constant into an integer first; within the safe range that makes no difference.
  const isBeyond = (constant: RowExpression, other: RowExpression): boolean =>
    constant.kind === 'constant' &&
    typeof constant.value === 'number' &&
    Math.abs(constant.value) > SAFE_MAX &&
    valueClassOf(typeOf(other)) === 'integer';
  if (isBeyond(left, right) || isBeyond(right, left)) {
    return refused('an integer is compared with a floating-point number beyond 2^53');
  }
  return done({ kind: 'real' }, left, right);
}

/** TiDB takes the constants 1 to 99 for years of two digits, in some places. */
function years(left: RowExpression, right: RowExpression): Comparable {
  for (const operand of [left, right]) {
    const valueClass = valueClassOf(typeOf(operand));
    if (valueClass !== 'year' && valueClass !== 'integer') return mixed(left, right);
    if (
      operand.kind === 'constant' &&
      typeof operand.value === 'bigint' &&
      operand.value > 0n &&
      operand.value < 100n
    ) {
      return refused('a YEAR is compared with a year of two digits');
    }
  }
  return done({ kind: 'integer' }, left, right);
}

function strings(left: RowExpression, right: RowExpression, context: ComparisonContext): Comparable {
  if (left.kind === 'constant' && right.kind === 'constant')
    return refused('two string literals are compared');
  const isPlain = (it: RowExpression): boolean => it.kind === 'constant' || it.kind === 'column';
  if (!isPlain(left) || !isPlain(right)) return computedStrings(left, right, context);
  if (left.kind !== 'constant' && right.kind !== 'constant') {
    const [a, b] = [typeOf(left), typeOf(right)];
    if (a.collate !== b.collate || a.charset !== b.charset) return computedStrings(left, right, context);
  }
  const [column, other] = left.kind === 'constant' ? [right, left] : [left, right];
  const type = typeOf(column);
  const reason = stringReason(type, other, context);
  if (reason !== undefined) return refused(reason);
  return done(
    { kind: 'string', collation: type.collate, isNewCollation: context.isNewCollation },
    left,
    right,
  );
}

/** Strings of which one at least is computed: under the collation of the stronger one. */
function computedStrings(
  left: RowExpression,
  right: RowExpression,
  { isNewCollation }: ComparisonContext,
): Comparable {
  const derived = deriveCollation([left, right]);
  if (derived.kind === 'refused') return derived;
  return done({ kind: 'string', collation: derived.collation, isNewCollation }, left, right);
}

/** Why a string column cannot be compared with another operand; undefined: it can. */
export function stringReason(
  type: FieldType,
  other: RowExpression,
  { isNewCollation }: ComparisonContext,
): string | undefined {
  if (isNewCollation && !isCollationSupported(type.collate)) {
    return `comparing strings of the collation ${type.collate} is not supported yet`;
  }
  // TiDB would convert the literal to the column's character set first.
  const isNarrow = type.charset !== 'utf8mb4' && type.charset !== 'utf8' && type.charset !== 'binary';
  if (isNarrow && other.kind === 'constant' && asciiText(other) === undefined) {
    return `a string of the character set ${type.charset} is compared with a literal outside ASCII`;
  }
  return undefined;
}

/**
 * A string beside something that is no string: TiDB converts a literal to what it is compared with; a string that is
 * no literal is compared with numbers as a double.
 */
function withString(left: RowExpression, right: RowExpression, context: ComparisonContext): Comparable {
  const isLeft = valueClassOf(typeOf(left)) === 'string';
  const [text, other] = isLeft ? [left, right] : [right, left];
  if (text.kind === 'constant' && other.kind !== 'constant') {
    const converted = converts(text, typeOf(other));
    if (converted === undefined) return mixed(left, right);
    return comparable(isLeft ? converted : left, isLeft ? right : converted, context);
  }
  const isNumber = ['integer', 'decimal', 'real'].includes(valueClassOf(typeOf(other)));
  if (!isNumber || text.kind === 'constant' || other.kind === 'constant') return mixed(left, right);
  const [a, b] = [asReal(left), asReal(right)];
  if (a.kind === 'refused') return a;
  if (b.kind === 'refused') return b;
  return done({ kind: 'real' }, a, b);
}

/** A string literal as TiDB takes it beside a column of a type; undefined: not proven. */
function converts(literal: Constant, type: FieldType): Constant | undefined {
  const text = asciiText(literal);
  if (text === undefined) return undefined;
  switch (valueClassOf(type)) {
    case 'decimal': {
      const value = DECIMAL_TEXT.test(text) ? Decimal.parse(text) : undefined;
      return value === undefined
        ? undefined
        : { kind: 'constant', value, type: decimalType(value.precision, value.scale) };
    }
    case 'integer':
      return SAFE_INTEGER_TEXT.test(text) ? integerConstant(BigInt(text), text.length) : undefined;
    case 'moment':
    case 'timestamp': {
      const parts = momentParts(text);
      return parts === undefined
        ? undefined
        : momentConstant(parts, MysqlType.datetime, fractionDigits(text));
    }
    case 'duration':
      return durationConstant(text);
    default:
      return undefined;
  }
}

/** Moments compare as packed, if they are of one time zone: TIMESTAMPs are in UTC, all others on the wall clock. */
function moments(
  left: RowExpression,
  right: RowExpression,
  { offsetMinutes }: ComparisonContext,
): Comparable {
  const isUtc = (it: RowExpression): boolean => valueClassOf(typeOf(it)) === 'timestamp';
  if (!isUtc(left) && !isUtc(right)) return done({ kind: 'time' }, left, right);
  if (offsetMinutes === undefined) {
    return refused('TIMESTAMP values are compared in a time zone that is no fixed offset from UTC');
  }
  if (isUtc(left) && isUtc(right)) return done({ kind: 'time' }, left, right);
  const toUtc = (it: RowExpression): RowExpression | undefined => {
    if (isUtc(it) || offsetMinutes === 0) return it;
    return it.kind === 'constant' ? shifted(it, -offsetMinutes) : undefined;
  };
  const [a, b] = [toUtc(left), toUtc(right)];
  if (a === undefined || b === undefined)
    return refused('a TIMESTAMP is compared with a DATE or DATETIME column');
  return done({ kind: 'time' }, a, b);
}

function shifted(constant: Constant, minutes: number): Constant | undefined {
  if (typeof constant.value !== 'bigint') return undefined;
  const { decimal } = constant.type;
  return momentConstant(
    shiftMinutes(unpackTime(constant.value), minutes),
    MysqlType.datetime,
    Math.max(decimal, 0),
  );
}

/** Whether values of a type can be asked whether they are true. */
export function isTruthClass(type: FieldType): boolean {
  const valueClass = valueClassOf(type);
  return NUMERIC.has(valueClass) || valueClass === 'null';
}

function done(domain: ComparisonDomain, left: RowExpression, right: RowExpression): Comparable {
  return { kind: 'comparable', domain, left, right };
}

function refused(reason: string): Comparable {
  return { kind: 'refused', reason };
}

function mixed(left: RowExpression, right: RowExpression): Comparable {
  return refused(`comparing ${typeName(typeOf(left))} with ${typeName(typeOf(right))} is not supported yet`);
}
