/**
 * The types of aggregates, by TiDB's rules.
 *
 * @see pingcap/tidb pkg/expression/aggregation/base_func.go (typeInfer4Sum, typeInfer4Avg, typeInfer4MaxMin)
 */
import { FieldFlag, type FieldType, MysqlType, nullable } from '../codec/field-type.js';
import type { AggregateFunction } from '../dataflow/view-spec.js';
import { plainType } from './typing/literal.js';
import { typeName, valueClassOf } from './typing/value-class.js';

/** Digits that a DECIMAL can have, and how many of them behind the point. */
const DIGITS_MAX = 65;
const SCALE_MAX = 30;
/** As many digits more as a sum of 2^63 values can have. */
const SUM_DIGITS = 22;

/** The type of COUNT. */
export const COUNT_TYPE: FieldType = Object.freeze(plainType(MysqlType.longlong, 21, 0, FieldFlag.notNull));

/** The type of an aggregate, or why it has none here. */
export type AggregateType =
  | { readonly kind: 'typed'; readonly type: FieldType }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The type of an aggregate over values of a type.
 *
 * @param divPrecisionIncrement - the session variable: digits that AVG has behind the point beyond its argument's.
 */
export function aggregateType(
  name: AggregateFunction,
  operand: FieldType | undefined,
  divPrecisionIncrement: number,
): AggregateType {
  if (name === 'count') return typed(COUNT_TYPE);
  if (operand === undefined || operand.tp === MysqlType.null) return refused('it is always NULL');
  if (name === 'min' || name === 'max') return typed(nullable(operand));
  const valueClass = valueClassOf(operand);
  switch (valueClass) {
    case 'real':
      return typed(plainType(MysqlType.double, 23, -1, 0));
    case 'integer':
    case 'year':
      return name === 'sum'
        ? typed(decimal(operand.flen + SUM_DIGITS - 1, 0))
        : typed(decimal(operand.flen + divPrecisionIncrement, divPrecisionIncrement));
    case 'decimal': {
      const scale = Math.max(operand.decimal, 0);
      return name === 'sum'
        ? typed(decimal(operand.flen + SUM_DIGITS, scale))
        : typed(decimal(operand.flen + divPrecisionIncrement, scale + divPrecisionIncrement));
    }
    default:
      return refused(`${name.toUpperCase()} of ${typeName(operand)} values is not supported yet`);
  }
}

function decimal(digits: number, scale: number): FieldType {
  return plainType(MysqlType.newdecimal, Math.min(digits, DIGITS_MAX), Math.min(scale, SCALE_MAX), 0);
}

function typed(type: FieldType): AggregateType {
  return { kind: 'typed', type };
}

function refused(reason: string): AggregateType {
  return { kind: 'refused', reason };
}
