/** CASE, COALESCE, GREATEST and LEAST in compiled code: only what is asked for is computed. */
import { unreachable } from '../../base/assert.js';
import { type FieldType, storageOf } from '../../codec/field-type.js';
import type { Call, Case, RowExpression } from '../expression.js';
import { isPlainNumber } from '../plain-number.js';
import type { Code } from './code.js';
import { numericOperator } from './exact-code.js';
import { compareValues } from './value-comparison.js';
import type { Compiler } from './compiler.js';
import { rescaleCode } from './exact-values.js';
import { ofKind } from './leaf-code.js';
import type { Value } from './value.js';

/** A value that is set in several places. */
interface Variable {
  readonly value: Value & { readonly isNull: string };
  readonly scale: number;
}

/** Declares a value, NULL at first. */
export function declareValue(type: FieldType, scale: number, code: Code): Variable {
  const isNull = code.name('z');
  const made = (value: Value): Variable => ({ value: { ...value, isNull }, scale });
  const storage = storageOf(type);
  switch (storage) {
    case 'dec':
    case 'i64': {
      if (storage === 'i64' && !isPlainNumber(type)) {
        const [lo, hi] = [code.name('p'), code.name('q')];
        code.emit(`let ${isNull} = true, ${lo} = 0, ${hi} = 0;`);
        return made({ kind: 'bits', isNull, lo, hi });
      }
      const [small, wide] = [code.name('s'), code.name('w')];
      code.emit(`let ${isNull} = true, ${small} = 0, ${wide};`);
      return made({ kind: 'exact', isNull, small, wide, scale });
    }
    case 'f64': {
      const number = code.name('f');
      code.emit(`let ${isNull} = true, ${number} = 0;`);
      return made({ kind: 'real', isNull, number });
    }
    case 'bytes': {
      const [data, start, end] = [code.name('m'), code.name('p'), code.name('q')];
      code.emit(`let ${isNull} = true, ${data}, ${start} = 0, ${end} = 0;`);
      return made({ kind: 'bytes', isNull, data, start, end });
    }
    default:
      return unreachable(storage);
  }
}

/** Sets a declared value. */
export function assignValue({ value: target, scale }: Variable, given: Value, code: Code): void {
  if (given.isNull === 'true') {
    code.emit(`${target.isNull} = true;`);
    return;
  }
  const set = assignment(target, given, scale, code);
  code.emit(
    given.isNull === undefined
      ? `${target.isNull} = false; ${set}`
      : `${target.isNull} = ${given.isNull}; if (!${target.isNull}) { ${set} }`,
  );
}

function assignment(target: Value, given: Value, scale: number, code: Code): string {
  switch (target.kind) {
    case 'exact': {
      const { small, wide } = rescaleCode(ofKind(given, 'exact'), scale, 'halfUp', code);
      return `${target.small} = ${small}; ${String(target.wide)} = ${String(wide)};`;
    }
    case 'real':
      return `${target.number} = ${ofKind(given, 'real').number};`;
    case 'bits': {
      const { lo, hi } = ofKind(given, 'bits');
      return `${target.lo} = ${lo}; ${target.hi} = ${hi};`;
    }
    case 'bytes': {
      const { data, start, end } = ofKind(given, 'bytes');
      return `${target.data} = ${data}; ${target.start} = ${start}; ${target.end} = ${end};`;
    }
    default:
      return unreachable(target);
  }
}

/** The value of a CASE. */
export function caseCode({ branches, otherwise, type, scale }: Case, compiler: Compiler): Value {
  const { code } = compiler;
  const variable = declareValue(type, scale, code);
  const write = (at: number): void => {
    const branch = branches[at];
    if (branch === undefined) {
      assignValue(variable, compiler.value(otherwise), code);
      return;
    }
    const test = compiler.test(branch.when, 'true');
    const then = code.block(() => assignValue(variable, compiler.value(branch.then), code));
    const rest = code.block(() => write(at + 1));
    code.emit(`if (${test}) { ${then.statements} } else { ${rest.statements} }`);
  };
  write(0);
  return variable.value;
}

/** The first operand that is not NULL. */
export function coalesceCode({ operands, type, scale }: Call, compiler: Compiler): Value {
  const { code } = compiler;
  const variable = declareValue(type, scale, code);
  const write = (rest: readonly RowExpression[]): void => {
    const [first, ...others] = rest;
    if (first === undefined) return;
    assignValue(variable, compiler.value(first), code);
    if (others.length === 0) return;
    const { statements } = code.block(() => write(others));
    code.emit(`if (${variable.value.isNull}) { ${statements} }`);
  };
  write(operands);
  return variable.value;
}

/** The greatest or least of the operands; NULL if one is. */
export function extremeCode(call: Call, compiler: Compiler): Value {
  const { code } = compiler;
  const values = call.operands.map((operand) => compiler.value(operand));
  const variable = declareValue(call.type, call.scale, code);
  const operator = numericOperator(call.function === 'greatest' ? '>' : '<');
  const { statements } = code.block(() => {
    const [first, ...others] = values;
    if (first === undefined) return;
    assignValue(variable, { ...first, isNull: undefined }, code);
    for (const other of others) {
      const order = compareValues({ ...other, isNull: undefined }, variable.value, code);
      const { statements: set } = code.block(() =>
        assignValue(variable, { ...other, isNull: undefined }, code),
      );
      code.emit(`if (${order} ${operator} 0) { ${set} }`);
    }
  });
  const tests = values.flatMap(({ isNull }) => (isNull === undefined ? [] : [`!${isNull}`]));
  code.emit(tests.length === 0 ? `{ ${statements} }` : `if (${tests.join(' && ')}) { ${statements} }`);
  return variable.value;
}
