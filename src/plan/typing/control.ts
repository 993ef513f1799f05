/**
 * CASE, IF, IFNULL, NULLIF and COALESCE.
 *
 * @see pingcap/tidb pkg/expression/builtin_control.go
 */
import { FieldFlag, type FieldType, MysqlType } from '../../codec/field-type.js';
import { type RowExpression, scaleOf, typeOf } from '../../dataflow/expression.js';
import { type Bound, call, isNullLiteral, isRefused, nullOf, refused } from './bound.js';
import { asReal, asText, cast } from './conversion.js';
import { type MergeUse, mergeTypes } from './merge-types.js';
import { deriveCollation } from './string-collation.js';
import { valueClassOf } from './value-class.js';

/** Values that have been brought to one type. */
interface Unified {
  readonly kind: 'unified';
  readonly values: readonly RowExpression[];
  readonly type: FieldType;
  readonly scale: number;
}

/**
 * Brings values that come from several places to the type that they have together.
 *
 * @returns the values, each converted, or why they cannot be.
 */
export function unify(
  values: readonly RowExpression[],
  use: MergeUse,
): Unified | { readonly kind: 'refused'; readonly reason: string } {
  const types = values.map(typeOf);
  const derived = types.some((type) => valueClassOf(type) === 'string') ? deriveCollation(values) : undefined;
  if (derived?.kind === 'refused') return derived;
  const merged = mergeTypes(types, use, derived?.collation);
  if (merged.kind === 'refused') return merged;
  const { type } = merged;
  const hasHidden = values.some((it) => {
    const own = typeOf(it);
    return own.tp === MysqlType.newdecimal && scaleOf(it) > own.decimal && own.decimal !== type.decimal;
  });
  if (hasHidden) return refused('a quotient meets decimals of more digits');
  const converted = values.map((value) => asType(value, type));
  const refusal = converted.find(isRefused);
  if (refusal !== undefined) return refusal;
  const scale = type.tp === MysqlType.newdecimal ? Math.max(type.decimal, ...values.map(scaleOf)) : 0;
  return { kind: 'unified', values: converted.filter((it) => !isRefused(it)), type, scale };
}

/**
 * A value as one of a merged type.
 *
 * @param type - from {@link mergeTypes} of the value's type and others.
 */
export function asType(value: RowExpression, type: FieldType): Bound {
  if (isNullLiteral(value)) return nullOf({ ...type, flag: type.flag & ~FieldFlag.notNull });
  switch (valueClassOf(type)) {
    case 'string':
      return asText(value);
    case 'real':
      return asReal(value);
    case 'moment':
      return typeOf(value).tp === type.tp ? value : cast(value, type, 0);
    default:
      return value;
  }
}

/** `CASE WHEN … THEN … ELSE … END`, the tests already bound. */
export function bindCase(
  whens: readonly RowExpression[],
  thens: readonly RowExpression[],
  otherwise: RowExpression,
): Bound {
  const unified = unify([...thens, otherwise], 'case');
  if (unified.kind === 'refused') return unified;
  // TiDB leaves away what is never asked for, and with it its type.
  if (whens.some(({ kind }) => kind === 'constant') && !areOfOneType([...thens, otherwise])) {
    return refused('a condition is the same for all rows');
  }
  const { values, type, scale } = unified;
  const branches = whens.flatMap((when, i) => {
    const then = values[i];
    return then === undefined ? [] : [{ when, then }];
  });
  const last = values.at(-1);
  if (last === undefined) return refused('CASE without branches');
  return {
    kind: 'case',
    branches,
    otherwise: last,
    type: { ...type, flag: type.flag & ~FieldFlag.notNull },
    scale,
  };
}

function areOfOneType(values: readonly RowExpression[]): boolean {
  const keys = values
    .map(typeOf)
    .map(({ tp, decimal, collate, flag }) => [tp, decimal, collate, flag & FieldFlag.unsigned].join());
  return new Set(keys).size === 1;
}

/** IFNULL and COALESCE, which alone does not convert its operands to one type of moments. */
export function bindCoalesce(
  operands: readonly RowExpression[],
  use: 'case' | 'coalesce',
  source: string,
): Bound {
  const unified = unify(operands, use);
  if (unified.kind === 'refused') return unified;
  const { values, type, scale } = unified;
  const isNeverNull = operands.some((it) => (typeOf(it).flag & FieldFlag.notNull) !== 0);
  const flag = isNeverNull ? type.flag | FieldFlag.notNull : type.flag & ~FieldFlag.notNull;
  return call('coalesce', values, { ...type, flag }, { scale, source });
}
