/** Compiles expressions of all kinds into one function's text. */
import { unreachable } from '../../base/assert.js';
import type { Call, RowExpression } from '../expression.js';
import { toDouble } from '../kernels/conversions.js';
import { type BinaryArithmetic, asReal, exactArithmetic, realArithmetic } from './arithmetic-code.js';
import { caseCode, coalesceCode, extremeCode } from './branch-code.js';
import { castCode } from './cast-code.js';
import { Code } from './code.js';
import type { Asked, Compiler } from './compiler.js';
import { columnValue, constantValue, truthAsValue } from './leaf-code.js';
import { numberCode } from './number-code.js';
import { predicateCode, truthValue } from './predicate-code.js';
import { stringCode } from './string-code.js';
import { timeCode, wallClockCode } from './time-code.js';
import type { Value } from './value.js';

/** One function in the making. */
export class ExpressionCompiler implements Compiler {
  readonly code = new Code();

  value(expression: RowExpression): Value {
    return this.code.resultOf(expression, () => this.#value(expression));
  }

  test(expression: RowExpression, asked: Asked): string {
    return predicateCode(expression, asked, this);
  }

  truth(expression: RowExpression): string {
    return truthValue(expression, this);
  }

  #value(expression: RowExpression): Value {
    switch (expression.kind) {
      case 'column':
        return columnValue(expression, this.code);
      case 'constant':
        return constantValue(expression, this.code);
      case 'call':
        return this.#call(expression);
      case 'case':
        return caseCode(expression, this);
      case 'cast':
        return castCode(expression, this);
      case 'compare':
      case 'in':
      case 'like':
      case 'isNull':
      case 'isTruth':
      case 'not':
      case 'and':
      case 'or':
      case 'xor':
        return truthAsValue(this.truth(expression));
      default:
        return unreachable(expression);
    }
  }

  #call(call: Call): Value {
    const { function: name } = call;
    switch (name) {
      case 'add':
      case 'subtract':
      case 'multiply':
      case 'divide':
      case 'intDivide':
      case 'modulo':
        return this.#arithmetic({ ...call, function: name });
      case 'negate':
      case 'abs':
      case 'sign':
      case 'ceil':
      case 'floor':
      case 'round':
      case 'truncate':
        return numberCode({ ...call, function: name }, this);
      case 'coalesce':
        return coalesceCode(call, this);
      case 'greatest':
      case 'least':
        return extremeCode(call, this);
      case 'wallClock':
        return wallClockCode(call, this);
      case 'year':
      case 'month':
      case 'day':
      case 'hour':
      case 'minute':
      case 'second':
        return timeCode({ ...call, function: name }, this);
      default:
        return stringCode({ ...call, function: name }, this);
    }
  }

  #arithmetic(call: Call & { readonly function: BinaryArithmetic }): Value {
    const [left, right] = call.operands.map((operand) => this.value(operand));
    if (left?.kind === 'exact' && right?.kind === 'exact') {
      return exactArithmetic(call, [left, right], this.code);
    }
    const real = (value: Value | undefined): Extract<Value, { kind: 'real' }> =>
      asReal(
        value ?? constantValue({ kind: 'constant', value: null, type: call.type }, this.code),
        this.code,
        toDouble,
      );
    return realArithmetic(call, [real(left), real(right)], this.code);
  }
}
