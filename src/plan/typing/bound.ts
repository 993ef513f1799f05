/** Results of binding, and the small makers that all rules share. */
import { FieldFlag, type FieldType, MysqlType } from '../../codec/field-type.js';
import type { Call, Constant, RowExpression, ScalarFunction } from '../../dataflow/expression.js';
import { plainType } from './literal.js';

/** Why something cannot be maintained. */
export interface Refusal {
  readonly kind: 'refused';
  readonly reason: string;
}

/** An expression, or why there is none. */
export type Bound = RowExpression | Refusal;

/** What else TiDB's rules depend on. */
export interface SessionSettings {
  /** `div_precision_increment` */
  readonly divPrecisionIncrement: number;
  readonly sqlMode: string;
  /**
   * `collation_connection`: of strings that CAST makes of strings; undefined: not known. Texts that are made of numbers
   * have it too, but look the same to all collations, so they are given {@link NUMBER_COLLATION}.
   */
  readonly collation: string | undefined;
}

/** TiDB's defaults. */
export const DEFAULT_SETTINGS: SessionSettings = {
  divPrecisionIncrement: 4,
  sqlMode:
    'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION',
  collation: undefined,
};

/** The collation of texts that are made of numbers and moments: as TiDB describes such columns. */
export const NUMBER_COLLATION = 'utf8mb4_bin';

/** A refusal. */
export function refused(reason: string): Refusal {
  return { kind: 'refused', reason };
}

/** Whether something was refused. */
export function isRefused(bound: Bound): bound is Refusal {
  return bound.kind === 'refused';
}

/** The first refusal among some results. */
export function firstRefusal(bounds: readonly Bound[]): Refusal | undefined {
  return bounds.find(isRefused);
}

/** The type of integers that functions give. */
export function integerType(isUnsigned = false, flen = 20): FieldType {
  return plainType(MysqlType.longlong, flen, 0, isUnsigned ? FieldFlag.unsigned : 0);
}

/** The type of doubles that functions give. */
export function realType(): FieldType {
  return plainType(MysqlType.double, 23, -1, 0);
}

/** A type of exact numbers, within what DECIMAL can be. */
export function decimalType(flen: number, decimal: number, flag = 0): FieldType {
  return plainType(MysqlType.newdecimal, Math.min(flen, 65), Math.min(decimal, 30), flag);
}

/** NULL of a type. */
export function nullOf(type: FieldType): Constant {
  return { kind: 'constant', value: null, type };
}

/** Whether an expression is the literal NULL. */
export function isNullLiteral(expression: RowExpression): boolean {
  return expression.kind === 'constant' && expression.value === null && expression.type.tp === MysqlType.null;
}

/** A call whose value has the scale of its type. */
export function call(
  name: ScalarFunction,
  operands: readonly RowExpression[],
  type: FieldType,
  more: { readonly scale?: number; readonly source: string },
): Call {
  const scale = more.scale ?? (type.tp === MysqlType.newdecimal ? Math.max(type.decimal, 0) : 0);
  return { kind: 'call', function: name, operands, type, scale, source: more.source };
}
