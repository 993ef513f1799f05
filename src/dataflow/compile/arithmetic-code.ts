/**
 * Arithmetic in compiled code: on exact numbers in doubles as long as nothing is lost, else in bigints; on doubles as
 * they are. What is out of the range of its type is an EvaluationError.
 *
 * @see pingcap/tidb pkg/expression/builtin_arithmetic.go
 */
import { assert } from '../../base/assert.js';
import { MysqlType, isUnsigned } from '../../codec/field-type.js';
import { EvaluationError } from '../evaluation-error.js';
import type { Call } from '../expression.js';
import type { Code } from './code.js';
import {
  type ExactTarget,
  bigAt,
  bigText,
  exactResult,
  inRange,
  setBig,
  setExact,
  smallAt,
} from './exact-values.js';
import { type ExactValue, type RealValue, type Value, anyNull } from './value.js';

/** The arithmetic of two operands. */
export type BinaryArithmetic = 'add' | 'subtract' | 'multiply' | 'divide' | 'intDivide' | 'modulo';

/** The value of an arithmetic call on two exact numbers. */
export function exactArithmetic(
  call: Call & { readonly function: BinaryArithmetic },
  [a, b]: readonly [ExactValue, ExactValue],
  code: Code,
): ExactValue {
  switch (call.function) {
    case 'add':
    case 'subtract':
      return sum(call, a, b, code);
    case 'multiply':
      return product(call, a, b, code);
    case 'divide':
    case 'intDivide':
    case 'modulo':
      return quotient(call, a, b, code);
  }
}

function sum(call: Call, a: ExactValue, b: ExactValue, code: Code): ExactValue {
  const sign = call.function === 'add' ? '+' : '-';
  return exactResult(anyNull([a, b]), call.scale, code, (target) => {
    const [x, y] = [smallAt(a, call.scale, code), smallAt(b, call.scale, code)];
    const number = code.result(`${x.text} ${sign} ${y.text}`);
    const conditions = [...x.conditions, ...y.conditions, ...fits(number, call)];
    const big = `${bigAt(a, call.scale)} ${sign} ${bigAt(b, call.scale)}`;
    setExact(target, { conditions, number }, { big, check: rangeCheck(call, code) }, code);
  });
}

function product(call: Call, a: ExactValue, b: ExactValue, code: Code): ExactValue {
  return exactResult(anyNull([a, b]), call.scale, code, (target) => {
    const conditions = [a, b].flatMap(({ wide }) => (wide === undefined ? [] : [`${wide} === undefined`]));
    // The sum with zero makes a zero of the negative zero.
    const number = code.result(`${a.small} * ${b.small} + 0`);
    // With an unsigned operand TiDB takes the bits of both for unsigned numbers.
    const isOfBits = isInteger(call) && isUnsigned(call.type);
    const [x, y] = [a, b].map((it) => (isOfBits ? `BigInt.asUintN(64, ${bigText(it)})` : bigText(it)));
    const slow = { big: `${x} * ${y}`, check: rangeCheck(call, code) };
    setExact(target, { conditions: [...conditions, ...fits(number, call)], number }, slow, code);
  });
}

/** Quotients and remainders: NULL where the divisor is zero. */
function quotient(call: Call, a: ExactValue, b: ExactValue, code: Code): ExactValue {
  const isNull = code.name('z');
  const [small, wide] = [code.name('s'), code.name('w')];
  code.emit(`let ${isNull} = ${anyNull([a, b]) ?? 'false'}, ${small} = 0, ${wide};`);
  const isZero = b.wide === undefined ? `${b.small} === 0` : `${b.wide} === undefined && ${b.small} === 0`;
  const { statements } = code.block(() => divide(call, a, b, { small, wide }, code));
  code.emit(`if (!${isNull}) { if (${isZero}) ${isNull} = true; else { ${statements} } }`);
  return { kind: 'exact', isNull, small, wide, scale: call.scale };
}

function divide(call: Call, a: ExactValue, b: ExactValue, target: ExactTarget, code: Code): void {
  // Both at scales at which the quotient of the unscaled values is that of the wanted scale.
  const common = Math.max(a.scale, b.scale);
  const [scaleA, scaleB] =
    call.function === 'divide' ? [Math.max(call.scale + b.scale, a.scale), b.scale] : [common, common];
  assert(call.function !== 'divide' || scaleA === call.scale + b.scale, `a quotient of scale ${call.scale}`);
  const [x, y] = [smallAt(a, scaleA, code), smallAt(b, scaleB, code)];
  const operator = call.function === 'modulo' ? '%' : '/';
  const rest = code.result(`${x.text} % ${y.text}`);
  // What is left after taking the remainder away is a multiple of the divisor, so this division is exact.
  const number = code.result(operator === '%' ? `${rest} + 0` : `(${x.text} - ${rest}) / ${y.text} + 0`);
  setExact(
    target,
    { conditions: [...x.conditions, ...y.conditions, ...fits(number, call)], number },
    { big: `(${bigAt(a, scaleA)}) ${operator} (${bigAt(b, scaleB)})`, check: rangeCheck(call, code) },
    code,
  );
}

/** `-a` of an exact number. */
export function exactNegation(call: Call, a: ExactValue, code: Code): ExactValue {
  return exactResult(a.isNull, call.scale, code, (target) => {
    const conditions = a.wide === undefined ? [] : [`${a.wide} === undefined`];
    const slow = { big: `-${bigText(a)}`, check: rangeCheck(call, code) };
    setExact(target, { conditions, number: `0 - ${a.small}` }, slow, code);
  });
}

/** The absolute value of an exact number. */
export function exactAbsolute(call: Call, a: ExactValue, code: Code): ExactValue {
  return exactResult(a.isNull, call.scale, code, (target) => {
    if (a.wide !== undefined) {
      const big = code.name('b');
      code.emit(`if (${a.wide} !== undefined) {
        const ${big} = ${a.wide} < 0n ? -${a.wide} : ${a.wide};
        ${rangeCheck(call, code).replaceAll('$', big)} ${setBig(target, big)}
      }`);
    }
    code.emit(
      `${a.wide === undefined ? '' : `if (${a.wide} === undefined)`} ${target.small} = Math.abs(${a.small});`,
    );
  });
}

/** Conditions for a double to be an integer's value, whatever the operands. */
function fits(number: string, call: Call): readonly string[] {
  return isInteger(call) && isUnsigned(call.type) ? [inRange(number), `${number} >= 0`] : [inRange(number)];
}

function isInteger({ type }: Call): boolean {
  return type.tp === MysqlType.longlong;
}

/** Statements that fail when the bigint `$` is none of the type's. */
function rangeCheck(call: Call, code: Code): string {
  const { type, source } = call;
  if (!isInteger(call)) return '';
  const [least, most, name] = isUnsigned(type)
    ? ['0n', '18446744073709551615n', 'BIGINT UNSIGNED']
    : ['-9223372036854775808n', '9223372036854775807n', 'BIGINT'];
  return `if ($ < ${least} || $ > ${most}) ${failCode(name, source, code)};`;
}

/** A statement that throws an EvaluationError. */
export function failCode(typeName: string, source: string, code: Code): string {
  return `${code.constant(() => {
    throw new EvaluationError(typeName, source);
  })}()`;
}

/** Arithmetic of two doubles. */
export function realArithmetic(
  call: Call & { readonly function: BinaryArithmetic },
  [a, b]: readonly [RealValue, RealValue],
  code: Code,
): RealValue {
  const isNull = code.name('z');
  const number = code.name('f');
  code.emit(`let ${isNull} = ${anyNull([a, b]) ?? 'false'}, ${number} = 0;`);
  const isDivision = call.function === 'divide' || call.function === 'modulo';
  const operator = realOperator(call.function);
  const compute = `${number} = ${a.number} ${operator} ${b.number};
    if (${number} - ${number} !== 0) ${failCode('DOUBLE', call.source, code)};`;
  code.emit(
    isDivision
      ? `if (!${isNull}) { if (${b.number} === 0) ${isNull} = true; else { ${compute} } }`
      : `if (!${isNull}) { ${compute} }`,
  );
  return { kind: 'real', isNull, number };
}

function realOperator(name: BinaryArithmetic): string {
  assert(name !== 'intDivide', 'DIV is of exact numbers');
  return ({ add: '+', subtract: '-', multiply: '*', divide: '/', modulo: '%' } as const)[name];
}

/** The nearest double of a number. */
export function asReal(
  value: Value,
  code: Code,
  toDouble: (unscaled: bigint, scale: number) => number,
): RealValue {
  if (value.kind === 'real') return value;
  assert(value.kind === 'exact', `a ${value.kind} value is no number`);
  const { isNull, small, wide, scale } = value;
  // The quotient of two exact doubles is rounded once, so it is the nearest one; 10^22 is the last exact power.
  const near = scale === 0 ? small : scale <= 22 ? `${small} / ${10 ** scale}` : undefined;
  const big = `${code.constant(toDouble)}(${bigText(value)}, ${scale})`;
  if (near === undefined)
    return {
      kind: 'real',
      isNull,
      number: code.result(isNull === undefined ? big : `${isNull} ? 0 : ${big}`),
    };
  const text = wide === undefined ? near : `${wide} === undefined ? ${near} : ${big}`;
  return { kind: 'real', isNull, number: code.result(text) };
}
