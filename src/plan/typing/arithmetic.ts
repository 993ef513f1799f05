/**
 * The arithmetic operators: on which kind of numbers they work, and the type of the result.
 *
 * @see pingcap/tidb pkg/expression/builtin_arithmetic.go, builtin_op.go (unaryMinus)
 */
import { digitCount } from '../../codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { type RowExpression, scaleOf, typeOf } from '../../dataflow/expression.js';
import {
  type Bound,
  type SessionSettings,
  call,
  decimalType,
  integerType,
  isNullLiteral,
  isRefused,
  realType,
  refused,
} from './bound.js';
import { asExact, asReal, hasHiddenDigits, numberKindOf } from './conversion.js';
import {
  fixedQuotientScale,
  integerDigits,
  keepsAllDigits,
  quotientScale,
  shapeOf,
} from './decimal-shape.js';
import { typeName } from './value-class.js';

/** The operators by TiDB's names. */
export type ArithmeticName = 'add' | 'subtract' | 'multiply' | 'divide' | 'intDivide' | 'modulo';

/** Binds an operator. */
export function bindArithmetic(
  name: ArithmeticName,
  [left, right]: readonly [RowExpression, RowExpression],
  source: string,
  settings: SessionSettings,
): Bound {
  if (isNullLiteral(left) || isNullLiteral(right)) return refused('NULL is computed with');
  const [a, b] = [numberKindOf(typeOf(left)), numberKindOf(typeOf(right))];
  if (a === undefined || b === undefined) {
    return refused(
      `arithmetic on ${typeName(typeOf(a === undefined ? left : right))} values is not supported yet`,
    );
  }
  if (name === 'intDivide' && (a === 'real' || b === 'real')) {
    return refused('DIV of floating-point numbers is not supported yet');
  }
  if (a === 'real' || b === 'real') return onReals(name, [left, right], source);
  const operands = [asExact(left), asExact(right)] as const;
  const [x, y] = operands;
  if (isRefused(x)) return x;
  if (isRefused(y)) return y;
  if (a === 'decimal' || b === 'decimal' || name === 'divide') {
    return onExacts(name, [x, y], source, settings);
  }
  const isNoSubtraction = /NO_UNSIGNED_SUBTRACTION/i.test(settings.sqlMode) && name === 'subtract';
  const isUnsigned = isUnsignedType(x) || (name !== 'modulo' && isUnsignedType(y)) ? !isNoSubtraction : false;
  return call(name, [x, y], integerType(isUnsigned), { source });
}

function isUnsignedType(expression: RowExpression): boolean {
  return hasFlag(typeOf(expression), FieldFlag.unsigned);
}

function onReals(
  name: ArithmeticName,
  operands: readonly [RowExpression, RowExpression],
  source: string,
): Bound {
  const [x, y] = [asReal(operands[0]), asReal(operands[1])];
  if (isRefused(x)) return x;
  if (isRefused(y)) return y;
  const flag = name === 'modulo' ? typeOf(operands[0]).flag & FieldFlag.unsigned : 0;
  const type = realType();
  return call(name, [x, y], { ...type, flag: type.flag | flag }, { source });
}

function onExacts(
  name: ArithmeticName,
  [x, y]: readonly [RowExpression, RowExpression],
  source: string,
  settings: SessionSettings,
): Bound {
  const [a, b] = [shapeOf(x), shapeOf(y)];
  const increment = settings.divPrecisionIncrement;
  const hidden = fixedQuotientScale(a, b, increment);
  const worst = quotientScale(Math.max(a.scale, a.scaleMin), Math.max(b.scale, b.scaleMin), increment);
  if (!keepsAllDigits(name, a, b, hidden ?? worst)) {
    return refused('TiDB may cut off digits of its result, which is beyond what it computes with');
  }
  const isUncertain =
    name === 'divide'
      ? isMixed(x)
      : name !== 'intDivide' && ((hasHiddenDigits(x) && isMixed(y)) || (hasHiddenDigits(y) && isMixed(x)));
  if (name === 'modulo' && (hasHiddenDigits(x) || hasHiddenDigits(y)))
    return refused('how many digits of a quotient go into a remainder depends on its value');
  if (isUncertain) return refused('how many digits TiDB shows of it depends on where a value comes from');
  const type = exactType(name, [takenFor(x, name), takenFor(y, name)], settings);
  switch (name) {
    case 'divide':
      if (hidden === undefined) return refused('how many digits TiDB computes it with depends on the values');
      return call(name, [x, y], type, { scale: Math.max(hidden, type.decimal), source });
    case 'intDivide':
      return call(name, [x, y], type, { source });
    case 'multiply':
      return call(name, [x, y], type, { scale: scaleOf(x) + scaleOf(y), source });
    default:
      return call(name, [x, y], type, { scale: Math.max(scaleOf(x), scaleOf(y)), source });
  }
}

/** Whether values of an expression can have fewer digits than its type shows, as those of COALESCE can. */
function isMixed(expression: RowExpression): boolean {
  const { decimal, tp } = typeOf(expression);
  return tp === MysqlType.newdecimal && shapeOf(expression).scaleMin < decimal;
}

/** The type of an operand as TiDB sees it when it types the result: after making a decimal of an integer. */
function takenFor(operand: RowExpression, name: ArithmeticName): FieldType {
  const type = typeOf(operand);
  if (type.tp === MysqlType.newdecimal || name === 'modulo' || name === 'intDivide') return type;
  if (operand.kind === 'constant' && typeof operand.value === 'bigint') {
    return { ...type, flen: Math.max(digitCount(operand.value), 1) };
  }
  return { ...type, flen: integerDigits(type) };
}

/** The type of a result that is computed exactly. */
function exactType(
  name: ArithmeticName,
  [a, b]: readonly [FieldType, FieldType],
  { divPrecisionIncrement }: SessionSettings,
): FieldType {
  const [scaleA, scaleB] = [Math.max(a.decimal, 0), Math.max(b.decimal, 0)];
  const [intA, intB] = [a.flen - scaleA, b.flen - scaleB];
  switch (name) {
    case 'add':
    case 'subtract': {
      const scale = Math.max(scaleA, scaleB);
      return decimalType(Math.max(intA, intB) + scale + 1, scale);
    }
    case 'multiply': {
      const scale = Math.min(scaleA + scaleB, 30);
      return decimalType(intA + intB + scale, scale);
    }
    case 'divide': {
      const scale = Math.min(scaleA + divPrecisionIncrement, 30);
      const digits = a.flen - (scaleA > 0 ? 1 : 0) - 1 + scaleB + divPrecisionIncrement;
      return decimalType(Math.min(digits, 65) + (scale > 0 ? 1 : 0) + 1, scale);
    }
    case 'modulo':
      return decimalType(Math.max(a.flen, b.flen), Math.max(scaleA, scaleB), a.flag & FieldFlag.unsigned);
    case 'intDivide':
      return integerType(hasFlag(a, FieldFlag.unsigned) || hasFlag(b, FieldFlag.unsigned));
  }
}

/** Binds `-x`. */
export function bindNegation(operand: RowExpression, source: string): Bound {
  if (isNullLiteral(operand)) return refused('NULL is computed with');
  const type = typeOf(operand);
  const flen = type.flen + 1;
  switch (numberKindOf(type)) {
    case 'integer':
      if (type.tp === MysqlType.date || type.tp === MysqlType.datetime) {
        return refused(`the negative of a ${typeName(type)} is not supported yet`);
      }
      return call('negate', [operand], integerType(false, flen), { source });
    case 'decimal':
      return call('negate', [operand], decimalType(flen, type.decimal), { scale: scaleOf(operand), source });
    case 'real': {
      const real = asReal(operand);
      return isRefused(real) ? real : call('negate', [real], realType(), { source });
    }
    default:
      return refused(`the negative of a ${typeName(type)} is not supported yet`);
  }
}
