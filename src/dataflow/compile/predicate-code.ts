/**
 * Tests in compiled code. SQL's logic has three values, but a filter asks only whether a test is true; so a test is
 * written in one of two ways, `is it true` and `is it false`, and NOT, AND and OR pass the question on to their
 * operands (De Morgan) without ever making the third value. Where all three count (XOR, IS NULL, a test as a value),
 * the test's value is computed once into a result: 1, 0, or 2 for NULL.
 */
import { assert, unreachable } from '../../base/assert.js';
import { collationOf } from '../../codec/collation.js';
import { Decimal } from '../../codec/decimal.js';
import type { Comparison, Connective, LikeTest, RowExpression } from '../expression.js';
import { likeMatcher } from '../kernels/like.js';
import type { Code } from './code.js';
import { cell, comparisonCode } from './comparison-code.js';
import { membershipCode } from './membership-code.js';
import { type Operand, nullCode } from './operand-code.js';

/** What is asked of a test. */
export type Asked = 'true' | 'false';

/** Text that says whether an expression is true, or false. */
export function predicateCode(expression: RowExpression, asked: Asked, code: Code): string {
  switch (expression.kind) {
    case 'column':
    case 'constant':
      return valueTest(expression, asked, code);
    case 'compare':
      return compareTest(expression, asked, code);
    case 'in': {
      const operand = operandOf(expression.operand, code);
      if (operand === undefined) return 'false';
      return andNotNull([operand], membershipCode(expression, operand, asked, code), code);
    }
    case 'like':
      return likeTest(expression, asked, code);
    case 'isNull': {
      const isNull = isNullCode(operandOf(expression.operand, code), code);
      return asked === 'true' ? isNull : `!${isNull}`;
    }
    case 'isTruth': {
      const test = predicateCode(expression.operand, expression.truth ? 'true' : 'false', code);
      return asked === 'true' ? test : `!${test}`;
    }
    case 'not':
      return predicateCode(expression.operand, asked === 'true' ? 'false' : 'true', code);
    case 'and':
    case 'or':
      return connectiveTest(expression, asked, code);
    case 'xor': {
      const name = xorValue(expression, code);
      return `(${name} === ${asked === 'true' ? 1 : 0})`;
    }
    default:
      return unreachable(expression);
  }
}

/** The name of a result that is 1 where an expression is true, 0 where it is false, 2 where it is NULL. */
export function truthValue(expression: RowExpression, code: Code): string {
  if (expression.kind === 'xor') return xorValue(expression, code);
  return code.resultOf(expression, () => {
    const isTrue = predicateCode(expression, 'true', code);
    const isFalse = predicateCode(expression, 'false', code);
    return code.result(`${isTrue} ? 1 : ${isFalse} ? 0 : 2`);
  });
}

function connectiveTest({ kind, operands }: Connective, asked: Asked, code: Code): string {
  const isAll = (kind === 'and') === (asked === 'true');
  return `(${operands.map((operand) => predicateCode(operand, asked, code)).join(isAll ? ' && ' : ' || ')})`;
}

function xorValue(expression: Connective, code: Code): string {
  return code.resultOf(expression, () => {
    const [first, ...rest] = expression.operands.map((operand) => truthValue(operand, code));
    assert(first !== undefined, 'XOR of nothing');
    const join = (left: string, right: string): string =>
      code.result(`${left} === 2 || ${right} === 2 ? 2 : ${left} ^ ${right}`);
    return rest.reduce(join, first);
  });
}

/** A value that is taken as a test: not zero. */
function valueTest(
  expression: Extract<RowExpression, { kind: 'column' | 'constant' }>,
  asked: Asked,
  code: Code,
): string {
  if (expression.kind === 'constant') {
    const { value } = expression;
    return String(value !== null && isNonZero(value) === (asked === 'true'));
  }
  const { index, type } = expression;
  const storage = code.column(index, type);
  assert(storage !== 'bytes', `column ${index} is no truth value`);
  const number = storage === 'f64' ? `v${index}[i]` : `(l${index}[i] | h${index}[i])`;
  return `(!${code.isNull(index)} && ${number} ${asked === 'true' ? '!==' : '==='} 0)`;
}

function isNonZero(value: bigint | number | Decimal | Uint8Array): boolean {
  assert(!(value instanceof Uint8Array), 'a string is no truth value');
  return value instanceof Decimal ? value.unscaled !== 0n : Number(value) !== 0;
}

function compareTest({ operator, domain, left, right }: Comparison, asked: Asked, code: Code): string {
  const [a, b] = [operandOf(left, code), operandOf(right, code)];
  const isNullSafe = operator === '<=>';
  if (a === undefined || b === undefined) {
    if (!isNullSafe) return 'false';
    const isNull = isNullCode(a ?? b, code);
    return asked === 'true' ? isNull : `!${isNull}`;
  }
  const test = comparisonCode(operator, domain, a, b, code);
  if (!isNullSafe) return andNotNull([a, b], asked === 'true' ? test : `!${test}`, code);
  const [isLeftNull, isRightNull] = [isNullCode(a, code), isNullCode(b, code)];
  return `${asked === 'true' ? '' : '!'}(${isLeftNull} ? ${isRightNull} : !${isRightNull} && ${test})`;
}

function likeTest(
  { operand, pattern, escape, collation, isNewCollation }: LikeTest,
  asked: Asked,
  code: Code,
): string {
  const text = operandOf(operand, code);
  if (text === undefined) return 'false';
  const matcher = likeMatcher(collationOf(collation, isNewCollation), pattern, escape);
  if (text.kind === 'constant') {
    const { value } = text.constant;
    assert(value instanceof Uint8Array, 'LIKE of a string');
    return String(matcher(value, 0, value.length) === (asked === 'true'));
  }
  assert(text.kind === 'column', 'LIKE of a test');
  const test = `${code.constant(matcher)}(${cell(text.column, code)})`;
  return andNotNull([text], asked === 'true' ? test : `!${test}`, code);
}

/** Text that says whether an operand is NULL; one that is not there is. */
function isNullCode(operand: Operand | undefined, code: Code): string {
  if (operand === undefined) return 'true';
  return nullCode(operand, code) ?? 'false';
}

/** An expression as an operand; undefined: it is NULL, always. */
function operandOf(expression: RowExpression, code: Code): Operand | undefined {
  if (expression.kind === 'column') return { kind: 'column', column: expression };
  if (expression.kind !== 'constant') return { kind: 'boolean', name: truthValue(expression, code) };
  return expression.value === null ? undefined : { kind: 'constant', constant: expression };
}

/** A test that is neither true nor false where an operand is NULL. */
function andNotNull(operands: readonly Operand[], test: string, code: Code): string {
  const tests = operands.map((operand) => nullCode(operand, code)).filter((it) => it !== undefined);
  return `(${[...tests.map((it) => `!(${it})`), test].join(' && ')})`;
}
