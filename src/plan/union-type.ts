/**
 * The common type of a column of a union, for the mixes whose values come out the same whatever TiDB does in between.
 *
 * @see pingcap/tidb pkg/planner/core/logical_plan_builder.go (unionJoinFieldType), pkg/types/field_type.go
 */
import { FieldFlag, type FieldType, MysqlType, hasFlag, isUnsigned, nullable } from '../codec/field-type.js';
import { plainType } from './typing/literal.js';
import { type ValueClass, valueClassOf } from './typing/value-class.js';

/** One input's column. */
export interface UnionColumn {
  readonly type: FieldType;
  /** Whether it is one literal, whose collation gives way to that of columns. */
  readonly isLiteral: boolean;
}

const DIGITS_MAX = 65;
/** Digits that the integers of a type have at most. */
const BIGINT_DIGITS = 20;

/** The type of the union's column; undefined: not known to be TiDB's. */
export function unionType(columns: readonly UnionColumn[]): FieldType | undefined {
  const known = columns.filter(({ type }) => type.tp !== MysqlType.null);
  const [first] = known;
  if (first === undefined) return columns[0]?.type;
  const type = merged(known);
  const isNotNull = columns.every((column) => hasFlag(column.type, FieldFlag.notNull));
  return type === undefined || isNotNull ? type : nullable(type);
}

/** Whether values of one type must be computed anew to be values of the other; else only their type changes. */
export function needsConversion(from: FieldType, to: FieldType): boolean {
  const [a, b] = [valueClassOf(from), valueClassOf(to)];
  if (a !== b) return true;
  if (a === 'integer') return isUnsigned(from) !== isUnsigned(to);
  return a === 'decimal' && from.decimal !== to.decimal;
}

function merged(columns: readonly UnionColumn[]): FieldType | undefined {
  const types = columns.map(({ type }) => type);
  const classes = new Set(types.map(valueClassOf));
  const isOf = (...allowed: readonly ValueClass[]): boolean =>
    [...classes].every((it) => allowed.includes(it));
  if (isOf('integer')) return integers(types);
  if (isOf('integer', 'decimal')) return decimals(types);
  if (isOf('real') && types.every(({ tp }) => tp === MysqlType.float)) return types[0];
  // With decimals the type would say how many digits to show.
  if (isOf('integer', 'real')) return plainType(MysqlType.double, 23, -1, FieldFlag.notNull);
  if (isOf('string')) return strings(columns);
  if (isOf('moment') || isOf('timestamp') || isOf('duration')) return times(types);
  if (isOf('year')) return types[0];
  // TiDB makes strings of ENUM and SET values, even of one and the same type.
  return types.every(({ tp }) => tp === MysqlType.json) ? types[0] : undefined;
}

function integers(types: readonly FieldType[]): FieldType {
  const [first, ...rest] = types;
  const isAllUnsigned = types.every(isUnsigned);
  if (
    first !== undefined &&
    rest.every(({ tp }) => tp === first.tp) &&
    isAllUnsigned === types.some(isUnsigned)
  )
    return widest(types, first);
  const unsigned = FieldFlag.notNull | FieldFlag.unsigned;
  const flen = Math.max(...types.map((type) => type.flen));
  if (isAllUnsigned) return plainType(MysqlType.longlong, flen, 0, unsigned);
  const isBeyond = types.some((type) => isUnsigned(type) && type.tp === MysqlType.longlong);
  return isBeyond
    ? plainType(MysqlType.newdecimal, BIGINT_DIGITS, 0, FieldFlag.notNull)
    : plainType(MysqlType.longlong, flen, 0, FieldFlag.notNull);
}

function decimals(types: readonly FieldType[]): FieldType | undefined {
  const isDecimal = ({ tp }: FieldType): boolean => tp === MysqlType.newdecimal;
  const scale = Math.max(...types.map((type) => (isDecimal(type) ? Math.max(type.decimal, 0) : 0)));
  const whole = Math.max(
    ...types.map((type) => (isDecimal(type) ? type.flen - Math.max(type.decimal, 0) : BIGINT_DIGITS)),
  );
  // TiDB would cut values down to what 65 digits hold.
  if (whole + scale > DIGITS_MAX) return undefined;
  return plainType(MysqlType.newdecimal, whole + scale, scale, FieldFlag.notNull);
}

function strings(columns: readonly UnionColumn[]): FieldType | undefined {
  const written = columns.filter(({ isLiteral }) => !isLiteral);
  const [first, ...rest] = (written.length === 0 ? columns : written).map(({ type }) => type);
  if (first === undefined) return undefined;
  const isSame = rest.every((type) => type.charset === first.charset && type.collate === first.collate);
  const isUtf8 = first.charset === 'utf8mb4' || columns.every(({ isLiteral }) => !isLiteral);
  return isSame && isUtf8
    ? widest(
        columns.map(({ type }) => type),
        first,
      )
    : undefined;
}

/** Moments, or durations, of which one may show more digits of a second than another. */
function times(types: readonly FieldType[]): FieldType | undefined {
  const [first, ...rest] = types;
  if (first === undefined) return undefined;
  const decimal = Math.max(...types.map((type) => Math.max(type.decimal, 0)));
  const isSame = rest.every(({ tp }) => tp === first.tp);
  return { ...first, tp: isSame ? first.tp : MysqlType.datetime, decimal };
}

function widest(types: readonly FieldType[], like: FieldType): FieldType {
  return { ...like, flen: Math.max(...types.map(({ flen }) => flen)) };
}
