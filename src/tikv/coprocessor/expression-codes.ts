/**
 * Numbers of the expressions that are pushed down to TiKV.
 *
 * @see pingcap/tipb proto/expression.proto (ExprType, ScalarFuncSig)
 */
import type { ComparisonOp, Constant } from './condition.js';

/** Kinds of expressions. */
export const ExprType = {
  int64: 1,
  uint64: 2,
  float64: 4,
  string: 5,
  decimal: 102,
  duration: 103,
  time: 107,
  columnRef: 201,
  scalarFunc: 10000,
} as const;

export const LOGICAL_AND = 3101;
export const LOGICAL_OR = 3102;
export const UNARY_NOT_INT = 3104;

/** Signatures of comparisons are 10 apart by operator, and follow each other by kind. */
export const COMPARISON: Readonly<Record<ComparisonOp, number>> = {
  '<': 100,
  '<=': 110,
  '>': 120,
  '>=': 130,
  '=': 140,
  '<>': 150,
};
/** Of integers; plus {@link KIND_OFFSET}. */
export const IN = 4001;
/** The order of kinds among the signatures of one operator. */
export const KIND_OFFSET: Readonly<Record<Constant['kind'], number>> = {
  int: 0,
  real: 1,
  decimal: 2,
  string: 3,
  time: 4,
  duration: 5,
};
export const IS_NULL: Readonly<Record<Constant['kind'], number>> = {
  decimal: 3111,
  duration: 3112,
  real: 3113,
  string: 3114,
  time: 3115,
  int: 3116,
};
