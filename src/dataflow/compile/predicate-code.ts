/**
 * Tests in compiled code. SQL's logic has three values, but a filter asks only whether a test is true; so a test is
 * written in one of two ways, `is it true` and `is it false`, and NOT, AND and OR pass the question on to their
 * operands (De Morgan) without ever making the third value. Where all three count (XOR, IS NULL, a test as a value),
 * the test's value is computed once into a result: 1, 0, or 2 for NULL.
 *
 * What an operand of AND and OR needs to be computed is computed only if it is asked, for it may have no value.
 */
import { assert, unreachable } from '../../base/assert.js';
import { collationOf } from '../../codec/collation.js';
import { Decimal } from '../../codec/decimal.js';
import {
  type Comparison,
  type Connective,
  type LikeTest,
  type RowExpression,
  typeOf,
} from '../expression.js';
import { likeMatcher } from '../kernels/like.js';
import type { Code } from './code.js';
import { comparisonCode } from './comparison-code.js';
import type { Asked, Compiler } from './compiler.js';
import { ofKind } from './leaf-code.js';
import { membershipCode } from './membership-code.js';
import { type Operand, nullCode, valueOf } from './operand-code.js';
import type { Value } from './value.js';

/** Text that says whether an expression is true, or false. */
export function predicateCode(expression: RowExpression, asked: Asked, compiler: Compiler): string {
  const { code } = compiler;
  switch (expression.kind) {
    case 'column':
    case 'constant':
      return valueTest(expression, asked, code);
    case 'call':
    case 'case':
    case 'cast':
      return computedTest(compiler.value(expression), asked);
    case 'compare':
      return compareTest(expression, asked, compiler);
    case 'in': {
      const operand = operandOf(expression.operand, compiler);
      if (operand === undefined) return 'false';
      return andNotNull([operand], membershipCode(expression, operand, asked, code), code);
    }
    case 'like':
      return likeTest(expression, asked, compiler);
    case 'isNull': {
      const isNull = isNullCode(operandOf(expression.operand, compiler), code);
      return asked === 'true' ? isNull : `!${isNull}`;
    }
    case 'isTruth': {
      const test = predicateCode(expression.operand, expression.truth ? 'true' : 'false', compiler);
      return asked === 'true' ? test : `!${test}`;
    }
    case 'not':
      return predicateCode(expression.operand, asked === 'true' ? 'false' : 'true', compiler);
    case 'and':
    case 'or':
      return connectiveTest(expression, asked, compiler);
    case 'xor': {
      const name = xorValue(expression, compiler);
      return `(${name} === ${asked === 'true' ? 1 : 0})`;
    }
    default:
      return unreachable(expression);
  }
}

/** Keys under which results of truth are known, apart from those of values. */
const TRUTHS = new WeakMap<RowExpression, object>();

function truthKey(expression: RowExpression): object {
  let key = TRUTHS.get(expression);
  if (key === undefined) {
    key = {};
    TRUTHS.set(expression, key);
  }
  return key;
}

/** The name of a result that is 1 where an expression is true, 0 where it is false, 2 where it is NULL. */
export function truthValue(expression: RowExpression, compiler: Compiler): string {
  const { code } = compiler;
  switch (expression.kind) {
    case 'xor':
      return xorValue(expression, compiler);
    case 'and':
    case 'or':
      return code.resultOf(truthKey(expression), () => connectiveValue(expression, compiler));
    case 'not':
      return code.resultOf(truthKey(expression), () => {
        const name = truthValue(expression.operand, compiler);
        return code.result(`${name} === 2 ? 2 : 1 - ${name}`);
      });
    default:
      return code.resultOf(truthKey(expression), () => {
        const isTrue = predicateCode(expression, 'true', compiler);
        const isFalse = predicateCode(expression, 'false', compiler);
        return code.result(`${isTrue} ? 1 : ${isFalse} ? 0 : 2`);
      });
  }
}

function connectiveTest({ kind, operands }: Connective, asked: Asked, compiler: Compiler): string {
  const { code } = compiler;
  const isAll = (kind === 'and') === (asked === 'true');
  const [operator, go] = isAll ? ([' && ', ''] as const) : ([' || ', '!'] as const);
  const [first, ...rest] = operands;
  assert(first !== undefined, `${kind} of nothing`);
  let known = predicateCode(first, asked, compiler);
  for (const operand of rest) {
    const { statements, made: test } = code.block(() => predicateCode(operand, asked, compiler));
    if (statements === '') known = `${known}${operator}${test}`;
    else {
      const name = code.name('t');
      code.emit(`let ${name} = ${known}; if (${go}${name}) { ${statements} ${name} = ${test}; }`);
      known = name;
    }
  }
  return `(${known})`;
}

/** AND and OR of three values; the first operand that decides ends it. */
function connectiveValue({ kind, operands }: Connective, compiler: Compiler): string {
  const { code } = compiler;
  const decisive = kind === 'and' ? 0 : 1;
  const [first, ...rest] = operands;
  assert(first !== undefined, `${kind} of nothing`);
  const name = code.name('t');
  code.emit(`let ${name} = ${truthValue(first, compiler)};`);
  for (const operand of rest) {
    const { statements, made } = code.block(() => truthValue(operand, compiler));
    code.emit(`if (${name} !== ${decisive}) { ${statements}
      ${name} = ${made} === ${decisive} ? ${decisive} : ${name} === 2 ? 2 : ${made}; }`);
  }
  return name;
}

function xorValue(expression: Connective, compiler: Compiler): string {
  const { code } = compiler;
  return code.resultOf(truthKey(expression), () => {
    const [first, ...rest] = expression.operands.map((operand) => truthValue(operand, compiler));
    assert(first !== undefined, 'XOR of nothing');
    const join = (left: string, right: string): string =>
      code.result(`${left} === 2 || ${right} === 2 ? 2 : ${left} ^ ${right}`);
    return rest.reduce(join, first);
  });
}

/** A computed number that is taken as a test: not zero. */
function computedTest(value: Value, asked: Asked): string {
  if (value.isNull === 'true') return 'false';
  const compare = asked === 'true' ? '!==' : '===';
  const test = nonZeroText(value, compare, asked === 'true' ? '||' : '&&');
  return value.isNull === undefined ? test : `(!${value.isNull} && ${test})`;
}

function nonZeroText(value: Value, compare: '!==' | '===', join: '||' | '&&'): string {
  if (value.kind === 'real') return `${value.number} ${compare} 0`;
  assert(value.kind === 'exact', `a value of kind ${value.kind} is no truth value`);
  // A wide value is never zero.
  return value.wide === undefined
    ? `${value.small} ${compare} 0`
    : `(${value.wide} ${compare} undefined ${join} ${value.small} ${compare} 0)`;
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

function compareTest(
  { operator, domain, left, right }: Comparison,
  asked: Asked,
  compiler: Compiler,
): string {
  const { code } = compiler;
  const [a, b] = [operandOf(left, compiler), operandOf(right, compiler)];
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
  compiler: Compiler,
): string {
  const { code } = compiler;
  const text = operandOf(operand, compiler);
  if (text === undefined) return 'false';
  const matcher = likeMatcher(collationOf(collation, isNewCollation), pattern, escape);
  if (text.kind === 'constant') {
    const { value } = text.constant;
    assert(value instanceof Uint8Array, 'LIKE of a string');
    return String(matcher(value, 0, value.length) === (asked === 'true'));
  }
  const { data, start, end } = ofKind(valueOf(text, code), 'bytes');
  const test = `${code.constant(matcher)}(${data}, ${start}, ${end})`;
  return andNotNull([text], asked === 'true' ? test : `!${test}`, code);
}

/** Text that says whether an operand is NULL; one that is not there is. */
function isNullCode(operand: Operand | undefined, code: Code): string {
  if (operand === undefined) return 'true';
  return nullCode(operand, code) ?? 'false';
}

/** An expression as an operand; undefined: it is NULL, always. */
function operandOf(expression: RowExpression, compiler: Compiler): Operand | undefined {
  switch (expression.kind) {
    case 'column':
      return { kind: 'column', column: expression };
    case 'constant':
      return expression.value === null ? undefined : { kind: 'constant', constant: expression };
    case 'call':
    case 'case':
    case 'cast':
      return { kind: 'value', value: compiler.value(expression), type: typeOf(expression) };
    default:
      return { kind: 'boolean', name: truthValue(expression, compiler) };
  }
}

/** A test that is neither true nor false where an operand is NULL. */
function andNotNull(operands: readonly Operand[], test: string, code: Code): string {
  const tests = operands.map((operand) => nullCode(operand, code)).filter((it) => it !== undefined);
  return `(${[...tests.map((it) => `!(${it})`), test].join(' && ')})`;
}
