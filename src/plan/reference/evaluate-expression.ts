/**
 * Evaluates expressions on single values, plainly: the oracle of the compiled ones, and the embedded cluster's way to
 * answer a SELECT. Shares with the engine only the codec.
 */
import { assert, unreachable } from '../../base/assert.js';
import { collationOf } from '../../codec/collation.js';
import type { Datum } from '../../codec/datum.js';
import { Decimal } from '../../codec/decimal.js';
import { MysqlType } from '../../codec/field-type.js';
import {
  type Call,
  type Case,
  type ComparisonDomain,
  type ComparisonOperator,
  type Connective,
  type RowExpression,
  typeOf,
} from '../../dataflow/expression.js';
import { callFunction } from './call-function.js';
import { castDatum } from './cast-datum.js';
import { isLike } from './is-like.js';

/** True, false, or unknown. */
export type Truth = boolean | null;

/**
 * The value of an expression on a row; tests give 1, 0 or NULL.
 *
 * @throws EvaluationError — when it has none.
 */
export function evaluate(expression: RowExpression, row: readonly Datum[]): Datum {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'column': {
      const value = row[expression.index];
      assert(value !== undefined, `no column ${expression.index} in a row of ${row.length}`);
      return value;
    }
    case 'case': {
      const branch = expression.branches.find(({ when }) => truthOf(when, row) === true);
      return atScale(evaluate(branch?.then ?? expression.otherwise, row), expression);
    }
    case 'cast':
      return castDatum(evaluate(expression.operand, row), typeOf(expression.operand), expression);
    case 'call': {
      if (expression.function === 'coalesce') {
        for (const operand of expression.operands) {
          const value = evaluate(operand, row);
          if (value !== null) return atScale(value, expression);
        }
        return null;
      }
      return callFunction(
        expression,
        expression.operands.map((operand) => evaluate(operand, row)),
      );
    }
    default: {
      const truth = truthOf(expression, row);
      return truth === null ? null : truth ? 1n : 0n;
    }
  }
}

/** The value as a column of an expression's type holds it: a decimal rounded to the scale that is shown. */
export function evaluateColumn(expression: RowExpression, row: readonly Datum[]): Datum {
  const value = evaluate(expression, row);
  const { decimal } = typeOf(expression);
  return value instanceof Decimal ? value.rescale(Math.max(decimal, 0)) : value;
}

/** An exact value at the scale of the expression that it comes out of. */
function atScale(value: Datum, { type, scale }: Case | Call): Datum {
  if (type.tp !== MysqlType.newdecimal || value === null) return value;
  return exact(value).rescale(scale);
}

/** Whether an expression is true on a row. */
export function truthOf(expression: RowExpression, row: readonly Datum[]): Truth {
  switch (expression.kind) {
    case 'column':
    case 'constant':
    case 'call':
    case 'case':
    case 'cast':
      return truthOfValue(evaluate(expression, row));
    case 'compare': {
      const [left, right] = [evaluate(expression.left, row), evaluate(expression.right, row)];
      return compareBy(expression.operator, expression.domain, left, right);
    }
    case 'in': {
      const operand = evaluate(expression.operand, row);
      return anyOf(expression.values.map(({ value }) => sameIn(expression.domain, operand, value)));
    }
    case 'like': {
      const operand = evaluate(expression.operand, row);
      if (operand === null) return null;
      assert(operand instanceof Uint8Array, 'LIKE of a string');
      const collation = collationOf(expression.collation, expression.isNewCollation);
      return isLike(collation, operand, expression.pattern, expression.escape);
    }
    case 'isNull':
      return evaluate(expression.operand, row) === null;
    case 'isTruth':
      return truthOf(expression.operand, row) === expression.truth;
    case 'not': {
      const truth = truthOf(expression.operand, row);
      return truth === null ? null : !truth;
    }
    case 'and':
    case 'or':
      return connected(expression, row);
    case 'xor': {
      const truths = expression.operands.map((operand) => truthOf(operand, row));
      return truths.includes(null) ? null : truths.filter((truth) => truth === true).length % 2 === 1;
    }
    default:
      return unreachable(expression);
  }
}

/** AND and OR: the first operand that decides is the last that is asked. */
function connected({ kind, operands }: Connective, row: readonly Datum[]): Truth {
  const decisive = kind === 'or';
  let truth: Truth = !decisive;
  for (const operand of operands) {
    const own = truthOf(operand, row);
    if (own === decisive) return decisive;
    if (own === null) truth = null;
  }
  return truth;
}

function truthOfValue(value: Datum): Truth {
  if (value === null) return null;
  assert(!(value instanceof Uint8Array), 'a string is no truth value');
  return value instanceof Decimal ? value.unscaled !== 0n : Number(value) !== 0;
}

/** True if any is, else unknown if any is, else false. */
function anyOf(truths: readonly Truth[]): Truth {
  if (truths.includes(true)) return true;
  return truths.includes(null) ? null : false;
}

function compareBy(operator: ComparisonOperator, domain: ComparisonDomain, left: Datum, right: Datum): Truth {
  if (left === null || right === null) return operator === '<=>' ? left === right : null;
  const order = orderOf(domain, left, right);
  switch (operator) {
    case '=':
    case '<=>':
      return order === 0;
    case '<>':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Whether IN takes two values for the same: strings by their sort keys. */
function sameIn(domain: ComparisonDomain, left: Datum, right: Datum): Truth {
  if (domain.kind !== 'string' || left === null || right === null) return compareBy('=', domain, left, right);
  assert(left instanceof Uint8Array && right instanceof Uint8Array, 'strings are bytes');
  return collationOf(domain.collation, domain.isNewCollation).equals(left, right);
}

/** Negative, zero or positive. */
function orderOf(domain: ComparisonDomain, left: NonNullable<Datum>, right: NonNullable<Datum>): number {
  switch (domain.kind) {
    case 'integer':
    case 'decimal':
      return exact(left).compare(exact(right));
    case 'time':
    case 'duration': {
      assert(typeof left === 'bigint' && typeof right === 'bigint', 'times are integers');
      return left < right ? -1 : left > right ? 1 : 0;
    }
    case 'real': {
      const [a, b] = [real(left), real(right)];
      return a < b ? -1 : a > b ? 1 : 0;
    }
    case 'string':
      assert(left instanceof Uint8Array && right instanceof Uint8Array, 'strings are bytes');
      return collationOf(domain.collation, domain.isNewCollation).compare(left, right);
    default:
      return unreachable(domain);
  }
}

function exact(value: NonNullable<Datum>): Decimal {
  if (typeof value === 'bigint') return new Decimal(value, 0);
  assert(value instanceof Decimal, 'an exact number');
  return value;
}

function real(value: NonNullable<Datum>): number {
  if (typeof value === 'number') return value;
  assert(!(value instanceof Uint8Array), 'a number');
  // Both conversions round once, to the nearest double.
  return typeof value === 'bigint' ? Number(value) : Number(value.toString());
}
